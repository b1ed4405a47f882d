// Genes of least squared error for the encodings whose levels are not free: boundaries, companded.
#pragma once

#include <vector>

#include "quant/sorted_weights.hpp"
#include "vbq/genome.hpp"

namespace vbq {

// Boundaries (ascending, one fewer than levels) whose decoded codebook (Codebook::from_boundaries) fits the weights,
// improved one at a time from the midpoints of the given ascending levels.
Chromosome fit_boundaries(const SortedWeights& weights, const std::vector<double>& levels);

// (a, b) of the companded codebook with n levels that fits the weights, on a grid that is then refined.
Chromosome fit_companded(const SortedWeights& weights, int n);

}  // namespace vbq
