// What each layer may become where every layer has its own number of levels (Widths::own).
#pragma once

#include <vector>

#include "vbq/format.hpp"
#include "vbq/genome.hpp"

namespace vbq {

// Numbers of levels worth considering, ascending from 2 to `most`. fixed: powers of two, since a number in between
// takes as many bits as the next one. entropy: every step up to 6, then half an octave each. `most` is among them.
std::vector<int> worthwhile_levels(Coding coding, int most);

// Per chromosome, its k-means levels (least squared error of the coded weights) at each of those numbers, and, last,
// the empty chromosome, which leaves its layer FP32: SearchSpace::choices.
std::vector<std::vector<Chromosome>> width_choices(const std::vector<std::vector<float>>& coded, const Format& format);

}  // namespace vbq
