// How many threads each worker may use, so that the workers of a host share its processors and none is used twice.
#pragma once

#include "cluster/mpi.hpp"

namespace vbq {

// Collective. Of the processors that this rank is bound to, its fair part: each counts 1 / (working ranks of this host
// that may use it). At least 1. A rank that does not work takes no part and gets 1.
int fair_threads(Communicator& world, bool works);

}  // namespace vbq
