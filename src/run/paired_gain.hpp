// Whether one network is better than another on the same images, or may be so by chance.
#pragma once

#include <span>
#include <vector>

#include "search/fitness.hpp"
#include "vbq/tally.hpp"

namespace vbq {

struct PairedGain {
  double gain = 0;  // of fitness, mean over blocks; > 0: the second network is better
  double p = 1;     // chance of such a gain, or a larger one, where there is none: one-sided, over blocks
  bool beyond_chance() const { return p < 0.05; }
};

// By Student's paired t-test. first, second: tallies of the same blocks, in the same order. A last block that is less
// than half of the first one counts with the one before it. p is 1 where there are fewer than two blocks, and 0 or 1
// where all differ alike.
PairedGain paired_gain(std::span<const Tally> first, std::span<const Tally> second, Fitness kind);

// Of the best of several networks over the first one: p tells how often the greatest gain of all would be as great
// where none is better than the first one. By turning signs of blocks' differences at random, those of all networks
// together, 10,000 times, always the same (Westfall and Young 1993): networks that are much alike cost little. Of one
// network, paired_gain(); of fewer than 8 blocks, the t-test's p times the number of networks (Bonferroni).
PairedGain greatest_gain(std::span<const Tally> first, const std::vector<std::vector<Tally>>& others, Fitness kind);

}  // namespace vbq
