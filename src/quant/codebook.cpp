#include "vbq/codebook.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/check.hpp"

namespace vbq {
namespace {

constexpr std::size_t kMostLevels = 65536;

// Largest float <= (a + b) / 2 exactly, a <= b. Two floats of very different size have no exact sum even in double, so
// the rounding error of the sum is found too (Knuth's TwoSum) and decides when the rounded midpoint is itself a float.
float midpoint_below(float a, float b) {
  const double x = a, y = b;
  const double sum = x + y;
  const double virtual_y = sum - x;
  const double error = (x - (sum - virtual_y)) + (y - virtual_y);  // x + y == sum + error
  const double middle = sum / 2;
  const float t = static_cast<float>(middle);
  const double rounded = t;
  if (rounded > middle || (rounded == middle && error < 0)) {
    return std::nextafter(t, -std::numeric_limits<float>::infinity());
  }
  return t;
}

void check_values(const std::vector<float>& values, std::size_t most, const char* what) {
  if (values.empty()) fail("a codebook has no {}; expected at least one", what);
  if (values.size() > most) fail("a codebook has {} {}; expected at most {}", values.size(), what, most);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) fail("{} {} of a codebook is {}; expected a finite number", what, i, values[i]);
  }
}

}  // namespace

Codebook Codebook::from_levels(std::vector<float> levels) {
  check_values(levels, kMostLevels, "levels");
  for (float& level : levels) level += 0.0F;  // -0 becomes +0: one zero, one set of bits
  std::sort(levels.begin(), levels.end());
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  Codebook codebook;
  codebook.boundaries_.reserve(levels.size() - 1);
  // "w > t takes the upper level" with t the largest float <= midpoint: every float w gets a level that is truly
  // nearest, and one exactly half-way gets the lower.
  for (std::size_t i = 1; i < levels.size(); ++i)
    codebook.boundaries_.push_back(midpoint_below(levels[i - 1], levels[i]));
  codebook.levels_ = std::move(levels);
  return codebook;
}

Codebook Codebook::from_boundaries(std::vector<float> boundaries) {
  check_values(boundaries, kMostLevels - 1, "boundaries");
  for (float& boundary : boundaries) boundary += 0.0F;
  if (const auto it = std::is_sorted_until(boundaries.begin(), boundaries.end()); it != boundaries.end()) {
    fail("boundary {} of a codebook is {}, below the one before it ({}); expected ascending boundaries",
         it - boundaries.begin(), *it, *(it - 1));
  }
  Codebook codebook;
  codebook.levels_.reserve(boundaries.size() + 1);
  codebook.levels_.push_back(boundaries.front());
  for (std::size_t i = 1; i < boundaries.size(); ++i) {
    codebook.levels_.push_back(
        static_cast<float>((static_cast<double>(boundaries[i - 1]) + static_cast<double>(boundaries[i])) / 2));
  }
  codebook.levels_.push_back(boundaries.back());
  codebook.boundaries_ = std::move(boundaries);
  return codebook;
}

int Codebook::index(float w) const {
  return static_cast<int>(std::lower_bound(boundaries_.begin(), boundaries_.end(), w) - boundaries_.begin());
}

}  // namespace vbq
