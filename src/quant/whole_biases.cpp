#include "quant/whole_biases.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <variant>
#include <vector>

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

}  // namespace

float input_step(const Network& network, int node) {
  const ValueId input = network.nodes[static_cast<std::size_t>(node)].inputs.front();
  if (network.activations.empty() || input == kInputValue) return 0;
  const auto* rounding = std::get_if<Unary>(&network.nodes[static_cast<std::size_t>(input) - 1].op);
  return rounding != nullptr && rounding->kind == Unary::Kind::round_to ? rounding->alpha : 0;
}

bool has_whole_biases(const Network& network, const LayerFormat& layer) {
  return layer.level_values == LevelValues::int8 && layer.bias.empty() && input_step(network, layer.node) > 0;
}

void take_whole_biases(const Network& network, LayerFormat& layer) {
  if (!has_whole_biases(network, layer)) return;
  const Node& node = network.nodes[static_cast<std::size_t>(layer.node)];
  const std::vector<float>& own = *bias_of(node);
  const BatchNorm* norm = norm_behind(network, layer.node);
  if (own.empty() && norm == nullptr && layer.shift.empty()) return;
  const auto outputs = static_cast<std::size_t>(weight_of(node)->shape.front());
  if (layer.gain.empty()) {
    layer.gain.assign(outputs, 1.0F);
    layer.shift.assign(outputs, 0.0F);
  }
  const float input = input_step(network, layer.node);
  for (std::size_t o = 0; o < outputs; ++o) {
    const float scale = norm == nullptr ? 1.0F : norm->scale[o];
    if (scale == 0) continue;  // nothing that is done before the norm shows
    const double shift = norm == nullptr ? 0.0 : norm->shift[o];
    const double inside = own.empty() ? 0.0 : static_cast<double>(own[o]) * static_cast<double>(layer.gain[o]);
    const double bias = (inside + static_cast<double>(layer.shift[o])) * static_cast<double>(scale) + shift;
    const double step = bias_step(input, layer.scale(o), layer.gain[o], scale);
    const double whole = std::nearbyint(bias / step);
    if (!(std::abs(whole) <= kLargestBias)) continue;
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
