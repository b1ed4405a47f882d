// Sums of two rounded values that are rounded again: none is to lie where the last bit decides.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "vbq/activations.hpp"
#include "vbq/network.hpp"

namespace vbq {

// first + second, clipped perhaps, becomes sum: all three indices into places.
struct RoundedSum {
  std::size_t first = 0, second = 0, sum = 0;
};

// In the order in which they are computed. An operand may be sliced, padded with zeros, or moved on its way to the sum.
std::vector<RoundedSum> rounded_sums(const Network& network, std::span<const ActivationPlace> places);

// In steps of `sum`: how near the nearest of all values that the sum can have, of those that `sum` does not clip, lies
// to the middle of two steps. Stops below `enough`.
double distance_from_halves(const ActivationRange& first, const ActivationRange& second, const ActivationRange& sum,
                            double enough = 0);

// Widens each sum's step, by less than a hundredth, so that this distance is as large as can be had. Operands are
// multiples of their steps, so a sum has few values; one that lies within FP32's rounding of a half is rounded up by
// one program and down by another, in every image that has it.
void part_from_halves(std::span<const RoundedSum> sums, ActivationRanges& ranges);

}  // namespace vbq
