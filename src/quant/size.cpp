#include "vbq/size.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "core/check.hpp"
#include "quant/code_length.hpp"

namespace vbq {
namespace {

// The level of each weight of a layer, or the nearest where it has none yet.
std::vector<std::uint8_t> levels_of(const Tensor& weight, const LayerFormat& format) {
  if (!format.indices.empty()) return format.indices;
  std::vector<std::uint8_t> levels(weight.data.size());
  nearest_levels(weight.data, weight.shape.front(), format, levels);
  return levels;
}

// Adds up layers; a codebook that several layers share is stored once.
class Sum {
 public:
  explicit Sum(const Network& network) : network_(network) {
    size_.weights = weight_count(network);
    size_.fp32_bits = 32 * size_.weights;
  }

  // layer: a LayerFormat or a QuantisedLayer. Gives its weights.
  template <typename Layer>
  const Tensor& add(const Layer& layer) {
    const bool exists = layer.node >= 0 && static_cast<std::size_t>(layer.node) < network_.nodes.size();
    const Node* node = exists ? &network_.nodes[static_cast<std::size_t>(layer.node)] : nullptr;
    const Tensor* weight = node == nullptr ? nullptr : weight_of(*node);
    if (weight == nullptr) fail("a format names node {}, which is not a layer with weights", layer.node);
    int levels = 0;
    for (const Codebook& codebook : layer.codebooks) levels = std::max(levels, codebook.size());
    size_.fp32_bits -= 32 * std::ssize(weight->data);
    size_.index_bits += fixed_bits(levels) * std::ssize(weight->data);
    if (!layer.bias.empty() || batch_norm_behind(network_, layer.node) < 0) {
      size_.scale_bits += 32 * std::ssize(layer.gain.empty() ? layer.scales : layer.gain);
      if (bias_of(*node)->empty()) size_.shift_bits += 32 * std::ssize(layer.shift);
    }
    size_.levels = std::max(size_.levels, levels);
    store(layer.codebooks, layer.level_values);
    return *weight;
  }

  WeightSize with_entropy(double bits) {
    size_.entropy_bits = bits;
    return size_;
  }

 private:
  void store(const std::vector<Codebook>& codebooks, LevelValues values) {
    if (codebooks.size() == 1) {  // one a channel: nobody shares those
      const auto same = [&](const Codebook* other) { return *other == codebooks.front(); };
      if (std::ranges::any_of(stored_, same)) return;
      stored_.push_back(&codebooks.front());
    }
    for (const Codebook& codebook : codebooks) {
      size_.codebook_levels += codebook.size();
      size_.codebook_bits += (values == LevelValues::int8 ? 8 : 32) * codebook.size();
    }
  }

  const Network& network_;
  WeightSize size_;
  std::vector<const Codebook*> stored_;
};

}  // namespace

std::int64_t coded_bits(const WeightSize& size, Coding coding) {
  if (coding == Coding::fixed) return size.bits();
  return size.bits() - size.index_bits + 8 * size.codebook_levels +
         static_cast<std::int64_t>(std::ceil(size.entropy_bits));
}

std::int64_t weight_count(const Network& network) {
  std::int64_t count = 0;
  for (const int node : weight_layers(network)) {
    count += std::ssize(weight_of(network.nodes[static_cast<std::size_t>(node)])->data);
  }
  return count;
}

std::int64_t fixed_bits(int levels) { return levels <= 1 ? 0 : std::bit_width(static_cast<unsigned>(levels - 1)); }

WeightSize weight_size(const Network& network, const QuantisedNetwork& quantised) {
  Sum sum(network);
  for (const QuantisedLayer& layer : quantised.layers()) sum.add(layer);
  return sum.with_entropy(quantised.level_bits().entropy);
}

WeightSize weight_size(const Network& network, const NetworkFormat& formats) {
  Sum sum(network);
  double entropy = 0;
  for (const LayerFormat& layer : formats) entropy += entropy_bits(levels_of(sum.add(layer), layer));
  return sum.with_entropy(entropy);
}

std::int64_t numbers_beside_weights(const Network& network) {
  std::size_t count = 0;
  for (const Node& node : network.nodes) {
    if (const BatchNorm* norm = std::get_if<BatchNorm>(&node.op)) count += norm->scale.size() + norm->shift.size();
    if (const Constant* constant = std::get_if<Constant>(&node.op)) count += constant->value.data.size();
    if (const auto* bias = bias_of(node)) count += bias->size();
  }
  return static_cast<std::int64_t>(count);
}

}  // namespace vbq
