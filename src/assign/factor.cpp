// make_factor: from H to what an error feeds back. By a library: Eigen, which is headers only and, unlike a BLAS, gives
// the same bits whatever processor it runs on (it is compiled once, for x86-64's base instruction set).
#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "assign/compensated.hpp"
#include "core/check.hpp"

namespace vbq {

FactorBlock make_factor(std::vector<double> h, std::vector<std::int32_t> columns, std::int64_t first_row,
                        std::int64_t rows, std::span<double> solved) {
  constexpr double kDamping = 0.01;
  const std::size_t n = columns.size();
  if (h.size() != n * n || n == 0) fail_internal("H of {} numbers for {} columns", h.size(), n);
  if (solved.size() % n != 0) fail_internal("{} right-hand sides' numbers for {} columns", solved.size(), n);
  double mean = 0;
  for (std::size_t i = 0; i < n; ++i) mean += h[i * n + i] / static_cast<double>(n);
  if (!std::isfinite(mean)) fail_internal("H of a layer's inputs is not finite");
  const double damping = mean > 0 ? kDamping * mean : 1.0;

  // Columns that matter most come first, when most others are left to make up for them.
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return h[a * n + a] > h[b * n + b]; });

  // H = V V^T with V upper triangular is the Cholesky factorisation of H read backwards.
  using Matrix = Eigen::MatrixXd;
  const auto size = static_cast<Eigen::Index>(n);
  Matrix backward = Matrix::Zero(size, size);  // the lower triangle counts
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t i = j; i < n; ++i) {
      const std::size_t a = order[n - 1 - i], b = order[n - 1 - j];
      const double value = h[std::min(a, b) * n + std::max(a, b)];
      backward(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = value + (i == j ? damping : 0.0);
    }
  }
  h = {};
  const Eigen::LLT<Eigen::Ref<Matrix>> cholesky(backward);  // in place
  if (cholesky.info() != Eigen::Success) fail_internal("H of a layer's inputs is not positive definite");

  if (!solved.empty()) {
    const std::size_t sides = solved.size() / n;
    Matrix right(size, static_cast<Eigen::Index>(sides));
    const auto at = [&](std::size_t i, std::size_t side) -> double& {
      return right(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(side));
    };
    for (std::size_t r = 0; r < sides; ++r) {
      for (std::size_t i = 0; i < n; ++i) at(i, r) = solved[r * n + order[n - 1 - i]];
    }
    cholesky.solveInPlace(right);
    for (std::size_t r = 0; r < sides; ++r) {
      for (std::size_t i = 0; i < n; ++i) solved[r * n + order[n - 1 - i]] = at(i, r);
    }
  }

  FactorBlock block{first_row, rows, {}, std::vector<float>(n * n, 0.0F), std::vector<float>(n)};
  for (std::size_t i = 0; i < n; ++i) block.columns.push_back(columns[order[i]]);
  for (std::size_t j = 0; j < n; ++j) {
    const auto back = static_cast<Eigen::Index>(n - 1 - j);
    block.diagonal[j] = static_cast<float>(backward(back, back) * backward(back, back));
  }
  constexpr std::size_t kBeside = 16;  // columns at a time: a transposition that the cache likes
  for (std::size_t first = 0; first < n; first += kBeside) {
    const std::size_t last = std::min(n, first + kBeside);
    for (std::size_t i = 0; i < last; ++i) {
      for (std::size_t j = std::max(first, i + 1); j < last; ++j) {
        const auto back = static_cast<Eigen::Index>(n - 1 - j);
        block.feedback[i * n + j] =
            static_cast<float>(backward(static_cast<Eigen::Index>(n - 1 - i), back) / backward(back, back));
      }
    }
  }
  return block;
}

}  // namespace vbq
