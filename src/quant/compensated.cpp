#include "quant/compensated.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/check.hpp"

namespace vbq {
namespace {

// Columns assigned before the rest of the row is brought up to date, and the width in which that is done: 64 floats
// stay in registers, and the 64 x 64 tile of U in the first-level cache for all rows.
constexpr std::size_t kPanel = 64;

// out[j] -= sum over i of error[i] * upper[i, j], i ascending, for `width` <= 64 neighbours j. upper: first of its row
// 0, rows `stride` apart. Compiled for several instruction sets; no sum is reordered, so all give the same bits.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
void subtract_errors(const float* error, std::size_t errors, const float* upper, std::size_t stride, std::size_t width,
                     float* out) {
  if (width == kPanel) {
    float sum[kPanel];
    for (std::size_t j = 0; j < kPanel; ++j) sum[j] = out[j];
    for (std::size_t i = 0; i < errors; ++i) {
      const float e = error[i];
      for (std::size_t j = 0; j < kPanel; ++j) sum[j] -= e * upper[i * stride + j];
    }
    for (std::size_t j = 0; j < kPanel; ++j) out[j] = sum[j];
    return;
  }
  for (std::size_t i = 0; i < errors; ++i) {
    for (std::size_t j = 0; j < width; ++j) out[j] -= error[i] * upper[i * stride + j];
  }
}

// One block: rows x n weights in assignment order, overwritten; level(row, w) gives the index of w's level and its
// value.
class BlockAssigner {
 public:
  BlockAssigner(const FactorBlock& block, const LayerFormat& format) : block_(block), format_(format) {}

  // weight, out: the layer's, [O, K].
  void run(std::span<const float> weight, std::size_t row_length, std::span<std::uint8_t> out) {
    const std::size_t n = block_.columns.size(), rows = static_cast<std::size_t>(block_.rows);
    std::vector<float> w(rows * n), errors(rows * kPanel);
    for (std::size_t r = 0; r < rows; ++r) {
      const float* from = weight.data() + (static_cast<std::size_t>(block_.first_row) + r) * row_length;
      for (std::size_t i = 0; i < n; ++i) w[r * n + i] = from[block_.columns[i]];
    }
    for (std::size_t first = 0; first < n; first += kPanel) {
      const std::size_t last = std::min(n, first + kPanel);
      for (std::size_t r = 0; r < rows; ++r) {
        std::uint8_t* to = out.data() + (static_cast<std::size_t>(block_.first_row) + r) * row_length;
        panel(r, first, last, &w[r * n], &errors[r * kPanel], to);
      }
      for (std::size_t j = last; j < n; j += kPanel) {
        const float* upper = &block_.upper[first * n + j];
        for (std::size_t r = 0; r < rows; ++r) {
          subtract_errors(&errors[r * kPanel], last - first, upper, n, std::min(kPanel, n - j), &w[r * n + j]);
        }
      }
    }
  }

 private:
  void panel(std::size_t r, std::size_t first, std::size_t last, float* w, float* errors, std::uint8_t* to) const {
    const std::size_t n = block_.columns.size();
    const std::size_t channel = static_cast<std::size_t>(block_.first_row) + r;
    const bool scaled = !format_.scales.empty();
    const float s = format_.scale(channel);
    const Codebook& codebook = format_.codebook(channel);
    const auto levels = codebook.levels();
    for (std::size_t i = first; i < last; ++i) {
      const int level = codebook.index(scaled ? w[i] / s : w[i]);
      const float q = scaled ? s * levels[static_cast<std::size_t>(level)] : levels[static_cast<std::size_t>(level)];
      to[block_.columns[i]] = static_cast<std::uint8_t>(level);
      const float* upper = &block_.upper[i * n];
      const float e = (w[i] - q) / upper[i];
      errors[i - first] = e;
      for (std::size_t j = i + 1; j < last; ++j) w[j] -= e * upper[j];
    }
  }

  const FactorBlock& block_;
  const LayerFormat& format_;
};

}  // namespace

std::vector<std::uint8_t> assign_compensated(std::span<const float> weight, std::int64_t channels,
                                             const LayerFormat& format, const LayerFactor& factor) {
  for (const Codebook& codebook : format.codebooks) {
    if (codebook.size() > 256) fail("a codebook has {} levels; expected at most 256", codebook.size());
  }
  if (channels < 1 || weight.size() % static_cast<std::size_t>(channels) != 0) {
    fail_internal("{} weights do not divide into {} channels", weight.size(), channels);
  }
  const std::size_t row = weight.size() / static_cast<std::size_t>(channels);
  std::vector<std::uint8_t> indices(weight.size());
  for (std::size_t i = 0; i < weight.size(); ++i) {
    if (!std::isfinite(weight[i])) fail("weight {} of a layer is {}; expected finite numbers", i, weight[i]);
    const float coded = format.scales.empty() ? weight[i] : weight[i] / format.scale(i / row);
    indices[i] = static_cast<std::uint8_t>(format.codebook(i / row).index(coded));
  }
  for (const FactorBlock& block : factor.blocks) {
    const std::size_t n = block.columns.size();
    const bool fits = block.first_row >= 0 && block.rows >= 0 && block.first_row + block.rows <= channels &&
                      block.upper.size() == n * n &&
                      std::all_of(block.columns.begin(), block.columns.end(),
                                  [&](std::int32_t c) { return c >= 0 && static_cast<std::size_t>(c) < row; });
    if (!fits) fail("the factor of node {} is not one of a layer of [{}, {}] weights", factor.node, channels, row);
    BlockAssigner(block, format).run(weight, row, indices);
  }
  return indices;
}

}  // namespace vbq
