// Whether one network is better than another on the same images, or may be so by chance.
#pragma once

#include <span>

#include "search/fitness.hpp"
#include "vbq/tally.hpp"

namespace vbq {

struct PairedGain {
  double gain = 0;  // of fitness, mean over blocks; > 0: the second network is better
  double p = 1;     // chance of such a gain, or a larger one, where there is none: one-sided paired t-test over blocks
  bool beyond_chance() const { return p < 0.05; }
};

// first, second: tallies of the same blocks, in the same order. A last block that is less than half of the first one
// counts with the one before it. p is 1 where there are fewer than two blocks, and 0 or 1 where all differ alike.
PairedGain paired_gain(std::span<const Tally> first, std::span<const Tally> second, Fitness kind);

}  // namespace vbq
