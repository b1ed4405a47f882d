#include "assign/compensated.hpp"

#include <algorithm>
#include <cmath>

#include "assign/rate.hpp"
#include "core/check.hpp"
#include "core/products.hpp"

namespace vbq {
namespace {

// Columns assigned before the rest of the row is brought up to date: the width in which that is done.
constexpr std::size_t kPanel = kProductTile;

class BlockAssigner {
 public:
  // chooser: nullptr: the nearest level.
  BlockAssigner(const FactorBlock& block, const LayerFormat& format, const RateChooser* chooser)
      : block_(block), format_(format), chooser_(chooser) {}

  // weight, out: the layer's, [O, K].
  void run(std::span<const float> weight, std::size_t row_length, std::span<std::uint8_t> out) {
    const std::size_t n = block_.columns.size(), rows = static_cast<std::size_t>(block_.rows);
    std::vector<float> targets(rows * n), errors(rows * kPanel);  // targets: in assignment order
    for (std::size_t r = 0; r < rows; ++r) {
      const float* from = weight.data() + (static_cast<std::size_t>(block_.first_row) + r) * row_length;
      for (std::size_t i = 0; i < n; ++i) targets[r * n + i] = from[block_.columns[i]];
    }
    for (std::size_t first = 0; first < n; first += kPanel) {
      const std::size_t last = std::min(n, first + kPanel);
      for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t row = (static_cast<std::size_t>(block_.first_row) + r) * row_length;
        panel(r, first, last, weight.data() + row, &targets[r * n], &errors[r * kPanel], out.data() + row);
      }
      for (std::size_t j = last; j < n; j += kPanel) {  // this tile of the feedback stays in cache for all rows
        const float* feedback = &block_.feedback[first * n + j];
        add_products({errors.data(), kPanel, 1}, rows, last - first, feedback, n, std::min(kPanel, n - j), &targets[j],
                     n);
      }
    }
  }

 private:
  void panel(std::size_t r, std::size_t first, std::size_t last, const float* weight, float* targets, float* errors,
             std::uint8_t* to) const {
    const std::size_t n = block_.columns.size();
    const std::size_t channel = static_cast<std::size_t>(block_.first_row) + r;
    const bool scaled = !format_.scales.empty();
    const float s = format_.scale(channel);
    const Codebook& codebook = format_.codebook(channel);
    const auto levels = codebook.levels();
    for (std::size_t i = first; i < last; ++i) {
      const float x = scaled ? targets[i] / s : targets[i];
      const int level =
          chooser_ == nullptr ? codebook.index(x) : chooser_->choose(codebook, x, s * s * block_.diagonal[i]);
      const float q = scaled ? s * levels[static_cast<std::size_t>(level)] : levels[static_cast<std::size_t>(level)];
      to[block_.columns[i]] = static_cast<std::uint8_t>(level);
      const float error = weight[block_.columns[i]] - q;
      errors[i - first] = error;
      add_products({&error, 0, 0}, 1, 1, &block_.feedback[i * n] + i + 1, 0, last - i - 1, targets + i + 1, 0);
    }
  }

  const FactorBlock& block_;
  const LayerFormat& format_;
  const RateChooser* chooser_;
};

}  // namespace

void check_factor(std::span<const float> weight, std::int64_t channels, const LayerFactor& factor) {
  if (channels < 1 || weight.size() % static_cast<std::size_t>(channels) != 0) {
    fail_internal("{} weights do not divide into {} channels", weight.size(), channels);
  }
  const std::size_t row = weight.size() / static_cast<std::size_t>(channels);
  for (std::size_t i = 0; i < weight.size(); ++i) {
    if (!std::isfinite(weight[i])) fail("weight {} of a layer is {}; expected finite numbers", i, weight[i]);
  }
  for (const FactorBlock& block : factor.blocks) {
    const std::size_t n = block.columns.size();
    const bool fits = block.first_row >= 0 && block.rows >= 0 && block.rows <= channels &&
                      block.first_row <= channels - block.rows && block.feedback.size() == n * n &&
                      block.diagonal.size() == n &&
                      std::all_of(block.columns.begin(), block.columns.end(),
                                  [&](std::int32_t c) { return c >= 0 && static_cast<std::size_t>(c) < row; });
    if (!fits) fail("the factor of node {} is not one of a layer of [{}, {}] weights", factor.node, channels, row);
  }
}

std::vector<std::uint8_t> assign_compensated(std::span<const float> weight, std::int64_t channels,
                                             const LayerFormat& format, const LayerFactor& factor) {
  for (const Codebook& codebook : format.codebooks) {
    if (codebook.size() > 256) fail("a codebook has {} levels; expected at most 256", codebook.size());
  }
  check_factor(weight, channels, factor);
  const std::size_t row = weight.size() / static_cast<std::size_t>(channels);
  std::vector<std::uint8_t> indices(weight.size());
  std::size_t covered = 0;
  for (const FactorBlock& block : factor.blocks) covered += static_cast<std::size_t>(block.rows) * block.columns.size();
  const bool overwritten = covered == weight.size() && !(format.rate > 0);  // before anybody reads them
  for (std::size_t i = 0; i < weight.size() && !overwritten; ++i) {
    const float coded = format.scales.empty() ? weight[i] : weight[i] / format.scale(i / row);
    indices[i] = static_cast<std::uint8_t>(format.codebook(i / row).index(coded));
  }
  if (!(format.rate > 0)) {
    for (const FactorBlock& block : factor.blocks) BlockAssigner(block, format, nullptr).run(weight, row, indices);
    return indices;
  }
  for (int round = 0; round < kRateRounds; ++round) {
    const RateChooser chooser(format, factor, indices);
    for (const FactorBlock& block : factor.blocks) BlockAssigner(block, format, &chooser).run(weight, row, indices);
  }
  return indices;
}

}  // namespace vbq
