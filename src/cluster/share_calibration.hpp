// Calibration, shared out over the ranks.
#pragma once

#include <memory>

#include "cluster/communicator.hpp"
#include "evaluate/problem.hpp"

namespace vbq {

// Collective: the calibration that the problem's assignment needs, the same on every rank; null when it needs none.
// Work is shared out by layer, never by image: each layer's sums are made whole on one rank, so the result does not
// depend on the number of ranks. Workers compute; rank 0 only where it is alone.
std::shared_ptr<const Calibration> share_calibration(Communicator& world, const Problem& problem);

// Collective: what becomes of the problem's activations (calibrate_activations()), found by the last rank.
ActivationRanges share_activations(Communicator& world, const Problem& problem);

}  // namespace vbq
