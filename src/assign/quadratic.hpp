// e^T H e of one block of a factor: with H = (1 + A) D (1 + A)^T it is the sum of D times the squares of (1 + A)^T e.
#pragma once

#include <cstddef>
#include <span>

#include "vbq/calibration.hpp"

namespace vbq {

// What the block's column j (in its order) gives to (1 + A)^T e where e is v there. to: [n].
inline void add_fed(const FactorBlock& block, std::size_t j, double v, std::span<double> to) {
  const std::size_t n = block.columns.size();
  const float* feedback = block.feedback.data() + j * n;
  to[j] += v;
  for (std::size_t i = j + 1; i < n; ++i) to[i] += v * static_cast<double>(feedback[i]);
}

// x^T H y of two such, in order.
inline double weighted_product(const FactorBlock& block, std::span<const double> x, std::span<const double> y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i] * static_cast<double>(block.diagonal[i]);
  return sum;
}

}  // namespace vbq
