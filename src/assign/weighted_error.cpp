#include "assign/weighted_error.hpp"

#include <vector>

#include "assign/compensated.hpp"

namespace vbq {
namespace {

// e^T H e of one row. error: [K], of the whole row.
double row_error(const FactorBlock& block, std::span<const double> error) {
  const std::size_t n = block.columns.size();
  std::vector<double> fed(n);  // (1 + A)^T e
  for (std::size_t j = 0; j < n; ++j) {
    const double own = error[static_cast<std::size_t>(block.columns[j])];
    fed[j] += own;
    const float* feedback = block.feedback.data() + j * n;
    for (std::size_t i = j + 1; i < n; ++i) fed[i] += own * static_cast<double>(feedback[i]);
  }
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += fed[i] * fed[i] * static_cast<double>(block.diagonal[i]);
  return sum;
}

}  // namespace

double weighted_error(std::span<const float> weight, std::int64_t channels, const LayerFormat& format,
                      const LayerFactor& factor) {
  check_factor(weight, channels, factor);
  LayerFormat nearest = format;
  nearest.indices.resize(weight.size());
  nearest_levels(weight, channels, format, nearest.indices);
  std::vector<float> quantised(weight.size());
  apply_indices(channels, nearest, quantised);
  const std::size_t columns = weight.size() / static_cast<std::size_t>(channels);
  double sum = 0;
  std::vector<double> error(columns);
  for (const FactorBlock& block : factor.blocks) {
    for (std::int64_t row = block.first_row; row < block.first_row + block.rows; ++row) {
      const std::size_t first = static_cast<std::size_t>(row) * columns;
      for (std::size_t k = 0; k < columns; ++k) {
        error[k] = static_cast<double>(weight[first + k]) - static_cast<double>(quantised[first + k]);
      }
      sum += row_error(block, error);
    }
  }
  return sum;
}

}  // namespace vbq
