// The worker's loop: what ranks 1, 2, ... do while rank 0 has a ClusterEvaluator.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "cluster/mpi.hpp"
#include "cluster/protocol.hpp"
#include "evaluate/problem.hpp"

namespace vbq {

// Rank r is worker r - 1. Makes its engine, loads its shard, agrees with the others (AgreedError on all when one cannot
// start or differs), then does what rank 0 asks until it is told to stop. Throws Dismissed when rank 0 gave up. A
// failure in the middle ends all ranks, after one sentence with rank, host and cause: the others would wait for ever.
void serve(Communicator& world, Problem problem);

// The part of one command that is this worker's, as words for the sum.
using Work = std::function<std::vector<std::int64_t>(protocol::Op, std::span<const Genome>)>;

// The loop alone. Until rank 0 says stop (true) or dismiss (false).
bool follow(Communicator& world, const Work& work);

}  // namespace vbq
