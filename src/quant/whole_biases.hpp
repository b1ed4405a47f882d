// Numbers that int8 kernels and FP32 programs agree on: biases that are whole multiples of the step of what the layer
// sees times the step of its weights, and such multiples that keep away from the middle between two steps of what the
// layer gives.
#pragma once

#include <optional>

#include "vbq/format.hpp"
#include "vbq/network.hpp"

namespace vbq {

// In such multiples; room for as many in the sum of products that a bias is added to in 32 bits.
inline constexpr double kLargestBias = 1 << 30;

// Whether the layer's biases are to be such multiples: its input is rounded, its levels are int8. Biases that take
// levels of the codebook stay those.
bool has_whole_biases(const Network& network, const LayerFormat& layer);

// Gives such a layer the gain and shift that make what is added to each of its output channels, behind its batch norm,
// the nearest such multiple (halves to even). Where what it gives is rounded next (output_step()), the gain moves
// first, by a few ten thousandths as a rule, to where one multiple is m / n of that step, n odd. No sum is nearer to a
// half then than 1 / (2 n), 1 / 1,600 of a step where 100 multiples make one and 1 / 16,000 at least, so that what FP32
// leaves of a sum, in whatever order it adds, decides nothing. Left as it is: a layer that neither is rounded next nor
// has anything added; a channel whose bias is beyond kLargestBias, beside which its weights' step is rounding, or whose
// step is less than 2 / 8,191 of the next. Done twice, nothing changes.
void take_whole_biases(const Network& network, LayerFormat& layer);

// All of a network's; none where no layer has such biases.
std::optional<NetworkFormat> whole_biases(const Network& network, const NetworkFormat& formats);

}  // namespace vbq
