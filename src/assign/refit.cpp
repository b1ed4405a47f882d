#include "assign/refit.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "assign/compensate.hpp"
#include "assign/compensated.hpp"
#include "assign/quadratic.hpp"
#include "assign/weighted_error.hpp"

namespace vbq {
namespace {

// Of the levels of one codebook: products * levels = sides where the weighted error is least.
struct NormalEquations {
  explicit NormalEquations(Eigen::Index levels)
      : products(Eigen::MatrixXd::Zero(levels, levels)), sides(Eigen::VectorXd::Zero(levels)) {}
  Eigen::MatrixXd products;  // the lower triangle counts
  Eigen::VectorXd sides;
};

// each(block, r) for all rows r of all blocks, in order.
template <typename Each>
void for_rows(const LayerFactor& factor, Each each) {
  for (const FactorBlock& block : factor.blocks) {
    for (std::int64_t row = block.first_row; row < block.first_row + block.rows; ++row) {
      each(block, static_cast<std::size_t>(row));
    }
  }
}

// weight, taken: of one row.
void add_row(const FactorBlock& block, std::span<const float> weight, std::span<const std::uint8_t> taken, double scale,
             NormalEquations& to) {
  const std::size_t n = block.columns.size();
  const Eigen::Index levels = to.sides.size();
  std::vector<double> target(n), fed(static_cast<std::size_t>(levels) * n);  // fed: [levels, n]
  const auto fed_of = [&](Eigen::Index k) { return std::span(fed).subspan(static_cast<std::size_t>(k) * n, n); };
  for (std::size_t j = 0; j < n; ++j) {
    const auto column = static_cast<std::size_t>(block.columns[j]);
    add_fed(block, j, static_cast<double>(weight[column]), target);
    add_fed(block, j, scale, fed_of(taken[column]));
  }
  for (Eigen::Index k = 0; k < levels; ++k) {
    to.sides(k) += weighted_product(block, fed_of(k), target);
    for (Eigen::Index l = 0; l <= k; ++l) to.products(k, l) += weighted_product(block, fed_of(k), fed_of(l));
  }
}

// As before where they would no longer ascend; so does a level that no weight takes.
Codebook refitted(const Codebook& before, NormalEquations equations) {
  std::vector<float> levels(before.levels().begin(), before.levels().end());
  for (Eigen::Index k = 0; k < equations.sides.size(); ++k) {
    if (equations.products(k, k) > 0) continue;
    equations.products(k, k) = 1;
    equations.sides(k) = static_cast<double>(levels[static_cast<std::size_t>(k)]);
  }
  const Eigen::LLT<Eigen::MatrixXd> cholesky(equations.products);
  if (cholesky.info() != Eigen::Success) return before;
  const Eigen::VectorXd found = cholesky.solve(equations.sides);
  for (std::size_t k = 0; k < levels.size(); ++k) levels[k] = static_cast<float>(found(static_cast<Eigen::Index>(k)));
  const bool finite = std::ranges::all_of(levels, [](float v) { return std::isfinite(v); });
  const bool ascend = std::ranges::adjacent_find(levels, std::greater_equal()) == levels.end();
  return finite && ascend ? Codebook::from_levels(std::move(levels)) : before;
}

void refit_levels(std::span<const float> weight, std::size_t row, const LayerFactor& factor, LayerFormat& format) {
  std::vector<NormalEquations> equations;
  equations.reserve(format.codebooks.size());
  for (const Codebook& codebook : format.codebooks) equations.emplace_back(codebook.size());
  for_rows(factor, [&](const FactorBlock& block, std::size_t r) {
    const auto taken = std::span<const std::uint8_t>(format.indices).subspan(r * row, row);
    add_row(block, weight.subspan(r * row, row), taken, static_cast<double>(format.scale(r)),
            equations[equations.size() == 1 ? 0 : r]);
  });
  for (std::size_t k = 0; k < equations.size(); ++k) {
    format.codebooks[k] = refitted(format.codebooks[k], std::move(equations[k]));
  }
}

void refit_scales(std::span<const float> weight, std::size_t row, const LayerFactor& factor, LayerFormat& format) {
  std::vector<double> products(format.scales.size()), squares(format.scales.size());
  for_rows(factor, [&](const FactorBlock& block, std::size_t r) {
    const auto levels = format.codebook(r).levels();
    std::vector<double> target(block.columns.size()), fed(block.columns.size());
    for (std::size_t j = 0; j < block.columns.size(); ++j) {
      const std::size_t at = r * row + static_cast<std::size_t>(block.columns[j]);
      add_fed(block, j, static_cast<double>(weight[at]), target);
      add_fed(block, j, static_cast<double>(levels[format.indices[at]]), fed);
    }
    const std::size_t s = format.scales.size() == 1 ? 0 : r;
    products[s] += weighted_product(block, fed, target);
    squares[s] += weighted_product(block, fed, fed);
  });
  for (std::size_t s = 0; s < format.scales.size(); ++s) {
    const auto scale = static_cast<float>(products[s] / squares[s]);
    if (std::isfinite(scale) && scale > 0) format.scales[s] = scale;
  }
}

}  // namespace

void refit(std::span<const float> weight, std::int64_t channels, const LayerFactor& factor, LayerFormat& format) {
  if (format.refit < 1) return;
  const std::size_t row = weight.size() / static_cast<std::size_t>(channels);
  double error = assigned_error(weight, channels, format, factor);
  for (int round = 0; round < format.refit; ++round) {
    LayerFormat next = format;
    if (format.movable == Movable::levels && format.levels() <= kMostMovable) refit_levels(weight, row, factor, next);
    if (!format.scales.empty()) refit_scales(weight, row, factor, next);
    next.indices = assign_compensated(weight, channels, next, factor);
    const double now = assigned_error(weight, channels, next, factor);
    if (!(now < error)) return;
    format = std::move(next);
    error = now;
  }
}

void refit_compensated(const Network& network, Engine& engine, const Calibration& calibration,
                       std::span<NetworkFormat> formats) {
  std::vector<LayerFormat*> layers;
  for (NetworkFormat& format : formats) {
    for (LayerFormat& layer : format) layers.push_back(&layer);
  }
  engine.parallel(std::ssize(layers), [&](std::int64_t item) {
    LayerFormat& layer = *layers[static_cast<std::size_t>(item)];
    const Tensor& weight = *weight_of(network.nodes[static_cast<std::size_t>(layer.node)]);
    refit(weight.data, weight.shape.front(), factor_of(calibration, layer.node), layer);
  });
}

}  // namespace vbq
