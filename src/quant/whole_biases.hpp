// Biases as int8 kernels have them: whole multiples of the step of what the layer sees times the step of its weights.
#pragma once

#include <optional>

#include "vbq/format.hpp"
#include "vbq/network.hpp"

namespace vbq {

// In such multiples; room for as many in the sum of products that a bias is added to in 32 bits.
inline constexpr double kLargestBias = 1 << 30;

// The step by which what the layer sees is rounded (quantise_activations()); 0: it is not.
float input_step(const Network& network, int node);

// Whether the layer's biases are to be such multiples: its input is rounded, its levels are int8. Biases that take
// levels of the codebook stay those.
bool has_whole_biases(const Network& network, const LayerFormat& layer);

// Gives such a layer the gain and shift that make what is added to each of its output channels, behind its batch norm,
// the nearest such multiple (halves to even). Left as it is: a layer to which nothing is added; a channel whose bias is
// beyond kLargestBias, beside which its weights' step is rounding. Done twice, nothing changes.
void take_whole_biases(const Network& network, LayerFormat& layer);

// All of a network's; none where no layer has such biases.
std::optional<NetworkFormat> whole_biases(const Network& network, const NetworkFormat& formats);

}  // namespace vbq
