// Layers on a run's page: what is counted of them, and how it is drawn.
#include <gtest/gtest.h>

#include <cmath>

#include "config/job.hpp"
#include "report/layer_facts.hpp"
#include "report/report_layers.hpp"
#include "search/sensitivity.hpp"
#include "support/count.hpp"
#include "support/networks.hpp"
#include "vbq/calibration.hpp"
#include "vbq/error.hpp"
#include "vbq/quantised_network.hpp"

namespace vbq {
namespace {

using support::count;

// A chain of `layers` linear layers of 4 x 4 weights.
Network chain(int layers) {
  Network network;
  network.shapes = {{4}};
  for (int k = 0; k < layers; ++k) {
    Linear op{support::normal_tensor({4, 4}, static_cast<std::uint64_t>(k + 1)), {}};
    network.nodes.push_back({"layer" + std::to_string(k), std::move(op), {k}, ""});
    network.shapes.push_back({4});
  }
  return network;
}

// Each of these layers in the levels -1, 0 and 1, times a scale.
QuantisedNetwork in_three(const Network& network, const std::vector<int>& nodes, float scale) {
  NetworkFormat formats;
  for (const int node : nodes) formats.push_back({node, {Codebook::from_levels({-1, 0, 1})}, {scale}});
  return quantise(network, std::move(formats));
}

TEST(Layers, AreCountedInTheJobsCoding) {
  Network network = chain(2);
  // 8 of one level, 4 of the two others: 1.5 bits a weight.
  auto& weights = std::get<Linear>(network.nodes[0].op).weight.data;
  weights = {0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, -2, -2, -2, -2};
  Job job;
  job.format.coding = Coding::entropy;
  const auto layers = layer_facts(network, in_three(network, {0}, 2), job);
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_EQ(layers[0].name, "layer0");
  EXPECT_EQ(layers[0].levels, 3);
  EXPECT_EQ(layers[0].index_bits, 2);
  EXPECT_DOUBLE_EQ(layers[0].entropy, 1.5);
  EXPECT_EQ(layers[0].bits, 24 + 3 * 40 + 32) << "codes, levels of five bytes, a scale";
  EXPECT_EQ(layers[1].codebooks, 0);
  EXPECT_EQ(layers[1].bits, 32 * 16) << "stays FP32";
  job.format.coding = Coding::fixed;
  EXPECT_EQ(layer_facts(network, in_three(network, {0}, 2), job)[0].bits, 32 + 3 * 32 + 32);
  // Weights and levels in one unit.
  EXPECT_EQ(layers[0].histogram.low, -1);
  EXPECT_EQ(layers[0].histogram.high, 1);
  ASSERT_EQ(layers[0].drawn.size(), 3U);
  EXPECT_EQ(layers[0].drawn[0].weights, 4);
  EXPECT_EQ(layers[0].drawn[1].weights, 8);
}

TEST(Layers, ErrorsAreSharesOfWhatThereWas) {
  Network network = chain(2);
  std::get<Linear>(network.nodes[1].op).weight.data = {3, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
  const QuantisedNetwork quantised = in_three(network, {1}, 1);  // 3 becomes 1
  auto layers = layer_facts(network, quantised, {});
  EXPECT_EQ(layers[0].weight_error, 0);
  EXPECT_DOUBLE_EQ(layers[1].weight_error, 4.0 / 12);
  EXPECT_FALSE(layers[1].output_error.has_value());
  // Of inputs that are alike in size but for the first, which is half as large: H = diag(1/4, 1, 1, 1).
  FactorBlock block{0, 4, {0, 1, 2, 3}, std::vector<float>(16), {0.25F, 1, 1, 1}};
  add_output_errors(layers, {{{1, {block}}}}, network, quantised);
  EXPECT_FALSE(layers[0].output_error.has_value());
  EXPECT_DOUBLE_EQ(*layers[1].output_error, 1.0 / (9.0 / 4 + 3));
  const std::string page = layers_html(layers, Fitness::divergence);
  EXPECT_NE(page.find("output error</th>"), std::string::npos);
  EXPECT_NE(page.find(">33.33 %</td><td class=\"number\">19.05 %</td>"), std::string::npos) << page;
  block.columns = {0, 1, 2, 4};
  EXPECT_THROW(add_output_errors(layers, {{{1, {block}}}}, network, quantised), Error);
}

TEST(Layers, HarmIsThatOfTheNearestSize) {
  const Network network = chain(2);
  Job job;
  job.fitness = Fitness::top1;
  auto layers = layer_facts(network, in_three(network, {0, 1}, 1), job);
  const std::int64_t own = layers[0].bits;
  const auto right = [](std::int64_t top1) { return Tally{100, top1, 100, 0, 0}; };
  Sensitivity sensitivity{right(90),
                          {{{right(50), own - 100}, {right(80), own + 20}, {right(90), 512}},
                           {{Tally{}, own}, {right(70), own + 60}, {right(90), 512}}}};
  ASSERT_TRUE(add_harm(layers, sensitivity, network, job));
  EXPECT_NEAR(*layers[0].harm, 0.1, 1e-12);
  EXPECT_NEAR(*layers[1].harm, 0.2, 1e-12) << "what was not measured is none";
  const std::string page = layers_html(layers, Fitness::top1);
  EXPECT_NE(page.find("alone costs, %"), std::string::npos);
  EXPECT_NE(page.find(">10.00</td>"), std::string::npos);
  sensitivity.layers.pop_back();
  EXPECT_FALSE(add_harm(layers, sensitivity, network, job)) << "of another network";
}

TEST(Layers, OneOrTwoHundredAreDrawn) {
  for (const int number : {1, 200}) {
    const Network network = chain(number);
    const auto layers = layer_facts(network, in_three(network, weight_layers(network), 1), {});
    const std::string page = layers_html(layers, Fitness::divergence);
    EXPECT_EQ(count(page, "<td class=\"name\">"), static_cast<std::size_t>(number));
    EXPECT_EQ(count(page, "class=\"codebook\""), static_cast<std::size_t>(number));
    EXPECT_EQ(page.find("alone costs"), std::string::npos) << "nothing was measured";
    EXPECT_EQ(page.find("nan"), std::string::npos);
    EXPECT_LT(page.size(), 4000U * static_cast<std::size_t>(number) + 2000U);
  }
}

TEST(Layers, NamesAreEscapedAndNumbersMayBeMissing) {
  Network network = chain(2);
  network.nodes[0].name = "<script>\"&";
  std::get<Linear>(network.nodes[1].op).weight.data.assign(16, NAN);
  const auto layers = layer_facts(network, in_three(network, {0}, 1), {});
  EXPECT_TRUE(layers[1].histogram.counts.empty());
  const std::string page = layers_html(layers, Fitness::divergence);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;&quot;&amp;"), std::string::npos);
  EXPECT_NE(page.find("FP32"), std::string::npos);
}

TEST(CodebookChart, HistogramCountsWhatIsFinite) {
  const std::vector<float> values = {0, 0.1F, 0.9F, 1, NAN, INFINITY}, levels = {-1, 3};
  const Histogram counted = histogram(values, levels, 4);
  EXPECT_EQ(counted.low, -1);
  EXPECT_EQ(counted.high, 3);
  EXPECT_EQ(counted.counts, (std::vector<std::int64_t>{0, 3, 1, 0}));
  EXPECT_TRUE(histogram({}, levels, 4).counts.empty());
  const Histogram one = histogram(std::vector<float>(5, 2.0F), {}, 4);
  EXPECT_EQ(one.counts[0] + one.counts[1] + one.counts[2] + one.counts[3], 5);
  EXPECT_EQ(codebook_chart(one, {{2, 5}}, LevelsAs::counted).find("nan"), std::string::npos);
}

TEST(CodebookChart, ALevelSaysHowManyTakeIt) {
  const Histogram weights{-1, 1, {1, 2, 1}};
  const std::string svg = codebook_chart(weights, {{-1, 1000}, {0.5, 3000}}, LevelsAs::counted);
  EXPECT_NE(svg.find("<title>level 2 of 2: 0.5, 3,000 weights (75.0 %)</title>"), std::string::npos) << svg;
  EXPECT_EQ(count(svg, "class=\"level\""), 2U);
  std::vector<DrawnLevel> many(5000, DrawnLevel{0.25, 1});
  EXPECT_LT(codebook_chart(weights, many, LevelsAs::ticks).size(), 1000U) << "equal places once";
}

}  // namespace
}  // namespace vbq
