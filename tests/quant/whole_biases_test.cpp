#include "quant/whole_biases.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/networks.hpp"
#include "vbq/activations.hpp"

namespace vbq {
namespace {

using Side = ActivationRange::Side;
constexpr float kInputStep = 0.03F;

// Its three layers see rounded values: conv1 with its norm, conv2 with its norm, head with a bias of its own.
Network rounded_network() {
  return quantise_activations(support::residual_network(), {{"conv1", Side::input, 8, kInputStep, 120},
                                                            {"conv2", Side::input, 8, kInputStep, 0},
                                                            {"head", Side::input, 8, kInputStep, 0}});
}

// matched: with gain and shift.
NetworkFormat int8_formats(const Network& network, bool matched) {
  NetworkFormat formats;
  for (const int node : weight_layers(network)) {
    const Tensor& weight = *weight_of(network.nodes[static_cast<std::size_t>(node)]);
    LayerFormat& layer = formats.emplace_back();
    layer.node = node;
    layer.codebooks = {Codebook::from_levels({-90, -20, 0, 31, 127})};
    layer.indices.assign(weight.data.size(), 1);
    layer.level_values = LevelValues::int8;
    for (std::int64_t o = 0; o < weight.shape.front(); ++o) {
      layer.scales.push_back(0.004F + 0.001F * static_cast<float>(o));
      if (!matched) continue;
      layer.gain.push_back(1.1F - 0.05F * static_cast<float>(o));
      layer.shift.push_back(0.3F * static_cast<float>(o) - 0.7F);
    }
  }
  return formats;
}

// What is added to an output channel, in steps of an int8 kernel.
double steps_of_bias(const Network& network, const LayerFormat& layer, std::size_t o) {
  const Node& node = network.nodes[static_cast<std::size_t>(layer.node)];
  const std::vector<float>& own = *bias_of(node);
  double gain = layer.gain.empty() ? 1.0 : layer.gain[o];
  double bias = (own.empty() ? 0.0 : own[o] * gain) + (layer.shift.empty() ? 0.0 : layer.shift[o]);
  if (const int behind = batch_norm_behind(network, layer.node); behind >= 0) {
    const auto& norm = std::get<BatchNorm>(network.nodes[static_cast<std::size_t>(behind)].op);
    bias = bias * norm.scale[o] + norm.shift[o];
    gain *= std::abs(norm.scale[o]);
  }
  return bias / (static_cast<double>(kInputStep) * layer.scale(o) * gain);
}

TEST(WholeBiases, AreTheNearestMultiplesBehindTheBatchNorm) {
  const Network network = rounded_network();
  for (const bool matched : {false, true}) {
    const NetworkFormat before = int8_formats(network, matched);
    const auto after = whole_biases(network, before);
    ASSERT_TRUE(after.has_value());
    int moved = 0;
    for (std::size_t k = 0; k < before.size(); ++k) {
      const LayerFormat& layer = (*after)[k];
      ASSERT_EQ(layer.gain.size(), layer.scales.size());
      for (std::size_t o = 0; o < layer.scales.size(); ++o) {
        const double was = steps_of_bias(network, before[k], o), is = steps_of_bias(network, layer, o);
        EXPECT_NEAR(is, std::nearbyint(was), 2e-6 * std::max(std::abs(was), 1000.0)) << k << " " << o;
        if (matched) {
          EXPECT_EQ(layer.gain[o], before[k].gain[o]);
        }
        if (std::abs(is - was) > 0.01) ++moved;
      }
      LayerFormat again = layer;
      take_whole_biases(network, again);
      EXPECT_EQ(again.shift, layer.shift) << "done twice, nothing changes";
    }
    EXPECT_GT(moved, 10);
  }
}

TEST(WholeBiases, OfOtherLayersStayAsTheyAre) {
  const Network network = rounded_network();
  NetworkFormat formats = int8_formats(network, true);
  const Network trained = support::residual_network();
  EXPECT_FALSE(whole_biases(trained, int8_formats(trained, true)).has_value()) << "nothing is rounded";
  formats[0].level_values = LevelValues::floating;
  formats[1].bias.assign(formats[1].scales.size(), 0.1F);  // which takes levels of the codebook
  formats[2].scales.assign(formats[2].scales.size(), 1e-12F);
  const auto after = whole_biases(network, formats);
  ASSERT_TRUE(after.has_value());
  for (std::size_t k = 0; k < formats.size(); ++k) EXPECT_EQ((*after)[k].shift, formats[k].shift) << k;
  EXPECT_GT(std::abs(steps_of_bias(network, formats[2], 0)), kLargestBias);
}

// A norm that gives the same whatever it sees, and a layer to which nothing is added.
TEST(WholeBiases, WhereThereIsNothingToDivideByOrToAddNothingIsDone) {
  Network network = rounded_network();
  for (Node& node : network.nodes) {
    if (auto* norm = std::get_if<BatchNorm>(&node.op)) norm->scale.assign(norm->scale.size(), 0.0F);
    if (auto* head = std::get_if<Linear>(&node.op)) head->bias.clear();
  }
  NetworkFormat formats = int8_formats(network, false);
  for (LayerFormat& layer : formats) {
    take_whole_biases(network, layer);
    for (const float shift : layer.shift) EXPECT_EQ(shift, 0);
  }
  EXPECT_TRUE(formats[2].gain.empty());
}

}  // namespace
}  // namespace vbq
