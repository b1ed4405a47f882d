#include "engine/cuda/plan/pack.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "core/check.hpp"

namespace vbq::cuda {
namespace {

using Words = std::vector<std::uint32_t>;

constexpr std::size_t kHeader = sizeof(PackedLayer) / sizeof(std::uint32_t);
constexpr std::size_t kWords = 64;  // words: cuDNN reads biases in vectors

std::size_t aligned(std::size_t words) { return (words + kWords - 1) / kWords * kWords; }

std::uint32_t word(float v) {
  std::uint32_t w;
  std::memcpy(&w, &v, sizeof w);
  return w;
}

// Appends to the words; says where.
std::int32_t append(Words& words, std::span<const float> values) {
  const std::size_t at = words.size();
  for (const float v : values) words.push_back(word(v));
  return static_cast<std::int32_t>(at);
}
std::int32_t append(Words& words, std::span<const std::uint8_t> bytes) {
  const std::size_t at = words.size();
  words.resize(at + (bytes.size() + 3) / 4, 0U);
  std::memcpy(words.data() + at, bytes.data(), bytes.size());
  return static_cast<std::int32_t>(at);
}
// `width` values a codebook.
std::int32_t append_padded(Words& words, std::span<const float> values, std::size_t width, float padding) {
  const std::int32_t at = append(words, values);
  words.resize(static_cast<std::size_t>(at) + width, word(padding));
  return at;
}

void check_indices(const Layer& layer, const LayerFormat& format) {
  if (format.indices.size() != layer.weights()) {
    fail("node {} has {} weights, but its format has {} indices", layer.node, layer.weights(), format.indices.size());
  }
  const std::size_t row = layer.weights() / format.codebooks.size();
  for (std::size_t c = 0; c < format.codebooks.size(); ++c) {
    const int most = *std::max_element(format.indices.begin() + static_cast<std::ptrdiff_t>(c * row),
                                       format.indices.begin() + static_cast<std::ptrdiff_t>((c + 1) * row));
    const int levels = format.codebooks[c].size();
    if (most >= levels) fail("a weight of node {} has level {} of {}", layer.node, most, levels);
  }
}

// [outputs] factors of the weights; empty where all are 1.
std::vector<float> factors(const Layer& layer, const LayerFormat* format) {
  const bool matched = format != nullptr && !format->gain.empty();
  std::vector<float> result;
  if (layer.scale.empty() && !matched) return result;
  for (std::size_t o = 0; o < static_cast<std::size_t>(layer.outputs); ++o) {
    result.push_back((layer.scale.empty() ? 1.0F : layer.scale[o]) * (matched ? format->gain[o] : 1.0F));
  }
  return result;
}

float bias_of(const Layer& layer, const LayerFormat* format, std::size_t o) {
  double b = format == nullptr || format->bias.empty() ? layer.own_bias[o] : format->bias[o];
  if (format != nullptr && !format->gain.empty()) b = b * format->gain[o] + format->shift[o];
  if (!layer.scale.empty()) b = b * layer.scale[o] + layer.shift[o];
  return static_cast<float>(b);
}

}  // namespace

PackedLayer pack_codebooks(const LayerFormat& format, Words& words) {
  const int most = format.levels();
  if (most > kMostLevels) {
    fail("a codebook of node {} has {} levels: engine cuda takes at most {}", format.node, most, kMostLevels);
  }
  PackedLayer packed;
  packed.codebooks = static_cast<std::int32_t>(format.codebooks.size());
  packed.levels = most;
  const auto width = static_cast<std::size_t>(most);
  packed.thresholds = static_cast<std::int32_t>(words.size());
  for (const Codebook& c : format.codebooks) {
    append_padded(words, c.boundaries(), width, std::numeric_limits<float>::infinity());
  }
  packed.values = static_cast<std::int32_t>(words.size());
  for (const Codebook& c : format.codebooks) append_padded(words, c.levels(), width, c.levels().back());
  packed.scale_count = static_cast<std::int32_t>(format.scales.size());
  packed.scales = append(words, format.scales);
  return packed;
}

Packer::Packer(std::vector<Layer> layers) : layers_(std::move(layers)) {
  fixed_ = aligned(layers_.size() * kHeader);
  for (const Layer& layer : layers_) {
    biases_.push_back(fixed_);
    fixed_ += aligned(static_cast<std::size_t>(layer.padded_outputs));
  }
}

void Packer::pack(std::span<const LayerFormat* const> formats, Packed& packed) const {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (formats[i] != nullptr) check_indices(layers_[i], *formats[i]);
  }
  packed.fixed.assign(fixed_, 0U);
  packed.words.clear();
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    const LayerFormat* format = formats[i];
    PackedLayer header;
    if (format != nullptr) {
      header = pack_codebooks(*format, packed.words);
      header.indices = append(packed.words, format->indices);
    }
    if (const auto f = factors(layer, format); !f.empty()) header.factors = append(packed.words, f);
    std::memcpy(packed.fixed.data() + i * kHeader, &header, sizeof header);
    for (std::size_t o = 0; o < static_cast<std::size_t>(layer.outputs); ++o) {
      packed.fixed[biases_[i] + o] = word(bias_of(layer, format, o));
    }
  }
  if (packed.words.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    fail("the formats of this network take {} words: engine cuda takes at most 2^31 - 1", packed.words.size());
  }
}

}  // namespace vbq::cuda
