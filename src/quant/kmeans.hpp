// One-dimensional k-means: the levels of least squared error.
#pragma once

#include <vector>

#include "quant/sorted_weights.hpp"

namespace vbq {

// `clusters` ascending levels. Exact for up to 4,096 different weights (dynamic programming); above that, exact on
// 4,096 groups of neighbouring weights and then Lloyd's iteration over all of them until nothing moves. With fewer
// different weights than clusters the spare levels halve the widest gaps; where all weights are equal so are all
// levels.
std::vector<double> kmeans(const SortedWeights& weights, int clusters);

// Lloyd's iteration from the middle quantiles of the weights until nothing moves: what is usually called k-means. Its
// error is not the least, but a network quantised by it can be the better one: it gives small weights more levels.
std::vector<double> kmeans_from_quantiles(const SortedWeights& weights, int clusters);

}  // namespace vbq
