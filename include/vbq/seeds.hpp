// Codebooks of the real weights, as genomes: what a search starts from, and good formats without a search.
#pragma once

#include <vector>

#include "vbq/format.hpp"
#include "vbq/genome.hpp"
#include "vbq/network.hpp"

namespace vbq {

// Five genomes of the format: k-means (least error), k-means from quantiles (Lloyd), normal-quantile, linear (minimum
// to maximum), logarithmic. The first two are stretched where the format's assignment makes later weights up for the
// errors of earlier ones (docs/method.md, "Where a search starts"). Encodings whose levels are not free: least squares
// first, minimum to maximum fourth, and narrower and wider ones. Each decodes to a valid codebook whatever the weights:
// fewer different ones than levels, one only, all equal, all zero.
std::vector<Genome> seed_genomes(const Network& network, const Format& format);

}  // namespace vbq
