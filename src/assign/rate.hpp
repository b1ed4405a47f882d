// Rate-distortion assignment: what it costs to tell a weight's level is part of choosing it. (Entropy-constrained
// quantisation: Chou, Lookabaugh, Gray 1989; inside compensated assignment: docs/method.md.)
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "vbq/calibration.hpp"
#include "vbq/format.hpp"

namespace vbq {

// rate * 2 ln 2 * step^2 / 12 * mean(s^2): all of lambda (below) but the mean of D.
double price_of_a_bit(const LayerFormat& format);

// Chooses levels of one layer. With x a weight divided by its scale s, D the diagonal of H = (1 + A) D (1 + A)^T at its
// column, the level with the least
//   (x - level)^2 s^2 D + lambda bits(level),
//   lambda = rate * 2 ln 2 * step^2 / 12 * mean(s^2) * mean(D)
// of those within two of the nearest, and of zero. A rate of 1 is the best trade of high-resolution theory in every
// layer. step: between neighbouring levels, on average.
class RateChooser {
 public:
  // taken: the levels of the layer's weights in the round before.
  RateChooser(const LayerFormat& format, const LayerFactor& factor, std::span<const std::uint8_t> taken);

  // importance: s^2 D.
  int choose(const Codebook& codebook, float x, float importance) const;

 private:
  std::vector<float> costs_;  // lambda bits(level)
};

}  // namespace vbq
