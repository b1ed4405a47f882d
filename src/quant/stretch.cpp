#include "quant/stretch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace vbq {
namespace {

constexpr double kMostLevel = std::numeric_limits<float>::max();  // decode() takes no greater level
constexpr double kCarried = 2;  // variance of what is carried to a weight, in units of a weight's mean squared error

// energy: of the weights about the point that levels are moved away from, mean of squares.
std::vector<double> moved_away(std::vector<double> levels, const SortedWeights& weights, double from, double energy,
                               const Format& format) {
  if (format.assignment == Assignment::nearest || !(energy > 0)) return levels;
  const double error = nearest_error(weights, levels) / static_cast<double>(weights.size());
  const double factor = std::sqrt(1 + kCarried * error / energy);
  for (double& level : levels) level = std::clamp(from + (level - from) * factor, -kMostLevel, kMostLevel);
  return levels;
}

}  // namespace

std::vector<double> stretched(std::vector<double> levels, const SortedWeights& weights, const Format& format) {
  const double deviation = weights.deviation();
  return moved_away(std::move(levels), weights, weights.mean(), deviation * deviation, format);
}

std::vector<double> stretched_half(std::vector<double> levels, const SortedWeights& magnitudes, const Format& format) {
  const double energy = magnitudes.mean() * magnitudes.mean() + magnitudes.deviation() * magnitudes.deviation();
  return moved_away(std::move(levels), magnitudes, 0, energy, format);
}

}  // namespace vbq
