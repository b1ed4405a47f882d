// Codebooks of the real weights, as genomes: what a search starts from.
#pragma once

#include <vector>

#include "vbq/format.hpp"
#include "vbq/genome.hpp"
#include "vbq/network.hpp"

namespace vbq {

// Per chromosome, the weights that its codebook codes: one layer's, one output channel's or all quantised layers',
// divided by their scales.
std::vector<std::vector<float>> coded_weights(const Network& network, const Format& format);

// Five genomes of the format: k-means (least error), k-means from quantiles (Lloyd), normal-quantile, linear (minimum
// to maximum), logarithmic. Encodings whose levels are not free: least squares first, minimum to maximum fourth, and
// narrower and wider ones. Each decodes to a valid codebook whatever the weights: fewer different ones than levels,
// one only, all equal, all zero.
std::vector<Genome> seed_genomes(const Network& network, const Format& format);
std::vector<Genome> seed_genomes(const std::vector<std::vector<float>>& coded, const Format& format);

// Per chromosome, the largest magnitude of its coded weights: SearchSpace::magnitude. 0 where all are zero.
std::vector<double> weight_magnitudes(const std::vector<std::vector<float>>& coded);

// The value whose share of a standard normal distribution lies below is p, 0 < p < 1.
double normal_quantile(double p);

}  // namespace vbq
