#include "quant/size.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <vector>

#include "core/check.hpp"

namespace vbq {
namespace {

// Sum over the layer's weights of -log2 of the share that their level has among them.
double entropy_bits_of(const Tensor& weight, const LayerFormat& format) {
  std::array<std::int64_t, 256> counts{};
  const std::size_t row = weight.data.size() / static_cast<std::size_t>(weight.shape.front());
  for (std::size_t i = 0; i < weight.data.size(); ++i) {
    const float coded = format.scales.empty() ? weight.data[i] : weight.data[i] / format.scale(i / row);
    const int index = format.indices.empty() ? format.codebook(i / row).index(coded) : format.indices[i];
    ++counts.at(static_cast<std::size_t>(index));
  }
  double bits = 0;
  for (const std::int64_t count : counts) {
    const double share = static_cast<double>(count) / static_cast<double>(weight.data.size());
    if (count > 0) bits -= static_cast<double>(count) * std::log2(share);
  }
  return bits;
}

}  // namespace

WeightSize weight_size(const Network& network, const NetworkFormat& formats) {
  WeightSize size;
  for (int node : weight_layers(network)) {
    const auto count = static_cast<std::int64_t>(weight_of(network.nodes[static_cast<std::size_t>(node)])->data.size());
    size.weights += count;
    size.fp32_bits += 32 * count;
  }
  std::vector<const Codebook*> stored;
  for (const LayerFormat& format : formats) {
    const bool exists = format.node >= 0 && static_cast<std::size_t>(format.node) < network.nodes.size();
    const Tensor* weight = exists ? weight_of(network.nodes[static_cast<std::size_t>(format.node)]) : nullptr;
    if (weight == nullptr) fail("a format names node {}, which is not a layer with weights", format.node);
    const auto count = static_cast<std::int64_t>(weight->data.size());
    const int levels = format.levels();
    const int bits = levels <= 1 ? 0 : std::bit_width(static_cast<unsigned>(levels - 1));
    size.fp32_bits -= 32 * count;
    size.index_bits += bits * count;
    if (count > 0) size.entropy_bits += entropy_bits_of(*weight, format);
    size.scale_bits += 32 * static_cast<std::int64_t>(format.gain.empty() ? format.scales.size() : format.gain.size());
    if (bias_of(network.nodes[static_cast<std::size_t>(format.node)])->empty()) {
      size.shift_bits += 32 * static_cast<std::int64_t>(format.shift.size());
    }
    size.levels = std::max(size.levels, levels);
    if (format.codebooks.size() > 1) {  // one a channel: nobody shares those
      for (const Codebook& codebook : format.codebooks) size.codebook_bits += 32 * std::int64_t{codebook.size()};
      continue;
    }
    const auto same = [&](const Codebook* other) { return *other == format.codebook(0); };
    if (std::none_of(stored.begin(), stored.end(), same)) {
      stored.push_back(&format.codebook(0));
      size.codebook_bits += 32 * std::int64_t{levels};
    }
  }
  return size;
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
