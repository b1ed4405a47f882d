// Launches the kernel of plan/direct.hpp.
#pragma once

#include <cuda_runtime_api.h>

#include "engine/cuda/plan/direct.hpp"

namespace vbq::cuda {

// Of `images` images. type: of all arrays, 16 bits. processors: of the GPU. Checked, not waited for.
void launch_direct(const Direct& op, std::int64_t images, Type type, int processors, cudaStream_t stream);

}  // namespace vbq::cuda
