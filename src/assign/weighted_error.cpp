#include "assign/weighted_error.hpp"

#include <vector>

#include "assign/compensated.hpp"
#include "assign/quadratic.hpp"

namespace vbq {
namespace {

// e^T H e of one row. error: [K], of the whole row.
double row_error(const FactorBlock& block, std::span<const double> error) {
  const std::size_t n = block.columns.size();
  std::vector<double> fed(n);
  for (std::size_t j = 0; j < n; ++j) add_fed(block, j, error[static_cast<std::size_t>(block.columns[j])], fed);
  return weighted_product(block, fed, fed);
}

}  // namespace

double assigned_error(std::span<const float> weight, std::int64_t channels, const LayerFormat& format,
                      const LayerFactor& factor) {
  check_factor(weight, channels, factor);
  std::vector<float> quantised(weight.size());
  apply_indices(channels, format, quantised);
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

double weighted_error(std::span<const float> weight, std::int64_t channels, const LayerFormat& format,
                      const LayerFactor& factor) {
  check_factor(weight, channels, factor);
  LayerFormat nearest = format;
  nearest.indices.resize(weight.size());
  nearest_levels(weight, channels, format, nearest.indices);
  return assigned_error(weight, channels, nearest, factor);
}

}  // namespace vbq
