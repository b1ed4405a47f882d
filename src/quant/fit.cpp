#include "quant/fit.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace vbq {
namespace {

// Squared error of the bins on both sides of boundaries first..last (indices), as Codebook::from_boundaries decodes
// them.
double boundary_error(const SortedWeights& weights, const Chromosome& b, std::size_t first, std::size_t last) {
  double error = 0;
  for (std::size_t bin = first; bin <= last + 1; ++bin) {  // bin k lies between boundaries k - 1 and k
    const double level = bin == 0 ? b.front() : bin == b.size() ? b.back() : (b[bin - 1] + b[bin]) / 2;
    const std::size_t low = bin == 0 ? 0 : weights.upper(b[bin - 1]);
    const std::size_t high = bin == b.size() ? weights.size() : weights.upper(b[bin]);
    if (high > low) error += weights.error(low, high, level);
  }
  return error;
}

// Squared error under y = b * unit, unit ascending, with the b that is best for the nearest assignment that it makes:
// from the b given, alternately assign and solve for b. Returns {error, b}.
std::array<double, 2> fit_factor(const SortedWeights& weights, const std::vector<double>& unit, double b) {
  std::vector<double> levels(unit.size());
  double error = std::numeric_limits<double>::infinity(), best = b;
  for (int step = 0; step < 20; ++step) {
    for (std::size_t i = 0; i < unit.size(); ++i) levels[i] = b * unit[i];
    double total = 0, above = 0, below = 0;
    std::size_t first = 0;
    for (std::size_t k = 0; k < levels.size(); ++k) {
      const std::size_t last = k + 1 < levels.size() ? weights.upper((levels[k] + levels[k + 1]) / 2) : weights.size();
      if (last > first) {
        const double count = static_cast<double>(last - first);
        total += weights.error(first, last, levels[k]);
        above += unit[k] * weights.mean(first, last) * count;
        below += unit[k] * unit[k] * count;
      }
      first = last;
    }
    if (total >= error) break;
    error = total;
    best = b;
    if (!(above > 0 && below > 0)) break;
    b = above / below;
  }
  return {error, best};
}

std::vector<double> companded_unit(double a, int n) {
  std::vector<double> unit;
  for (int i = 0; i < n; ++i) {
    const double x = i - (n - 1) / 2.0;
    unit.push_back(std::copysign(std::pow(a, std::fabs(x)) - 1, x));
  }
  return unit;
}

}  // namespace

Chromosome fit_boundaries(const SortedWeights& weights, const std::vector<double>& levels) {
  Chromosome b;
  for (std::size_t i = 1; i < levels.size(); ++i) b.push_back(levels[i - 1] + (levels[i] - levels[i - 1]) / 2);
  // Each boundary in turn to the best of a grid between its neighbours, which then shrinks around the best.
  constexpr int kGrid = 8;
  for (int sweep = 0; sweep < 20; ++sweep) {
    bool moved = false;
    for (std::size_t i = 0; i < b.size(); ++i) {
      double low = i == 0 ? std::min(weights.minimum(), b[0]) : b[i - 1];
      double high = i + 1 == b.size() ? std::max(weights.maximum(), b.back()) : b[i + 1];
      const std::size_t first = i == 0 ? 0 : i - 1, last = std::min(i + 1, b.size() - 1);
      double best = b[i], error = boundary_error(weights, b, first, last);
      const double before = error;
      for (int zoom = 0; zoom < 5; ++zoom) {
        const double step = (high - low) / kGrid;
        for (int g = 0; g <= kGrid; ++g) {
          b[i] = std::clamp(low + g * step, low, high);
          const double candidate = boundary_error(weights, b, first, last);
          if (candidate < error) {
            error = candidate;
            best = b[i];
          }
        }
        low = std::max(low, best - step);
        high = std::min(high, best + step);
      }
      b[i] = best;
      moved = moved || error < before * (1 - 1e-9);
    }
    if (!moved) break;
  }
  return b;
}

Chromosome fit_uniform(const SortedWeights& weights, int n, Chromosome start) {
  Chromosome best = start;
  double error = std::numeric_limits<double>::infinity();
  for (int step = 0; step < 50; ++step) {
    std::vector<double> levels;
    for (int i = 0; i < n; ++i) levels.push_back(start[0] + (start[1] - start[0]) * i / (n - 1));
    // Least squares of w = low + i * width over the weights, i their level's number.
    double count = 0, sum_i = 0, sum_ii = 0, sum_w = 0, sum_iw = 0, total = 0;
    std::size_t first = 0;
    for (std::size_t i = 0; i < levels.size(); ++i) {
      const std::size_t last = i + 1 < levels.size() ? weights.upper((levels[i] + levels[i + 1]) / 2) : weights.size();
      if (last <= first) continue;
      const double here = static_cast<double>(last - first), number = static_cast<double>(i);
      const double mean = weights.mean(first, last);
      total += weights.error(first, last, levels[i]);
      count += here;
      sum_i += here * number;
      sum_ii += here * number * number;
      sum_w += here * mean;
      sum_iw += here * number * mean;
      first = last;
    }
    if (!(total < error)) break;
    error = total;
    best = start;
    const double below = count * sum_ii - sum_i * sum_i;
    if (!(below > 0)) break;
    const double width = (count * sum_iw - sum_i * sum_w) / below;
    if (!(width > 0)) break;
    const double low = (sum_w - width * sum_i) / count;
    start = {low, low + width * (n - 1)};
  }
  return best;
}

double fit_factor(const SortedWeights& weights, const std::vector<double>& unit) {
  const double magnitude = std::max(std::fabs(weights.minimum()), std::fabs(weights.maximum()));
  if (!(magnitude > 0)) return 1;  // any fits as well as another
  double error = std::numeric_limits<double>::infinity(), best = magnitude;
  for (int i = 1; i <= 32; ++i) {  // many local optima: from a tenth of the largest weight to a quarter beyond it
    const auto [candidate, factor] = fit_factor(weights, unit, magnitude * std::pow(12.5, i / 32.0) / 10);
    if (candidate < error) {
      error = candidate;
      best = factor;
    }
  }
  return best;
}

Chromosome fit_companded(const SortedWeights& weights, int n) {
  const double magnitude = std::max(std::fabs(weights.minimum()), std::fabs(weights.maximum()));
  if (!(magnitude > 0)) return {1.25, 0.05};  // the published start: any codebook fits as well as another
  const double widest = (n - 1) / 2.0;
  // a is searched as the ratio of the last step to the first, a^widest: from even steps to a range of 10^4.
  double low = 0.01, high = std::log(1e4), error = std::numeric_limits<double>::infinity(), best_log = low, best_b = 0;
  for (int zoom = 0; zoom < 4; ++zoom) {
    constexpr int kGrid = 24;
    const double step = (high - low) / kGrid;
    for (int g = 0; g <= kGrid; ++g) {
      const double log_range = low + g * step;
      const std::vector<double> unit = companded_unit(std::exp(log_range / widest), n);
      for (const double reach : {0.15, 0.3, 0.5, 0.75, 1.0}) {  // largest level as a share of the largest weight
        const auto [candidate, b] = fit_factor(weights, unit, reach * magnitude / unit.back());
        if (candidate < error) {
          error = candidate;
          best_log = log_range;
          best_b = b;
        }
      }
    }
    low = std::max(0.001, best_log - step);
    high = best_log + step;
  }
  return {std::exp(best_log / widest), best_b};
}

}  // namespace vbq
