// Moment matching: what it promises, on both engines, and that they agree.
#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include "engine/compare.hpp"
#include "engine/matching_problem.hpp"
#include "vbq/error.hpp"

namespace vbq::test {
namespace {

// Mean and variance of each output over the images.
std::vector<std::pair<double, double>> moments(Engine& engine, const Network& net, const Shard& shard) {
  const std::vector<float> y = infer(engine, net, inputs(shard), kImages);
  const std::size_t outputs = y.size() / kImages;
  std::vector<std::pair<double, double>> result;
  for (std::size_t o = 0; o < outputs; ++o) {
    double sum = 0, square = 0;
    for (std::size_t i = 0; i < kImages; ++i) {
      const double v = y[i * outputs + o];
      sum += v;
      square += v * v;
    }
    const double mean = sum / kImages;
    result.emplace_back(mean, square / kImages - mean * mean);
  }
  return result;
}

TEST(Matching, GivesTheOutputsTheirMomentsInFp32) {
  for (const Network& net : networks()) {
    for (const EngineKind kind : {EngineKind::reference, EngineKind::cpu}) {
      const auto engine = engine_of(kind, net);
      const Shard shard = calibration(net);
      const auto wanted = moments(*engine, net, shard);
      engine->quantise(with_levels(net, coarse(net)));
      const auto before = moments(*engine, net, shard);
      engine->quantise(match(net, *engine, shard, coarse(net)));
      const auto after = moments(*engine, net, shard);
      for (std::size_t o = 0; o < wanted.size(); ++o) {
        EXPECT_NEAR(after[o].first, wanted[o].first, 1e-4);
        EXPECT_NEAR(after[o].second, wanted[o].second, 1e-3 * wanted[o].second);
        EXPECT_GT(std::fabs(before[o].second / wanted[o].second - 1), 0.01);  // there was something to match
      }
    }
  }
}

TEST(Matching, EnginesAgree) {
  for (const Network& net : networks()) {
    const auto reference = engine_of(EngineKind::reference, net);
    const NetworkFormat expected = match(net, *reference, calibration(net), coarse(net));
    for (const auto& [kind, block] :
         {std::pair{EngineKind::cpu, 1}, {EngineKind::cpu, 5}, {EngineKind::cpu, 100}, {EngineKind::cuda, 5}}) {
      if (kind == EngineKind::cuda && !cuda_is_here()) continue;
      const auto engine = engine_of(kind, net, block);
      const NetworkFormat got = match(net, *engine, calibration(net, block), coarse(net));
      ASSERT_EQ(got.size(), expected.size());
      for (std::size_t i = 0; i < got.size(); ++i) {
        ASSERT_EQ(got[i].gain.size(), expected[i].gain.size()) << "layer " << i;
        for (std::size_t o = 0; o < got[i].gain.size(); ++o) {
          EXPECT_NEAR(got[i].gain[o], expected[i].gain[o], 1e-4 * expected[i].gain[o]);
          EXPECT_NEAR(got[i].shift[o], expected[i].shift[o], 2e-4);
        }
      }
    }
  }
}

TEST(Matching, IsTheSameOnAnyNumberOfThreads) {
  const Network net = many_paths();
  NetworkFormat first;
  for (const int threads : {1, 2, 5}) {
    const auto engine = engine_of(EngineKind::cpu, net, 5, threads);
    const NetworkFormat matched = match(net, *engine, calibration(net, 5), coarse(net));
    if (threads == 1) first = matched;
    for (std::size_t i = 0; i < matched.size(); ++i) {
      EXPECT_EQ(matched[i].gain, first[i].gain);
      EXPECT_EQ(matched[i].shift, first[i].shift);
    }
  }
}

void expect_values_near(const std::vector<float>& got, const std::vector<float>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], expected[i], 2e-4 * (1 + std::fabs(expected[i]))) << i;
  }
}

// Keeps what it is shown, and gives every weight of a layer one level.
class Recorder final : public LayerAssigner {
 public:
  explicit Recorder(const Network& net) : net_(net) {}
  std::int64_t at_once(int) const override { return 5; }
  void see(int node, std::int64_t image, const TapView& x) override {
    const std::lock_guard lock(mutex_);
    inputs[{passes, node, image}] = row_major(x);
  }
  void learn(int node, ImageRange seen, const Parallel&) override {
    if (seen.first == 0) learnt.push_back(node);
    expect_seen(node, seen);
  }
  void add(int node, ImageRange seen, const Parallel&) override { expect_seen(node, seen); }
  LayerTarget target(int node, const Parallel& parallel) override {
    assigned.push_back(node);
    LayerTarget target{weight_of(net_.nodes[static_cast<std::size_t>(node)])->data, {node, {}}};
    parallel(std::ssize(target.weights),
             [&](std::int64_t i) { target.weights[static_cast<std::size_t>(i)] = static_cast<float>((i + node) % 3); });
    return target;
  }
  void assign(const LayerTarget& target, LayerFormat& layer) const override {
    EXPECT_EQ(target.factor.node, layer.node);
    layer.indices.clear();
    for (const float level : target.weights) layer.indices.push_back(static_cast<std::uint8_t>(level));
  }

