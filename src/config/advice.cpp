#include "config/advice.hpp"

#include <bit>
#include <cstdint>

#include "core/check.hpp"

namespace vbq {
namespace {

constexpr std::int64_t kNumber = 32;  // bits of a level or a scale in a file

// A quantised layer as its size is counted.
struct Layer {
  std::string name;
  std::int64_t channels, weights;
};

std::vector<Layer> layers_of(const Network& network, const Format& format) {
  std::vector<Layer> layers;
  for (const int index : quantised_layers(network, format)) {
    const Node& node = network.nodes[static_cast<std::size_t>(index)];
    const Shape& shape = weight_of(node)->shape;
    layers.push_back({node.name, shape.front(), elements(shape)});
  }
  return layers;
}

// "a", "b" and 3 more.
std::string some(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < 3; ++i) text += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", names[i]);
  if (names.size() > 3) text += fmt::format(" and {} more", names.size() - 3);
  return text;
}

// Levels between two powers of two, as every form of file and the count of bits see them.
void unused_indices(const Format& format, int bits, std::vector<std::string>& all) {
  if (format.levels == 1 << bits || format.coding == Coding::entropy) return;
  all.push_back(fmt::format(
      "{} levels take {} bits a weight, as {} levels do: format.bits = {} gives more levels for the same size",
      format.levels, bits, 1 << bits, bits));
}

// A codebook for so few weights that it is larger than what it codes.
void short_channels(const std::vector<Layer>& layers, const Format& format, int bits, std::vector<std::string>& all) {
  if (format.scope != Scope::channel) return;
  std::vector<std::string> names;
  std::int64_t books = 0, weights = 0;
  for (const Layer& layer : layers) {
    books += layer.channels * format.levels * kNumber;
    weights += layer.weights;
    if (layer.channels * format.levels * kNumber > layer.weights * bits) names.push_back(layer.name);
  }
  if (names.empty()) return;
  all.push_back(
      fmt::format("format.scope = \"channel\" adds {:.2f} bits a weight in codebooks: in {} of {} layers ({}) they "
                  "take more than the "
                  "indices do; format.scope = \"layer\" with format.scale = \"channel\" adds one number a channel",
                  static_cast<double>(books) / static_cast<double>(weights), names.size(), layers.size(), some(names)));
}

// Genes that are the levels themselves take any size; so do steps and curves with a factor of their own.
void scale_twice(const std::vector<Layer>& layers, const Format& format, std::vector<std::string>& all) {
  if (format.scope != Scope::channel || format.scale != ScaleScope::channel) return;
  if (format.encoding == Encoding::floating || format.encoding == Encoding::power_of_two) return;
  std::int64_t channels = 0, weights = 0;
  for (const Layer& layer : layers) {
    channels += layer.channels;
    weights += layer.weights;
  }
  all.push_back(fmt::format(
      "format.scale = \"channel\" adds {:.2f} bits a weight for nothing where format.scope is \"channel\": a channel's "
      "own codebook has its scale in it (format.scale = \"none\")",
      static_cast<double>(channels * kNumber) / static_cast<double>(weights)));
}

// Layers that are smaller as trained. Codebooks of channels are told of above; of a grid's levels, those that no weight
// takes are dropped.
void tiny_layers(const std::vector<Layer>& layers, const Format& format, int bits, std::vector<std::string>& all) {
  if (format.scope != Scope::layer || format.encoding == Encoding::grid) return;
  std::vector<std::string> names;
  for (const Layer& layer : layers) {
    const std::int64_t scales = format.scale == ScaleScope::none    ? 0
                                : format.scale == ScaleScope::layer ? 1
                                                                    : layer.channels;
    if (bits * layer.weights + (format.levels + scales) * kNumber >= kNumber * layer.weights)
      names.push_back(layer.name);
  }
  if (names.empty()) return;
  all.push_back(fmt::format(
      "with its codebook of {} levels, quantising takes more than FP32 in {} of {} layers: network.skip may name {}",
      format.levels, names.size(), layers.size(), some(names)));
}

}  // namespace

std::vector<std::string> advice(const Network& network, const Format& format) {
  const std::vector<Layer> layers = layers_of(network, format);
  const int bits = std::bit_width(static_cast<unsigned>(format.levels - 1));
  std::vector<std::string> all;
  if (format.widths == Widths::own) return all;  // what does not pay is not chosen
  unused_indices(format, bits, all);
  short_channels(layers, format, bits, all);
  scale_twice(layers, format, all);
  tiny_layers(layers, format, bits, all);
  return all;
}

}  // namespace vbq
