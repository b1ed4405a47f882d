#include "quant/whole_levels.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace vbq {
namespace {

constexpr int kLargestWhole = 127;
constexpr double kSame = 1e-12;  // of the levels' squares: what rounding in double leaves of an exact fit

// Sum of squares of what rounding to multiples of the step moves.
double moved(std::span<const float> levels, double step) {
  double sum = 0;
  for (const float level : levels) {
    const double off = static_cast<double>(level) - step * std::nearbyint(static_cast<double>(level) / step);
    sum += off * off;
  }
  return sum;
}

}  // namespace

WholeLevels whole_levels(const Codebook& codebook) {
  double largest = 0, squares = 0;
  for (const float level : codebook.levels()) {
    largest = std::max(largest, std::fabs(static_cast<double>(level)));
    squares += static_cast<double>(level) * static_cast<double>(level);
  }
  // A step below float's least normal number would be rounded, and 127 of it be another number.
  if (largest < kLargestWhole * static_cast<double>(std::numeric_limits<float>::min())) {
    return {Codebook::from_levels({0}), 1};
  }
  double best = largest, least = std::numeric_limits<double>::infinity();
  for (int whole = 1; whole <= kLargestWhole; ++whole) {
    const double step = largest / whole, off = moved(codebook.levels(), step);
    if (off < least - kSame * squares) {
      best = step;
      least = off;
    }
  }
  std::vector<float> levels;
  levels.reserve(codebook.levels().size());
  for (const float level : codebook.levels()) {
    levels.push_back(static_cast<float>(std::nearbyint(static_cast<double>(level) / best)));
  }
  return {Codebook::from_levels(std::move(levels)), static_cast<float>(best)};
}

void take_whole_levels(LayerFormat& layer) {
  std::vector<float> steps;
  for (Codebook& codebook : layer.codebooks) {
    WholeLevels whole = whole_levels(codebook);
    codebook = std::move(whole.codebook);
    steps.push_back(whole.step);
  }
  const std::size_t count = std::max({layer.scales.size(), steps.size(), std::size_t{1}});
  std::vector<float> scales;
  for (std::size_t c = 0; c < count; ++c) {
    // What a product of two floats may not be: zero, which weights are divided by, or beyond them.
    const float scale = layer.scale(c) * steps[steps.size() == 1 ? 0 : c];
    scales.push_back(std::clamp(scale, std::numeric_limits<float>::min(), std::numeric_limits<float>::max()));
  }
  layer.scales = std::move(scales);
  layer.level_values = LevelValues::int8;
}

}  // namespace vbq
