#include "quant/size.hpp"

#include <algorithm>
#include <bit>
#include <vector>

#include "core/check.hpp"

namespace vbq {

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
    const int levels = format.codebook.size();
    const int bits = levels <= 1 ? 0 : std::bit_width(static_cast<unsigned>(levels - 1));
    size.fp32_bits -= 32 * count;
    size.index_bits += bits * count;
    size.scale_bits += 32 * static_cast<std::int64_t>(format.scales.size());
    size.levels = std::max(size.levels, levels);
    const auto same = [&](const Codebook* other) { return *other == format.codebook; };
    if (std::none_of(stored.begin(), stored.end(), same)) {
      stored.push_back(&format.codebook);
      size.codebook_bits += 32 * static_cast<std::int64_t>(levels);
    }
  }
  return size;
}

}  // namespace vbq
