// What seed_genomes() (vbq/seeds.hpp) is made of, and what a search must know of the real weights.
#pragma once

#include <vector>

#include "vbq/format.hpp"
#include "vbq/genome.hpp"
#include "vbq/network.hpp"
#include "vbq/seeds.hpp"

namespace vbq {

// Per chromosome, the weights that its codebook codes: one layer's, one output channel's or all quantised layers',
// divided by their scales.
std::vector<std::vector<float>> coded_weights(const Network& network, const Format& format);

// seed_genomes() of weights coded already.
std::vector<Genome> seed_genomes(const std::vector<std::vector<float>>& coded, const Format& format);

// Per chromosome, the largest magnitude of its coded weights: SearchSpace::magnitude. 0 where all are zero.
std::vector<double> weight_magnitudes(const std::vector<std::vector<float>>& coded);

// The value whose share of a standard normal distribution lies below is p, 0 < p < 1.
double normal_quantile(double p);

}  // namespace vbq
