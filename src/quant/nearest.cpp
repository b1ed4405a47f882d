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

}  // namespace

void quantise_nearest(std::span<const float> weight, std::int64_t channels, const LayerFormat& format,
                      std::span<float> out) {
  const std::size_t count = weight.size();
  if (out.size() != count) fail_internal("{} weights were to be quantised into room for {}", count, out.size());
  if (channels < 1 || count % static_cast<std::size_t>(channels) != 0) {
    fail_internal("{} weights do not divide into {} channels", count, channels);
  }
  const std::vector<float>& scales = format.scales;
  if (scales.size() > 1 && scales.size() != static_cast<std::size_t>(channels)) {
    fail_internal("{} scales were given for {} channels", scales.size(), channels);
  }
  if (format.codebook.size() == 0) fail_internal("the codebook of node {} is empty", format.node);

  // Padded to 8 or a greater power of two: a threshold at infinity is never passed, so the levels above it are never
  // taken. (Loops of 2 and 4 levels are not vectorised by g++ 12, and would be slower than that of 8.)
  std::size_t size = 8;
  while (size < static_cast<std::size_t>(format.codebook.size())) size *= 2;
  const auto levels = format.codebook.levels();
  const auto boundaries = format.codebook.boundaries();
  std::vector<float> thresholds(size, kInfinity), padded(size, levels.back());
  std::copy(boundaries.begin(), boundaries.end(), thresholds.begin());
  std::copy(levels.begin(), levels.end(), padded.begin());
  if (scales.empty()) return quantise_row<false>(weight.data(), count, 1.0F, thresholds, padded, out.data());

  std::vector<float> scaled(size);
  const std::size_t row = count / scales.size();
  for (std::size_t c = 0; c < scales.size(); ++c) {
    const float s = scales[c];
    for (std::size_t k = 0; k < size; ++k) scaled[k] = s * padded[k];
    quantise_row<true>(weight.data() + c * row, row, s, thresholds, scaled, out.data() + c * row);
  }
}

void apply_indices(std::int64_t channels, const LayerFormat& format, std::span<float> out) {
  if (format.indices.size() != out.size() || channels < 1 || out.size() % static_cast<std::size_t>(channels) != 0) {
    fail("a layer of {} weights in {} channels comes with {} indices", out.size(), channels, format.indices.size());
  }
  const auto levels = format.codebook.levels();
  const std::size_t row = out.size() / static_cast<std::size_t>(channels);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t index = format.indices[i];
    if (index >= levels.size()) fail("weight {} of a layer has level {} of {}", i, index, levels.size());
    out[i] =
        format.scales.empty() ? levels[index] : format.scales[format.scales.size() == 1 ? 0 : i / row] * levels[index];
  }
}

}  // namespace vbq
