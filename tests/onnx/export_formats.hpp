// Formats for tests of exports, and what a network is expected to be after them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "core/check.hpp"
#include "onnx/export.hpp"

namespace vbq::test {

// Format for every layer: indices that run through the levels, one scale an output, gain and shift where asked.
inline std::vector<ExportLayer> formats_for(const Network& network, const std::vector<float>& levels, bool matched) {
  std::vector<ExportLayer> layers;
  for (const int index : weight_layers(network)) {
    const Node& node = network.nodes[static_cast<std::size_t>(index)];
    const Tensor& weight = *weight_of(node);
    ExportLayer layer{node.name, {levels}, {}, {}, {}, {}, {}};
    for (std::size_t i = 0; i < weight.data.size(); ++i) {
      layer.indices.push_back(static_cast<std::uint8_t>((i * 7 + i / 5) % levels.size()));
    }
    for (std::int64_t o = 0; o < weight.shape.front(); ++o) {
      layer.scales.push_back(0.5F + static_cast<float>(o));
      if (!matched) continue;
      layer.gain.push_back(1.0F - 0.125F * static_cast<float>(o));
      layer.shift.push_back(0.25F * static_cast<float>(o) - 0.5F);
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

inline const Node& node_called(const Network& network, const std::string& name) {
  const auto node = std::ranges::find_if(network.nodes, [&](const Node& n) { return n.name == name; });
  if (node == network.nodes.end()) fail_internal("no node is called {}", name);
  return *node;
}

// Of a file in this form. Where a batch norm is behind, scales are its own, unless weights are plain.
inline void expect_quantised(const Network& network, const std::vector<ExportLayer>& layers,
                             ExportForm form = ExportForm::codebook) {
  for (const ExportLayer& layer : layers) {
    const Node& node = node_called(network, layer.name);
    const Tensor& weight = *weight_of(node);
    const auto index = static_cast<int>(&node - network.nodes.data());
    const bool folded = form != ExportForm::plain && layer.bias.empty() && batch_norm_behind(network, index) >= 0;
    ASSERT_EQ(weight.data.size(), layer.indices.size());
    const std::size_t row = weight.data.size() / layer.scales.size();
    for (std::size_t i = 0; i < weight.data.size(); ++i) {
      const float scale = folded ? 1.0F : layer.scales[i / row] * (layer.gain.empty() ? 1.0F : layer.gain[i / row]);
      ASSERT_EQ(weight.data[i], scale * layer.codebooks[layer.codebooks.size() == 1 ? 0 : i / row][layer.indices[i]])
          << layer.name << " " << i;
    }
  }
}

}  // namespace vbq::test
