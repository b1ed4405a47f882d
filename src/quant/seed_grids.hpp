// Grids to start a search from.
#pragma once

#include <vector>

#include "vbq/format.hpp"
#include "vbq/genome.hpp"

namespace vbq {

// How grids' steps follow their weights: as a power of these, of each chromosome's root mean square before any scale.
// 1: the same step everywhere in units of the weights. 0: the same step. Which is best is the network's matter: where
// its weights have been multiplied by a batch norm's factors the first, else what is near the second
// (docs/results.md, "Where grids start").
inline constexpr double kEqualSteps = 1;
inline constexpr double kGridPowers[] = {0.5, kEqualSteps, 0, 0.25, 0.75};

// Of weights; 1 where all are zero.
double root_mean_square(const std::vector<float>& weights);

// A genome of grids whose steps follow that power, with rate 1 where it is a gene. It comes to about `bits` a weight:
// the first-order entropy of each chromosome's levels, as the format's assignment is foreseen to choose them, and its
// codebook, on average over all weights. coded: of each chromosome, weights divided by their scales. rms: of each, the
// root mean square of its weights themselves.
Genome seed_grid(const std::vector<std::vector<float>>& coded, const std::vector<double>& rms, const Format& format,
                 double bits, double power);

// Five grids without a size in mind: of each chromosome's coded weights' root mean square, steps of 0.45 to 1.6.
std::vector<Genome> seed_grids(const std::vector<std::vector<float>>& coded, const Format& format);

}  // namespace vbq
