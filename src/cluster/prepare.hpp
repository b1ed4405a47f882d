// What every rank does before it takes memory for a problem.
#pragma once

#include "cluster/communicator.hpp"
#include "evaluate/problem.hpp"

namespace vbq {

// Collective. The problem's engine options with this worker's share of its host: threads, and a place among its
// workers. AgreedError on all when the problem does not fit together, or the workers of a host would not find the
// memory that they need there. A process that is alone is a worker; else rank 0 is none.
EngineOptions prepare(Communicator& world, const Problem& problem);

}  // namespace vbq
