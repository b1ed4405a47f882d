// Grids to start a search from.
#pragma once

#include <vector>

#include "vbq/format.hpp"
#include "vbq/genome.hpp"

namespace vbq {

// Five genomes of grids: in each, every chromosome has the same step in units of its weights' root mean square, and
// rate 1 where it is a gene. The first comes to about `bits` a weight (the first-order entropy of each chromosome's
// levels, on average over all weights: that of the nearest ones, less the quarter bit that a rate of 1 takes off); the
// others are a little finer and coarser. bits <= 0: steps from 0.45 to 1.6.
std::vector<Genome> seed_grids(const std::vector<std::vector<float>>& coded, const Format& format, double bits);

}  // namespace vbq
