#include "quant/whole_biases.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "quant/roundings.hpp"
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

// And what conv2 gives to the sum.
constexpr float kOutputStep = 0.051F;
Network network_with_rounded_sum() {
  return quantise_activations(support::residual_network(), {{"conv1", Side::input, 8, kInputStep, 120},
                                                            {"conv2", Side::input, 8, kInputStep, 0},
                                                            {"conv2", Side::output, 8, kOutputStep, 128},
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

// Of an output channel behind its batch norm: what is added, and the step of an int8 kernel's sums.
struct Channel {
  double bias = 0, step = 0;
  double steps() const { return bias / step; }
};
Channel channel_of(const Network& network, const LayerFormat& layer, std::size_t o) {
  const Node& node = network.nodes[static_cast<std::size_t>(layer.node)];
  const std::vector<float>& own = *bias_of(node);
  double gain = layer.gain.empty() ? 1.0 : layer.gain[o];
  double bias = (own.empty() ? 0.0 : own[o] * gain) + (layer.shift.empty() ? 0.0 : layer.shift[o]);
  if (const int behind = batch_norm_behind(network, layer.node); behind >= 0) {
    const auto& norm = std::get<BatchNorm>(network.nodes[static_cast<std::size_t>(behind)].op);
    bias = bias * norm.scale[o] + norm.shift[o];
    gain *= std::abs(norm.scale[o]);
  }
  return {bias, static_cast<double>(kInputStep) * layer.scale(o) * gain};
}

// How near the nearest of an int8 kernel's sums comes to the middle between two steps of what is rounded next, in
// these; of sums within 255 of them.
double nearest_to_a_half(const Channel& channel, double next) {
  double least = 0.5;
  for (std::int64_t sum = 0; std::abs(static_cast<double>(sum)) * channel.step <= 255 * next; ++sum) {
    const double v = static_cast<double>(sum) * channel.step / next;
    least = std::min(least, std::abs(v - std::floor(v) - 0.5));
  }
  return least;
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
        const Channel was = channel_of(network, before[k], o), is = channel_of(network, layer, o);
        const double wanted = was.bias / is.step;
        EXPECT_NEAR(is.steps(), std::nearbyint(wanted), 2e-6 * std::max(std::abs(wanted), 1000.0)) << k << " " << o;
        EXPECT_NEAR(is.step, was.step, 1e-3 * was.step) << k << " " << o;
        if (std::abs(is.steps() - wanted) > 0.01) ++moved;
      }
      LayerFormat again = layer;
      take_whole_biases(network, again);
      EXPECT_EQ(again.shift, layer.shift) << "done twice, nothing changes";
      EXPECT_EQ(again.gain, layer.gain);
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
  EXPECT_GT(std::abs(channel_of(network, formats[2], 0).steps()), kLargestBias);
}

// Behind conv1 lies conv2's input, a ReLU between; behind conv2 its rounded output. What the head gives is the
// network's output. FP32 sums of such values are off by a few hundred thousandths of a step.
TEST(WholeBiases, SumsKeepAwayFromTheMiddleBetweenTwoStepsOfWhatIsRoundedNext) {
  const Network network = network_with_rounded_sum();
  const NetworkFormat before = int8_formats(network, true);
  const auto after = whole_biases(network, before);
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(output_step(network, before[0].node), kInputStep);
  EXPECT_EQ(output_step(network, before[1].node), kOutputStep);
  EXPECT_EQ(output_step(network, before[2].node), 0);
  EXPECT_EQ((*after)[2].gain, before[2].gain) << "nothing rounds what the head gives";
  int near = 0, channels = 0;
  for (std::size_t k = 0; k < 2; ++k) {
    const double next = output_step(network, before[k].node);
    for (std::size_t o = 0; o < before[k].scales.size(); ++o) {
      near += nearest_to_a_half(channel_of(network, before[k], o), next) < 1e-4 ? 1 : 0;
      EXPECT_GT(nearest_to_a_half(channel_of(network, (*after)[k], o), next), 2e-4) << k << " " << o;
      ++channels;
    }
  }
  EXPECT_GT(near, channels / 2) << "before, chance decides somewhere in most channels";
}

// Scales at float's ends: their steps are nothing, or beyond all, of the next one's. They stay as they are.
TEST(WholeBiases, StepsThatNoRatioTellsStay) {
  const Network network = network_with_rounded_sum();
  for (const float scale : {std::numeric_limits<float>::min(), std::numeric_limits<float>::max(), 1e-5F}) {
    NetworkFormat formats = int8_formats(network, true);
    for (LayerFormat& layer : formats) {
      layer.scales.assign(layer.scales.size(), scale);
      const std::vector<float> gain = layer.gain;
      take_whole_biases(network, layer);
      EXPECT_EQ(layer.gain, gain) << scale;
      for (const float shift : layer.shift) EXPECT_TRUE(std::isfinite(shift)) << scale;
    }
  }
}

// What rounds behind the sum of conv2 and another is not what rounds conv2's own numbers.
TEST(WholeBiases, TheStepBehindALayerIsSoughtThroughWhatMovesAndClipsAlone) {
  EXPECT_EQ(output_step(support::residual_network(), 0), 0) << "as trained";
  const Network network = rounded_network();
  const std::vector<int> layers = weight_layers(network);
  EXPECT_EQ(output_step(network, layers[0]), kInputStep);
  EXPECT_EQ(output_step(network, layers[1]), 0) << "a sum and a mean lie between it and the head's input";
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
    for (const float gain : layer.gain) EXPECT_EQ(gain, 1);
  }
  EXPECT_TRUE(formats[2].gain.empty());
}

}  // namespace
}  // namespace vbq
