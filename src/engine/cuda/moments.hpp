// Launchers of moment matching's own kernels. Launches are checked, not waited for.
#pragma once

#include <cuda_runtime_api.h>

#include "engine/cuda/plan/moments.hpp"

namespace vbq::cuda {

void launch_sums(const SumRows& op, cudaStream_t stream);
void launch_sums(const MatchChannels& op, cudaStream_t stream);

}  // namespace vbq::cuda
