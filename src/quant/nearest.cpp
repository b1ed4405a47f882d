// nearest_levels: of every weight of every genome, so written for speed; Codebook::index is its plain reference.
#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

#include "core/check.hpp"
#include "vbq/format.hpp"

namespace vbq {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// The number of thresholds below each weight, a power of two less one of them, by halving: no branch.
void halve_to_indices(const float* weight, std::size_t count, float s, bool scaled,
                      const std::vector<float>& thresholds, std::uint8_t* out) {
  for (std::size_t i = 0; i < count; ++i) {
    const float w = scaled ? weight[i] / s : weight[i];
    std::size_t below = 0;
    for (std::size_t step = thresholds.size() / 2; step > 0; step /= 2) {
      below += static_cast<std::size_t>(w > thresholds[below + step - 1]) * step;
    }
    out[i] = static_cast<std::uint8_t>(below);
  }
}

// To a power of two: a threshold at infinity is never passed.
std::vector<float> padded_thresholds(const Codebook& codebook) {
  if (codebook.size() == 0) fail_internal("a codebook is empty");
  const auto boundaries = codebook.boundaries();
  std::vector<float> thresholds(std::bit_ceil(static_cast<std::size_t>(codebook.size())), kInfinity);
  std::copy(boundaries.begin(), boundaries.end(), thresholds.begin());
  return thresholds;
}

void check_room(std::size_t weights, std::size_t room, std::int64_t channels, const LayerFormat& format) {
  if (room != weights) fail_internal("{} weights were to be given levels, with room for {}", weights, room);
  if (channels < 1 || weights % static_cast<std::size_t>(channels) != 0) {
    fail_internal("{} weights do not divide into {} channels", weights, channels);
  }
  const auto fits = [&](std::size_t many) { return many <= 1 || many == static_cast<std::size_t>(channels); };
  if (!fits(format.scales.size()))
    fail_internal("{} scales were given for {} channels", format.scales.size(), channels);
  if (format.codebooks.empty() || !fits(format.codebooks.size())) {
    fail_internal("{} codebooks were given for {} channels", format.codebooks.size(), channels);
  }
}

}  // namespace

void nearest_levels(std::span<const float> weight, std::int64_t channels, const LayerFormat& format,
                    std::span<std::uint8_t> out) {
  check_room(weight.size(), out.size(), channels, format);
  if (format.levels() > 256) fail("a codebook has {} levels: at most 256 were expected", format.levels());
  const std::size_t groups = std::max({std::size_t{1}, format.scales.size(), format.codebooks.size()});
  const std::size_t row = weight.size() / groups;
  std::vector<float> thresholds;
  for (std::size_t c = 0; c < groups; ++c) {
    if (c < format.codebooks.size()) thresholds = padded_thresholds(format.codebook(c));
    halve_to_indices(weight.data() + c * row, row, format.scale(c), !format.scales.empty(), thresholds,
                     out.data() + c * row);
  }
}

void apply_indices(std::int64_t channels, const LayerFormat& format, std::span<float> out) {
  if (format.indices.size() != out.size() || channels < 1 || out.size() % static_cast<std::size_t>(channels) != 0) {
    fail("a layer of {} weights in {} channels comes with {} indices", out.size(), channels, format.indices.size());
  }
  const std::size_t row = out.size() / static_cast<std::size_t>(channels);
  std::vector<float> values;  // of the channel's levels
  for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
    values.clear();
    for (const float level : format.codebook(c).levels()) {
      values.push_back(format.scales.empty() ? level : format.scale(c) * level);
    }
    for (std::size_t i = c * row; i < (c + 1) * row; ++i) {
      const std::size_t index = format.indices[i];
      if (index >= values.size()) fail("weight {} of a layer has level {} of {}", i, index, values.size());
      out[i] = values[index];
    }
  }
}

}  // namespace vbq
