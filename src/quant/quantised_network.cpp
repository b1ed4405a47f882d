#include "vbq/quantised_network.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "core/hash.hpp"
#include "quant/code_length.hpp"
#include "quant/packing.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

// One codebook and the weights that take its levels: levels that none takes go, equal ones become one.
struct Shrunk {
  Codebook codebook;
  std::vector<std::uint8_t> becomes;  // of each level before
};

Shrunk shrink(const Codebook& codebook, const std::vector<bool>& taken) {
  const std::span<const float> levels = codebook.levels();
  std::vector<float> kept;
  for (std::size_t k = 0; k < levels.size(); ++k) {
    if (taken[k]) kept.push_back(levels[k]);
  }
  if (kept.empty()) kept.push_back(levels.front());  // a layer, or a channel, without weights
  Shrunk shrunk{Codebook::from_levels(std::move(kept)), std::vector<std::uint8_t>(levels.size())};
  const std::span<const float> now = shrunk.codebook.levels();
  if (now.size() > 256) fail("a codebook has {} levels that weights take: at most 256 can be told apart", now.size());
  for (std::size_t k = 0; k < levels.size(); ++k) {
    if (taken[k]) shrunk.becomes[k] = static_cast<std::uint8_t>(std::ranges::lower_bound(now, levels[k]) - now.begin());
  }
  return shrunk;
}

QuantisedLayer made_of(const LayerFormat& format) {
  if (format.indices.empty() || format.codebooks.empty()) {
    fail_internal("layer {} was to be quantised before its weights had levels", format.node);
  }
  const std::size_t books = format.codebooks.size(), count = format.indices.size();
  if (count % books != 0) fail_internal("layer {}: {} weights in {} channels", format.node, count, books);
  const std::size_t row = count / books;  // weights of a codebook
  QuantisedLayer layer{format.node, {}, format.scales, {}, format.gain, format.shift, format.bias, format.level_values};
  std::vector<std::uint8_t> levels(count);
  int most = 1;
  for (std::size_t b = 0; b < books; ++b) {
    const Codebook& codebook = format.codebooks[b];
    const auto indices = std::span(format.indices).subspan(b * row, row);
    const LevelCounts counts = count_levels(indices);
    std::vector<bool> taken(static_cast<std::size_t>(codebook.size()));
    for (std::size_t k = 0; k < counts.size(); ++k) {
      if (counts[k] == 0) continue;
      if (k >= taken.size()) {
        fail("layer {}: a weight has level {} of a codebook of {}", format.node, k, taken.size());
      }
      taken[k] = true;
    }
    Shrunk shrunk = shrink(codebook, taken);
    if (shrunk.codebook.size() == codebook.size()) {
      std::ranges::copy(indices, levels.begin() + static_cast<std::ptrdiff_t>(b * row));
    } else {
      for (std::size_t i = 0; i < row; ++i) levels[b * row + i] = shrunk.becomes[indices[i]];
    }
    most = std::max(most, shrunk.codebook.size());
    layer.codebooks.push_back(std::move(shrunk.codebook));
  }
  layer.levels = pack_levels(levels, index_bits(most));
  return layer;
}

NetworkId id_of(const std::vector<QuantisedLayer>& layers) {
  Hasher hasher;
  for (const QuantisedLayer& layer : layers) {
    hasher.value(layer.node);
    hasher.value(static_cast<std::uint64_t>(layer.codebooks.size()));
    for (const Codebook& codebook : layer.codebooks) hasher.array(codebook.levels());
    hasher.array(std::span(layer.scales));
    hasher.value(layer.levels.count);
    hasher.array(std::span(layer.levels.bytes));
    hasher.array(std::span(layer.gain));
    hasher.array(std::span(layer.shift));
    hasher.array(std::span(layer.bias));
    if (layer.level_values != LevelValues::floating)
      hasher.value(static_cast<int>(layer.level_values));  // else as before
  }
  return hasher.digest();
}

LevelBits level_bits_of(const std::vector<QuantisedLayer>& layers) {
  LevelBits bits;
  for (const QuantisedLayer& layer : layers) {
    int most = 0;
    for (const Codebook& codebook : layer.codebooks) most = std::max(most, codebook.size());
    bits.fixed += fixed_bits(most) * layer.levels.count;
    bits.entropy += entropy_bits(unpack_levels(layer.levels));
  }
  return bits;
}

}  // namespace

struct QuantisedNetwork::Content {
  std::vector<QuantisedLayer> layers;
  NetworkId id;
  LevelBits bits;
};

