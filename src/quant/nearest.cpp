// quantise_nearest: the inner loop of every evaluation, so written for speed; Codebook::quantise is its plain
// reference.
#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "core/check.hpp"
#include "vbq/format.hpp"

namespace vbq {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// N levels, N - 1 thresholds t. Each threshold below the weight lifts the result to the next level; no branch, so the
// loop over weights is vectorised by the compiler. levels are s * level already: the same bits as multiplying
// afterwards.
template <int N, bool kScaled>
void count_thresholds(const float* weight, std::size_t count, float s, const float* thresholds, const float* levels,
                      float* out) {
  std::array<float, N - 1> t;
  std::array<float, N> level;
  std::copy_n(thresholds, N - 1, t.begin());
  std::copy_n(levels, N, level.begin());
  for (std::size_t i = 0; i < count; ++i) {
    const float w = kScaled ? weight[i] / s : weight[i];
    float q = level[0];
    for (int k = 0; k < N - 1; ++k) q = w > t[static_cast<std::size_t>(k)] ? level[static_cast<std::size_t>(k + 1)] : q;
    out[i] = q;
  }
}

// size levels, a power of two; thresholds[size - 1] is padding that no weight passes. Counts thresholds below w by
// halving.
template <bool kScaled>
void halve_thresholds(const float* weight, std::size_t count, float s, const float* thresholds, const float* levels,
                      std::size_t size, float* out) {
  for (std::size_t i = 0; i < count; ++i) {
    const float w = kScaled ? weight[i] / s : weight[i];
    std::size_t below = 0;
    for (std::size_t step = size / 2; step > 0; step /= 2) {
      below += static_cast<std::size_t>(w > thresholds[below + step - 1]) * step;
    }
    out[i] = levels[below];
  }
}

template <bool kScaled>
void quantise_row(const float* weight, std::size_t count, float s, const std::vector<float>& thresholds,
                  const std::vector<float>& levels, float* out) {
  switch (levels.size()) {
    case 8:
      return count_thresholds<8, kScaled>(weight, count, s, thresholds.data(), levels.data(), out);
    case 16:
      return count_thresholds<16, kScaled>(weight, count, s, thresholds.data(), levels.data(), out);
    default:
      return halve_thresholds<kScaled>(weight, count, s, thresholds.data(), levels.data(), levels.size(), out);
  }
}

// The number of thresholds below each weight, as halve_thresholds().
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

struct Padded {
  std::vector<float> thresholds, levels;
};

// To 8 or a greater power of two: a threshold at infinity is never passed, so the levels above it are never taken.
// (Loops of 2 and 4 levels are not vectorised by g++ 12, and would be slower than that of 8.)
Padded pad(const Codebook& codebook) {
  if (codebook.size() == 0) fail_internal("a codebook is empty");
  std::size_t size = 8;
  while (size < static_cast<std::size_t>(codebook.size())) size *= 2;
  const auto levels = codebook.levels();
  const auto boundaries = codebook.boundaries();
  Padded padded{std::vector<float>(size, kInfinity), std::vector<float>(size, levels.back())};
  std::copy(boundaries.begin(), boundaries.end(), padded.thresholds.begin());
  std::copy(levels.begin(), levels.end(), padded.levels.begin());
  return padded;
}

void check_room(std::size_t weights, std::size_t room, std::int64_t channels, const LayerFormat& format) {
  if (room != weights) fail_internal("{} weights were to be quantised into room for {}", weights, room);
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

void quantise_nearest(std::span<const float> weight, std::int64_t channels, const LayerFormat& format,
                      std::span<float> out) {
  const std::size_t count = weight.size();
  check_room(count, out.size(), channels, format);

  // Rows that share codebook and scale are gone through at once.
  const std::size_t groups = std::max({std::size_t{1}, format.scales.size(), format.codebooks.size()});
  const std::size_t row = count / groups;
  Padded padded;
  std::vector<float> scaled;
  for (std::size_t c = 0; c < groups; ++c) {
    if (c < format.codebooks.size()) padded = pad(format.codebook(c));
    if (format.scales.empty()) {
      quantise_row<false>(weight.data() + c * row, row, 1.0F, padded.thresholds, padded.levels, out.data() + c * row);
      continue;
    }
    const float s = format.scale(c);
    scaled.clear();
    for (const float level : padded.levels) scaled.push_back(s * level);
    quantise_row<true>(weight.data() + c * row, row, s, padded.thresholds, scaled, out.data() + c * row);
  }
}

void nearest_levels(std::span<const float> weight, std::int64_t channels, const LayerFormat& format,
                    std::span<std::uint8_t> out) {
  check_room(weight.size(), out.size(), channels, format);
  if (format.levels() > 256) fail("a codebook has {} levels: at most 256 were expected", format.levels());
  const std::size_t groups = std::max({std::size_t{1}, format.scales.size(), format.codebooks.size()});
  const std::size_t row = weight.size() / groups;
  Padded padded;
  for (std::size_t c = 0; c < groups; ++c) {
    if (c < format.codebooks.size()) padded = pad(format.codebook(c));
    halve_to_indices(weight.data() + c * row, row, format.scale(c), !format.scales.empty(), padded.thresholds,
                     out.data() + c * row);
  }
}

void apply_indices(std::int64_t channels, const LayerFormat& format, std::span<float> out) {
  if (format.indices.size() != out.size() || channels < 1 || out.size() % static_cast<std::size_t>(channels) != 0) {
    fail("a layer of {} weights in {} channels comes with {} indices", out.size(), channels, format.indices.size());
  }
  const std::size_t row = out.size() / static_cast<std::size_t>(channels);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t index = format.indices[i], channel = i / row;
    const auto levels = format.codebook(channel).levels();
    if (index >= levels.size()) fail("weight {} of a layer has level {} of {}", i, index, levels.size());
    out[i] = format.scales.empty() ? levels[index] : format.scale(channel) * levels[index];
  }
}

}  // namespace vbq
