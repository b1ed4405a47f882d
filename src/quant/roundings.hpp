// How a network with quantised activations rounds what a layer sees and what it gives.
#pragma once

#include "vbq/network.hpp"

namespace vbq {

// The step by which what the layer sees is rounded (quantise_activations()); 0: it is not.
float input_step(const Network& network, int node);

// The step by which what the layer gives, its batch norm done, is rounded next: with nothing between but what only
// moves elements or clips them. 0: it is not. Of several, the first in the network's order.
float output_step(const Network& network, int node);

// Whether the operator leaves each element as it is, or puts zeros beside them.
bool only_moves(const Operator& op);

}  // namespace vbq
