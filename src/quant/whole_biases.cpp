#include "quant/whole_biases.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <variant>
#include <vector>

#include "quant/roundings.hpp"

namespace vbq {
namespace {

// What a channel's outputs are multiplied by and shifted by after the layer, gain and shift done; [O] or none.
const BatchNorm* norm_behind(const Network& network, int node) {
  const int behind = batch_norm_behind(network, node);
  return behind < 0 ? nullptr : std::get_if<BatchNorm>(&network.nodes[static_cast<std::size_t>(behind)].op);
}

// As floats, in the order of an export: so both have the same step.
float bias_step(float input, float scale, float gain, float norm) {
  const float weight = std::max(std::abs(scale * gain * norm), std::numeric_limits<float>::min());
  return input * weight;
}

constexpr double kFine = 8000;  // how near ratios lie to one another: a few in ten thousand of one
constexpr int kMostOdd = 8191;
constexpr double kRounding = 1e-6;  // of a ratio: what float may leave of three products

// Of all ratios of a whole number and an odd one that is not too large, the nearest; the same where it is one already.
double odd_ratio(double ratio) {
  const double order = std::exp2(std::floor(std::log2(ratio)));
  const double most = std::max(std::sqrt(kFine / order), 2 / order);
  if (!(most <= kMostOdd)) return ratio;
  double nearest = ratio, least = std::numeric_limits<double>::infinity();
  for (int odd = 1; odd <= most; odd += 2) {
    const double near = std::nearbyint(ratio * odd) / odd;
    const double off = std::abs(near - ratio);
    if (near == 0 || off >= least) continue;
    least = off;
    nearest = near;
  }
  return least <= kRounding * ratio ? ratio : nearest;
}

}  // namespace

bool has_whole_biases(const Network& network, const LayerFormat& layer) {
  return layer.level_values == LevelValues::int8 && layer.bias.empty() && input_step(network, layer.node) > 0;
}

void take_whole_biases(const Network& network, LayerFormat& layer) {
  if (!has_whole_biases(network, layer)) return;
  const Node& node = network.nodes[static_cast<std::size_t>(layer.node)];
  const std::vector<float>& own = *bias_of(node);
  const BatchNorm* norm = norm_behind(network, layer.node);
  const float input = input_step(network, layer.node), output = output_step(network, layer.node);
  if (output == 0 && own.empty() && norm == nullptr && layer.shift.empty()) return;
  const auto outputs = static_cast<std::size_t>(weight_of(node)->shape.front());
  if (layer.gain.empty()) {
    layer.gain.assign(outputs, 1.0F);
    layer.shift.assign(outputs, 0.0F);
  }
  for (std::size_t o = 0; o < outputs; ++o) {
    const float scale = norm == nullptr ? 1.0F : norm->scale[o];
    if (scale == 0) continue;  // nothing that is done before the norm shows
    const double shift = norm == nullptr ? 0.0 : norm->shift[o];
    const double trained = own.empty() ? 0.0 : static_cast<double>(own[o]);
    const double bias = (trained * static_cast<double>(layer.gain[o]) + static_cast<double>(layer.shift[o])) *
                            static_cast<double>(scale) +
                        shift;
    float gain = layer.gain[o];
    if (output > 0) {
      const double ratio =
          static_cast<double>(bias_step(input, layer.scale(o), gain, scale)) / static_cast<double>(output);
      gain = static_cast<float>(static_cast<double>(gain) * (odd_ratio(ratio) / ratio));
    }
    const double step = bias_step(input, layer.scale(o), gain, scale);
    const double whole = std::nearbyint(bias / step);
    if (!std::isfinite(step) || !(std::abs(whole) <= kLargestBias)) continue;
    layer.gain[o] = gain;
    const double inside = trained * static_cast<double>(gain);
    layer.shift[o] = static_cast<float>((whole * step - shift) / static_cast<double>(scale) - inside);
  }
}

std::optional<NetworkFormat> whole_biases(const Network& network, const NetworkFormat& formats) {
  if (std::ranges::none_of(formats, [&](const LayerFormat& layer) { return has_whole_biases(network, layer); })) {
    return std::nullopt;
  }
  NetworkFormat whole = formats;
  for (LayerFormat& layer : whole) take_whole_biases(network, layer);
  return whole;
}

}  // namespace vbq
