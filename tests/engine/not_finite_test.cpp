// Activations that are not finite, or too large to calibrate with: who meets them names the layer.
#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>

#include "assign/sequential.hpp"
#include "engine/common/tally.hpp"
#include "engine/compare.hpp"
#include "engine/matching_problem.hpp"
#include "vbq/error.hpp"

namespace vbq::test {
namespace {

// Of conv1, conv2 and head, those with these numbers have weights that are 1e30 times as large.
Network overflowing(std::initializer_list<std::size_t> layers) {
  Network net = support::residual_network();
  const std::vector<int> nodes = weight_layers(net);
  for (const std::size_t i : layers) {
    for (float& w : weight_of(net.nodes[static_cast<std::size_t>(nodes[i])])->data) w *= 1e30F;
  }
  return net;
}

template <typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::input);
    return error.what();
  }
  return "(nothing was thrown)";
}

// Images loaded for which the network as trained gives an output that is not finite; 0 where none is kept.
std::int64_t not_finite(Engine& engine, const Network& network) {
  const TrainedOutputs trained = engine.trained_outputs();
  if (trained == nullptr) return 0;
  return count_not_finite(*trained, static_cast<std::size_t>(elements(network.output_shape())));
}

TEST(NotFinite, MomentsAsTrainedNameTheLayer) {
  for (const EngineKind kind : kinds()) {
    const Network fine = overflowing({0}), net = overflowing({0, 1});
    EXPECT_NO_THROW(LayerPass(fine, *engine_of(kind, fine), calibration(fine), nullptr));  // 1e30 is a number
    const auto engine = engine_of(kind, net);
    const std::string text = error_of([&] { LayerPass(net, *engine, calibration(net), nullptr); });
    EXPECT_NE(text.find("layer \"conv2\" of the network as trained gives outputs that are not finite"),
              std::string::npos)
        << text;
  }
}

TEST(NotFinite, TheSequentialPassNamesTheLayer) {
  for (const EngineKind kind : kinds()) {
    const Network net = overflowing({0});
    const auto engine = engine_of(kind, net);
    const std::string text = error_of(
        [&] { LayerPass(net, *engine, calibration(net), std::make_shared<SequentialAssigner>(net, kImages)); });
    EXPECT_NE(text.find("layer \"conv2\" of the network as trained is given "), std::string::npos) << text;
    EXPECT_NE(text.find("e+"), std::string::npos) << text;
  }
}

TEST(NotFinite, ImagesAreCountedWhoseOutputsAreNot) {
  for (const EngineKind kind : kinds()) {
    for (const bool with_divergence : {true, false}) {
      const Network net = overflowing({0, 2});  // behind the last ReLU, of which some make 0 of a NaN
      Shard shard = calibration(net);
      shard.with_divergence = with_divergence;
      shard.normalisation.mean.assign(3, 0.0F);
      const std::size_t size = shard.images.pixels.size() / kImages;
      std::fill_n(shard.images.pixels.begin(), 2 * size, std::uint8_t{0});  // zeros stay finite
      const auto engine = engine_of(kind, net);
      engine->load(shard);
      EXPECT_EQ(not_finite(*engine, net), with_divergence ? kImages - 2 : 0);
      const Network fine = support::residual_network();
      const auto other = engine_of(kind, fine);
      other->load(shard);
      EXPECT_EQ(not_finite(*other, fine), 0);
    }
  }
}

}  // namespace
}  // namespace vbq::test
