// Genes of least squared error for the encodings whose levels are not free.
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

// Least and greatest of n evenly spaced levels that fit the weights, from `start` (ascending, two values): assigns and
// solves for both in turn until nothing gets better.
Chromosome fit_uniform(const SortedWeights& weights, int n, Chromosome start);

// The factor of these unit levels (ascending, largest magnitude 1) that fits the weights; > 0.
double fit_factor(const SortedWeights& weights, const std::vector<double>& unit);

}  // namespace vbq
