#include "engine/common/weights.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/check.hpp"
#include "quant/whole_biases.hpp"

namespace vbq {

void check_formats(const Network& network, const NetworkFormat& formats) {
  int previous = -1;
  for (const LayerFormat& f : formats) {
    if (f.node < 0 || static_cast<std::size_t>(f.node) >= network.nodes.size()) {
      fail("format names node {} of a network with {} nodes", f.node, network.nodes.size());
    }
    const Node& node = network.nodes[static_cast<std::size_t>(f.node)];
    const Tensor* weight = weight_of(node);
    if (weight == nullptr) fail("format names node {} ('{}'), which has no weights", f.node, node.name);
    if (f.node <= previous) fail("formats of nodes {} and {} are out of order", previous, f.node);
    previous = f.node;
    const auto channels = static_cast<std::size_t>(weight->shape.front());
    if (f.codebooks.empty()) fail("format of node '{}' has an empty codebook", node.name);
    if (f.codebooks.size() != 1 && f.codebooks.size() != channels) {
      fail("format of node '{}' has {} codebooks, expected 1 or {}", node.name, f.codebooks.size(), channels);
    }
    for (const Codebook& codebook : f.codebooks) {
      if (codebook.size() == 0) fail("format of node '{}' has an empty codebook", node.name);
    }
    if (!f.bias.empty() && f.bias.size() != channels) {
      fail("format of node '{}' has {} biases, expected none or {}", node.name, f.bias.size(), channels);
    }
    if (f.scales.size() > 1 && f.scales.size() != channels) {
      fail("format of node '{}' has {} scales, expected none, 1 or {}", node.name, f.scales.size(), channels);
    }
    if (f.gain.size() != f.shift.size() || (!f.gain.empty() && f.gain.size() != channels)) {
      fail("format of node '{}' has {} gains and {} shifts, expected none or {}", node.name, f.gain.size(),
           f.shift.size(), channels);
    }
    if (f.indices.size() != weight->data.size()) {
      fail("format of node '{}' has levels for {} weights of {}", node.name, f.indices.size(), weight->data.size());
    }
  }
}

NetworkFormat formats_to_run(const Network& network, const NetworkFormat& formats) {
  check_formats(network, formats);
  std::optional<NetworkFormat> whole = whole_biases(network, formats);
  return whole ? *std::move(whole) : formats;
}

std::vector<const LayerFormat*> formats_of(std::span<const int> layers, const NetworkFormat& formats) {
  std::vector<const LayerFormat*> result(layers.size(), nullptr);
  auto format = formats.begin();
  for (std::size_t i = 0; i < layers.size() && format != formats.end(); ++i) {
    if (format->node == layers[i]) result[i] = &*format++;
  }
  return result;
}

std::span<const float> weights_under(const Node& node, const LayerFormat* format, std::span<float> room) {
  const Tensor& weight = *weight_of(node);
  if (format == nullptr) return weight.data;
  const auto out = room.first(weight.data.size());
  apply_indices(weight.shape.front(), *format, out);
  return out;
}

std::size_t largest_layer(const Network& network) {
  std::size_t largest = 0;
  for (const Node& node : network.nodes) {
    if (const Tensor* weight = weight_of(node)) largest = std::max(largest, weight->data.size());
  }
  return largest;
}

}  // namespace vbq
