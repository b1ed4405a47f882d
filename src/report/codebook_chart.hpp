// A layer's codebook over the histogram of its weights, as SVG.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace vbq {

struct Histogram {
  double low = 0, high = 0;          // of all that was counted
  std::vector<std::int64_t> counts;  // of equal bins from low to high; empty: nothing was counted
};

// Of the finite ones among `values`; its ends take in those of `others`, which are not counted.
Histogram histogram(std::span<const float> values, std::span<const float> others, std::size_t bins);

struct DrawnLevel {
  double value = 0;
  std::int64_t weights = 0;  // that take it
};

// levels: ascending; in units of the histogram's values. counted: whether each level's weights are to be seen, which
// is for a layer of one codebook; else levels are ticks.
enum class LevelsAs { counted, ticks };
std::string codebook_chart(const Histogram& weights, const std::vector<DrawnLevel>& levels, LevelsAs shown);

}  // namespace vbq
