#include "vbq/activations.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "engine/common/arithmetic.hpp"
#include "support/graph.hpp"
#include "support/networks.hpp"
#include "vbq/error.hpp"

namespace vbq::test {
namespace {

using Side = ActivationRange::Side;

std::string refusal(const Network& network, const ActivationRanges& ranges) {
  try {
    quantise_activations(network, ranges);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// What ONNX's QuantizeLinear and DequantizeLinear say, in double where that changes nothing.
TEST(RoundTo, IsTheNearestMultipleAndOfTwoTheEvenOne) {
  const auto round_to = [](float step, float x) { return unary(Unary{Unary::Kind::round_to, step, 0}, x); };
  for (const float step : {1.0F, 0.25F, 3.0F}) {
    for (int k = -1000; k <= 1000; ++k) {
      const float x = static_cast<float>(k) * 0.125F * step;
      EXPECT_EQ(round_to(step, x), std::nearbyint(x / step) * step) << x << " in steps of " << step;
      EXPECT_EQ(unary(Unary{Unary::Kind::round_to, step, 0}, static_cast<double>(x)), round_to(step, x));
    }
  }
  EXPECT_EQ(round_to(1, 0.5F), 0);
  EXPECT_EQ(round_to(1, 1.5F), 2);
  EXPECT_EQ(round_to(1, -2.5F), -2);
  for (const float x : {4194304.5F, 8388607.5F, -8388607.5F, 1e20F, -INFINITY}) {
    EXPECT_EQ(round_to(1, x), std::nearbyint(x));
  }
  EXPECT_TRUE(std::isnan(round_to(1, NAN)));
}

TEST(ActivationPlaces, AreWhatLayersSeeAndWhatSumsAdd) {
  const Network net = support::residual_network();
  const auto places = activation_places(net, weight_layers(net));
  ASSERT_EQ(places.size(), 4U);
  EXPECT_EQ(places[0].value, kInputValue);
  EXPECT_EQ(places[1].value, 3);  // relu1: conv2 sees it, and the sum
  EXPECT_EQ(places[2].value, 5);  // bn2, behind conv2
  EXPECT_EQ(places[2].side, Side::output);
  EXPECT_EQ(places[2].layer, 3);
  EXPECT_EQ(places[3].value, 9);  // what the head sees
  // A layer that is left out sees what it saw.
  const std::vector<int> first{0};
  EXPECT_EQ(activation_places(net, first).size(), 1U);
  EXPECT_EQ(activation_bits(places[0], 4), 8);
  EXPECT_EQ(activation_bits(places[1], 4), 4);
}

TEST(QuantiseActivations, RoundsValuesForAllWhoReadThem) {
  const Network net = support::residual_network();
  const ActivationRanges ranges{
      {"conv1", Side::input, 8, 0.5F, 100}, {"conv2", Side::input, 4, 0.25F, 0}, {"conv2", Side::output, 8, 0.125F, 7}};
  const Network made = quantise_activations(net, ranges);
  EXPECT_EQ(operators(made),
            (Names{"Clip", "Round", "Conv", "BatchNormalization", "Clip", "Round", "Conv", "BatchNormalization", "Clip",
                   "Round", "Add", "Relu", "GlobalAveragePool", "Reshape", "Gemm"}));
  const auto clip = [&](std::size_t k) { return std::get<Clip>(made.nodes[k].op); };
  EXPECT_EQ(clip(0).minimum, -50);
  EXPECT_EQ(clip(0).maximum, 0.5F * 155);
  EXPECT_EQ(clip(4).minimum, 0);  // the ReLU, which ends at the range's end now
  EXPECT_EQ(clip(4).maximum, 0.25F * 15);
  EXPECT_EQ(made.nodes[4].name, "relu1");
  EXPECT_EQ(made.nodes[10].inputs, (std::vector<ValueId>{10, 6}));  // the sum: both of them rounded
  EXPECT_EQ(made.activations, ranges);
  EXPECT_EQ(hash_as_trained(made), network_hash(net));
  EXPECT_NE(network_hash(made), network_hash(net));
  EXPECT_EQ(hash_as_trained(net), network_hash(net));
}

TEST(QuantiseActivations, RefusesWhatIsNoRange) {
  const Network net = support::residual_network();
  const auto of = [](ActivationRange range) { return ActivationRanges{std::move(range)}; };
  EXPECT_NE(refusal(net, of({"conv9", Side::input, 8, 1, 0})).find("\"conv9\", which the network does not have"),
            std::string::npos);
  EXPECT_NE(refusal(net, of({"relu1", Side::input, 8, 1, 0})).find("\"relu1\", which"), std::string::npos);
  EXPECT_NE(refusal(net, of({"head", Side::output, 8, 1, 0})).find("cannot be quantised"), std::string::npos)
      << net.nodes.back().name;
  const ActivationRange good{"conv2", Side::input, 8, 1, 0};
  EXPECT_EQ(refusal(net, {good}), "");
  EXPECT_NE(refusal(net, {good, good}).find("are the same"), std::string::npos);
  for (const ActivationRange& bad : {ActivationRange{"conv2", Side::input, 3, 1, 0},
                                     {"conv2", Side::input, 9, 1, 0},
                                     {"conv2", Side::input, 8, 0, 0},
                                     {"conv2", Side::input, 8, -1, 0},
                                     {"conv2", Side::input, 8, NAN, 0},
                                     {"conv2", Side::input, 8, 1e-42F, 0},
                                     {"conv2", Side::input, 8, 1, 256},
                                     {"conv2", Side::input, 4, 1, 16},
                                     {"conv2", Side::input, 8, 1, -1}}) {
    EXPECT_NE(refusal(net, {bad}).find("a scale above zero and a zero point that fits"), std::string::npos)
        << bad.bits << " " << bad.scale << " " << bad.zero_point;
  }
}

}  // namespace
}  // namespace vbq::test