QuantisedNetwork::QuantisedNetwork(const NetworkFormat& formats) {
  if (formats.empty()) return;
  std::vector<QuantisedLayer> layers;
  for (const LayerFormat& format : formats) {
    if (!layers.empty() && format.node <= layers.back().node) {
      fail_internal("quantised layers {} and {} are out of order", layers.back().node, format.node);
    }
    layers.push_back(made_of(format));
  }
  *this = QuantisedNetwork(std::move(layers));
}

QuantisedNetwork::QuantisedNetwork(std::vector<QuantisedLayer> layers) {
  if (layers.empty()) return;
  const NetworkId id = id_of(layers);
  const LevelBits bits = level_bits_of(layers);
  content_ = std::make_shared<const Content>(Content{std::move(layers), id, bits});
}

const std::vector<QuantisedLayer>& QuantisedNetwork::layers() const {
  static const std::vector<QuantisedLayer> none;
  return content_ == nullptr ? none : content_->layers;
}

const NetworkId& QuantisedNetwork::id() const {
  static const NetworkId none{};
  return content_ == nullptr ? none : content_->id;
}

const LevelBits& QuantisedNetwork::level_bits() const {
  static const LevelBits none;
  return content_ == nullptr ? none : content_->bits;
}

NetworkFormat QuantisedNetwork::formats() const {
  NetworkFormat formats;
  for (const QuantisedLayer& layer : layers()) {
    formats.push_back(
        {layer.node, layer.codebooks, layer.scales, unpack_levels(layer.levels), layer.gain, layer.shift, layer.bias});
    formats.back().level_values = layer.level_values;
  }
  return formats;
}

void take_nearest(const Network& network, NetworkFormat& formats) {
  for (LayerFormat& layer : formats) {
    if (!layer.indices.empty()) continue;
    const Tensor& weight = *weight_of(network.nodes[static_cast<std::size_t>(layer.node)]);
    layer.indices.resize(weight.data.size());
    nearest_levels(weight.data, weight.shape.front(), layer, layer.indices);
  }
}

QuantisedNetwork quantise(const Network& network, NetworkFormat formats) {
  take_nearest(network, formats);
  return QuantisedNetwork(formats);
}

namespace {

// Eight levels of so many bits fill as many bytes.
constexpr std::size_t kTogether = 8;

std::uint64_t packed_word(const std::uint8_t* levels, std::size_t count, std::size_t bits) {
  std::uint64_t word = 0;
  for (std::size_t k = 0; k < count; ++k) word |= std::uint64_t{levels[k]} << (k * bits);
  return word;
}

}  // namespace

PackedLevels pack_levels(std::span<const std::uint8_t> levels, int width) {
  const auto bits = static_cast<std::size_t>(width);
  PackedLevels packed{width, static_cast<std::int64_t>(levels.size()),
                      std::vector<std::uint8_t>((levels.size() * bits + 7) / 8)};
  std::uint8_t* to = packed.bytes.data();
  for (std::size_t i = 0; i < levels.size(); i += kTogether) {
    const std::size_t some = std::min(kTogether, levels.size() - i);
    const std::uint64_t word = some == kTogether ? packed_word(&levels[i], kTogether, bits)  // a loop that is unrolled
                                                 : packed_word(&levels[i], some, bits);
    const std::size_t bytes = (some * bits + 7) / 8;
    for (std::size_t k = 0; k < bytes; ++k) *to++ = static_cast<std::uint8_t>(word >> (8 * k));
  }
  return packed;
}

std::vector<std::uint8_t> unpack_levels(const PackedLevels& packed) {
  const auto bits = static_cast<std::size_t>(packed.width), count = static_cast<std::size_t>(packed.count);
  if (packed.width < 1 || packed.width > 8 || packed.bytes.size() != (count * bits + 7) / 8) {
    fail_internal("{} levels of {} bits in {} bytes", count, packed.width, packed.bytes.size());
  }
  std::vector<std::uint8_t> levels(count);
  const std::uint8_t* from = packed.bytes.data();
  const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
  for (std::size_t i = 0; i < count; i += kTogether) {
    const std::size_t some = std::min(kTogether, count - i), bytes = (some * bits + 7) / 8;
    std::uint64_t word = 0;
    for (std::size_t k = 0; k < bytes; ++k) word |= std::uint64_t{*from++} << (8 * k);
    for (std::size_t k = 0; k < some; ++k) levels[i + k] = static_cast<std::uint8_t>(word >> (k * bits) & mask);
  }
  return levels;
}

}  // namespace vbq
