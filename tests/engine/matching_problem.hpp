// Networks, images and formats on which moment matching is tested.
#pragma once

#include <vector>

#include "assign/layer_pass.hpp"
#include "engine/compare.hpp"

namespace vbq::test {

inline constexpr std::int64_t kImages = 13;  // not a multiple of any batch

inline Shard calibration(const Network& net, std::int64_t block = 100) {
  const Shape& in = net.input_shape();
  const auto channels = static_cast<std::size_t>(in[0]);
  return {support::random_images(kImages, in[0], in[1], 2),
          {std::vector<float>(channels, 0.5F), std::vector<float>(channels, 0.25F)},
          block,
          false};
}

// The images of calibration() as infer() takes them.
inline std::vector<float> inputs(const Shard& shard) {
  std::vector<float> x;
  for (const std::uint8_t p : shard.images.pixels) x.push_back(static_cast<float>((p / 255.0 - 0.5) / 0.25));
  return x;
}

// Three coarse levels for every layer: a network that is far from the trained one.
inline NetworkFormat coarse(const Network& net) {
  NetworkFormat formats;
  for (const int node : weight_layers(net)) {
    LayerFormat layer;
    layer.node = node;
    layer.codebooks = {Codebook::from_levels({-0.5F, 0.05F, 0.4F})};
    formats.push_back(layer);
  }
  return formats;
}

// Of the calibration images.
inline NetworkFormat match(const Network& net, Engine& engine, const Shard& images, const NetworkFormat& formats) {
  return LayerPass(net, engine, images, nullptr).match(with_levels(net, formats));
}

// Convolutions by every path of engine cpu: Winograd (16 channels), direct, grouped, two added, with and without norms.
inline Network many_paths() {
  Graph g({3, 9, 9});
  const ValueId stem = g.relu(g.norm(g.conv(kInputValue, 16, 3, 1, 1, 1, false)));
  const ValueId a = g.norm(g.conv(stem, 16, 3, 1, 1)), b = g.conv(stem, 16, 1, 1, 0, 1, false);
  const ValueId joined = g.concat({g.relu(g.sum(a, b)), g.relu(g.norm(g.conv(stem, 16, 3, 1, 1, 4)))});
  g.linear(g.flatten(g.relu(g.conv(joined, 7, 3, 2))), 5);
  return g.network();
}

// Linear layers over several axes: their channels are the last one. The first has as many outputs as its input has
// rows, so that a wrong axis would fit.
inline Network linear_over_axes() {
  Graph g({3, 6, 6});
  const ValueId same = g.relu(g.linear(kInputValue, 3));             // [3, 6, 3]
  const ValueId turned = g.linear(g.conv(same, 5, 3, 1, 1), 9);      // [5, 6, 9]
  const ValueId rows = g.add(Reshape{}, {g.relu(turned)}, {30, 9});  //
  g.linear(g.flatten(g.relu(g.linear(rows, 7))), 4);
  return g.network();
}

inline std::vector<Network> networks() {
  return {support::residual_network(), support::residual_network(3, 9, 16), many_paths(), linear_over_axes()};
}

}  // namespace vbq::test
