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

// How steps follow measured harm (steps_by_harm()). At many levels 1/2 would make all weights' harms the same, which is
// the best there; at few levels a wider step costs less harm than its square, and saves fewer bits.
inline constexpr double kHarmPowers[] = {0.25, 0.375};

// Of weights; 1 where all are zero.
double root_mean_square(const std::vector<float>& weights);

// Steps of grids up to a factor that all share, one a chromosome, in units of its weights divided by their scales
// (coded). rms: of each, the root mean square of its weights themselves.
std::vector<double> steps_by_power(const std::vector<std::vector<float>>& coded, const std::vector<double>& rms,
                                   double power);
// The same by what each chromosome does to the network. harms: of each alone, quantised with equal steps; any unit,
// less than a little of their mean counts as that little. Steps follow the harm a weight to the power -`power`.
std::vector<double> steps_by_harm(const std::vector<std::vector<float>>& coded, const std::vector<double>& harms,
                                  double power);

// A genome of grids with these steps times what makes it come to about `bits` a weight: the first-order entropy of each
// chromosome's levels, as the format's assignment is foreseen to choose them, and its codebook, on average over all
// weights. Rates are 1 where they are genes.
Genome seed_grid(const std::vector<std::vector<float>>& coded, const std::vector<double>& steps, const Format& format,
                 double bits);

// Five grids without a size in mind: of each chromosome's coded weights' root mean square, steps of 0.45 to 1.6.
std::vector<Genome> seed_grids(const std::vector<std::vector<float>>& coded, const Format& format);

}  // namespace vbq
