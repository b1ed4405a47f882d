// What ranks 1, 2, ... do while rank 0 has a ClusterEvaluator.
#pragma once

#include "cluster/communicator.hpp"
#include "cluster/share_kernels.hpp"
#include "evaluate/problem.hpp"
#include "evaluate/worker.hpp"

namespace vbq {

// Rank r is worker r - 1. Makes its engine (after rank 1, where there are kernels to choose), loads its images, agrees
// with the others (AgreedError on all when one cannot start or differs), then does what rank 0 orders until it is told
// to stop. Throws Dismissed when rank 0 gave up. A failure in the middle ends all ranks, after one sentence with rank,
// host and cause: the others would wait for ever.
void serve(Communicator& world, Problem problem, const Worker::MakeEngine& make = make_engine,
           const MeasuresKernels& measures = measures_kernels);

}  // namespace vbq
