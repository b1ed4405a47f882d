// Quantised activations: where a network's values are rounded to few bits, and the network that does so.
#pragma once

#include <span>
#include <vector>

#include "vbq/network.hpp"

namespace vbq {

// A value that is to be quantised: what a layer sees, or what it gives.
struct ActivationPlace {
  int layer = 0;  // in Network::nodes
  ActivationRange::Side side = ActivationRange::Side::input;
  ValueId value = 0;
};

// What the layers (ascending) see, and what they give to the sum of two values, each value once: ascending by layer,
// inputs first. What a batch norm gives that is none of the file's is left out.
std::vector<ActivationPlace> activation_places(const Network& network, std::span<const int> layers);

// Bits of a place where `bits` are asked for: the network's own input, of images of 8 bits, never has fewer.
int activation_bits(const ActivationPlace& place, int bits);

// The network with each of these values rounded before anyone reads it; what clipped at zero before (ReLU) clips at the
// range's end too. Its `activations` are `ranges`. network: as trained. Error where a range names no layer, a value
// twice, or has numbers that are none.
Network quantise_activations(const Network& network, const ActivationRanges& ranges);

}  // namespace vbq
