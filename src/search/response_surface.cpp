#include "search/response_surface.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace vbq {
namespace {

// Symmetric and positive definite; the lower half is what counts.
struct Matrix {
  explicit Matrix(std::size_t count) : size(count), values(count * count) {}
  double& at(std::size_t row, std::size_t column) { return values[row * size + column]; }
  std::size_t size;
  std::vector<double> values;
};

// Solves matrix x = right by Cholesky's factors, which take the matrix's place.
std::vector<double> solved(Matrix& matrix, std::vector<double> right) {
  const std::size_t size = matrix.size;
  for (std::size_t j = 0; j < size; ++j) {
    for (std::size_t i = j; i < size; ++i) {
      double sum = matrix.at(i, j);
      for (std::size_t k = 0; k < j; ++k) sum -= matrix.at(i, k) * matrix.at(j, k);
      matrix.at(i, j) = i == j ? std::sqrt(sum) : sum / matrix.at(j, j);
    }
  }
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t k = 0; k < i; ++k) right[i] -= matrix.at(i, k) * right[k];
    right[i] /= matrix.at(i, i);
  }
  for (std::size_t i = size; i-- > 0;) {
    for (std::size_t k = i + 1; k < size; ++k) right[i] -= matrix.at(k, i) * right[k];
    right[i] /= matrix.at(i, i);
  }
  return right;
}

// Where slope x + curvature x^2 is least in [-reach, reach].
double lowest(double slope, double curvature, double reach) {
  if (curvature > 0) return std::clamp(-slope / (2 * curvature), -reach, reach);
  return slope > 0 ? -reach : reach;
}

}  // namespace

double Surface::at(std::span<const double> x) const {
  double sum = height;
  for (std::size_t k = 0; k < slope.size(); ++k) sum += slope[k] * x[k] + curvature[k] * x[k] * x[k];
  return sum;
}

Surface fit_surface(std::span<const std::vector<double>> points, std::span<const double> heights,
                    std::span<const double> weights, const SurfacePrior& prior) {
  const std::size_t n = points.front().size(), terms = 1 + 2 * n;  // 1, x, x^2
  Matrix products(terms);
  std::vector<double> right(terms), row(terms, 1.0);
  for (std::size_t m = 0; m < points.size(); ++m) {
    const double weight = weights.empty() ? 1 : weights[m];
    double left = heights[m];
    for (std::size_t k = 0; k < n; ++k) {
      const double x = points[m][k];
      row[1 + k] = x;
      row[1 + n + k] = x * x;
      left -= prior.usual_curvature * x * x;
    }
    for (std::size_t i = 0; i < terms; ++i) {
      const double weighted = weight * row[i];
      right[i] += weighted * left;
      for (std::size_t j = 0; j <= i; ++j) products.at(i, j) += weighted * row[j];
    }
  }
  for (std::size_t k = 0; k < n; ++k) {
    products.at(1 + k, 1 + k) += prior.slopes;
    products.at(1 + n + k, 1 + n + k) += prior.curvatures;
  }
  const std::vector<double> found = solved(products, std::move(right));
  Surface surface{found.front(), {}, {}};
  const auto slopes = found.begin() + 1, curvatures = slopes + static_cast<std::ptrdiff_t>(n);
  surface.slope.assign(slopes, curvatures);
  surface.curvature.assign(curvatures, found.end());
  for (double& curvature : surface.curvature) curvature += prior.usual_curvature;
  return surface;
}

std::vector<double> least_harm(const Surface& harm, const Surface& size, double most, double reach) {
  const std::size_t n = harm.slope.size();
  std::vector<double> x(n);
  const auto place = [&](double price) {  // of size, in harm
    for (std::size_t k = 0; k < n; ++k) {
      x[k] = lowest(harm.slope[k] + price * size.slope[k], harm.curvature[k] + price * size.curvature[k], reach);
    }
  };
  place(0);
  if (size.at(x) <= most) return x;
  double low = 0, high = 1e6;
  for (int i = 0; i < 60; ++i) {
    // By ratios as soon as there is one: prices may be of any size.
    const double middle = low > 0 ? std::sqrt(low * high) : high * 1e-12;
    place(middle);
    (size.at(x) > most ? low : high) = middle;
  }
  place(high);
  return x;
}

}  // namespace vbq