  int passes = 0;
  std::map<std::tuple<int, int, std::int64_t>, std::vector<float>> inputs;  // of pass, node, image
  std::vector<int> learnt, assigned;

 private:
  // Part after part, each whole, and none of the next.
  void expect_seen(int node, ImageRange seen) const {
    EXPECT_EQ(seen.first % 5, 0);
    for (std::int64_t image = 0; image < kImages; ++image) {
      EXPECT_EQ(inputs.contains({passes, node, image}), image < std::min(seen.first + 5, kImages)) << image;
    }
  }

  const Network& net_;
  std::mutex mutex_;
};

// A Pad before a convolution is not the layer's input; what it gives is.
Network padded() {
  Graph g({3, 8, 8});
  Network net = g.network();
  Conv conv;
  conv.weight = support::normal_tensor({5, 3, 3, 3}, 71, 0.3);
  net.nodes = {{"pad", Pad{{0, 1, 1}, {0, 1, 1}, 0.0F}, {0}, ""}, {"conv", conv, {1}, "w"}, {"relu", Relu{}, {2}, ""}};
  net.shapes = {{3, 8, 8}, {3, 10, 10}, {5, 8, 8}, {5, 8, 8}};
  return net;
}

TEST(LayerAssigner, SeesTheSameOfEveryEngineAndDecidesWhatComesAfter) {
  std::vector<Network> nets = networks();
  nets.push_back(padded());
  for (const Network& net : nets) {
    const std::vector<int> layers = weight_layers(net);
    std::map<EngineKind, std::shared_ptr<Recorder>> recorders;
    std::map<EngineKind, NetworkFormat> results;
    for (const EngineKind kind : kinds()) {
      const auto recorder = recorders[kind] = std::make_shared<Recorder>(net);
      const auto engine = engine_of(kind, net, 5, 2);
      LayerPass pass(net, *engine, calibration(net, 5), recorder);
      EXPECT_EQ(recorder->learnt, layers);
      EXPECT_TRUE(recorder->assigned.empty());
      recorder->passes = 1;
      results[kind] = pass.match(coarse(net));
      EXPECT_EQ(recorder->assigned, layers);
      recorder->passes = 2;
      NetworkFormat given = pass.assign(results[kind]);  // indices that are there already stay
      EXPECT_EQ(recorder->assigned, layers);
      for (std::size_t i = 0; i < given.size(); ++i) {
        EXPECT_EQ(given[i].indices, results[kind][i].indices);
        EXPECT_TRUE(given[i].gain.empty());
      }
    }
    const Recorder& expected = *recorders[EngineKind::reference];
    ASSERT_EQ(expected.inputs.size(), 2 * layers.size() * kImages);
    for (const EngineKind kind : kinds()) {
      const Recorder& got = *recorders[kind];
      ASSERT_EQ(got.inputs.size(), expected.inputs.size());
      for (const auto& [key, x] : expected.inputs) {
        const std::vector<float>& y = got.inputs.at(key);
        ASSERT_EQ(y.size(), x.size());
        for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(y[i], x[i], 2e-4 * (1 + std::fabs(x[i])));
      }
      for (std::size_t i = 0; i < layers.size(); ++i) {  // gains and shifts too, found by the same pass
        expect_values_near(results[kind][i].gain, results[EngineKind::reference][i].gain);
        expect_values_near(results[kind][i].shift, results[EngineKind::reference][i].shift);
      }
    }
    if (layers.size() > 1) {  // the second layer sees the first as it was assigned
      EXPECT_NE(expected.inputs.at({0, layers[1], 0}), expected.inputs.at({1, layers[1], 0}));
    }
  }
}

TEST(Matching, LeavesTheWeightsAlone) {
  const Network net = support::residual_network();
  const auto input = inputs_for(net, 3);
  for (const EngineKind kind : {EngineKind::reference, EngineKind::cpu}) {
    const auto engine = engine_of(kind, net);
    engine->quantise(with_levels(net, coarse(net)));
    const auto before = infer(*engine, net, input, 3);
    match(net, *engine, calibration(net), coarse(net));
    EXPECT_EQ(infer(*engine, net, input, 3), before);
    engine->restore();
    EXPECT_EQ(infer(*engine, net, input, 3), infer(*engine_of(kind, net), net, input, 3));
  }
}

TEST(Matching, GainsThatDoNotFitAreRefused) {
  const Network net = support::residual_network();
  NetworkFormat formats = coarse(net);
  formats[0].gain = {1.0F};
  formats[0].shift = {0.0F};
  EXPECT_THROW(engine_of(EngineKind::cpu, net)->quantise(formats), Error);
}

}  // namespace
}  // namespace vbq::test
