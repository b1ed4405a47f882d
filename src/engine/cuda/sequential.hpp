// Launchers of sequential assignment's own kernels. All pointers are device memory; launches are checked, not waited
// for.
#pragma once

#include <cuda_runtime_api.h>

#include "engine/cuda/plan/assign.hpp"
#include "engine/cuda/plan/sequential.hpp"

namespace vbq::cuda {

// Patches of positions first .. first + count - 1. bad: becomes one that is not finite or very large, where
// there are such, as check_inputs() says; may be null.
void launch_sample(const Sample& op, std::int64_t first, std::int64_t count, float* to, float* bad,
                   cudaStream_t stream);

// W x of `count` patches, to [count, outputs]; or, with `trained` of the same shape, trained - W x.
void launch_outputs(const SequentialShape& shape, const float* patches, std::int64_t count, const float* weight,
                    const float* trained, float* to, cudaStream_t stream);

// Splits of a part's positions whose sums are made side by side: by the shape and the count alone.
int sum_splits(const SequentialShape& shape, std::int64_t count);
// memory.sums of the part in memory.patches and memory.missing; added to what is there unless this is the first part.
// Sums that are not finite mark their run.
void launch_sums(const SequentialShape& shape, std::int64_t count, bool first, const SequentialMemory& memory,
                 cudaStream_t stream);

// From sums of `positions` positions to targets and to what their errors feed back; weight: as trained.
void launch_factor(const SequentialShape& shape, std::int64_t positions, const float* weight,
                   const SequentialMemory& memory, cudaStream_t stream);
// The last part of that, from memory.factor on.
void launch_targets(const SequentialShape& shape, const float* weight, const SequentialMemory& memory,
                    cudaStream_t stream);

// The nearest level of each weight's target.
void launch_nearest(const SequentialShape& shape, const PackedLayer& format, const float* words, const float* target,
                    std::uint8_t* levels, cudaStream_t stream);
// memory.costs of `count` levels, from those that the weights have; lambda: all of RateChooser's but the mean of D.
// memory.taken: zeros, before and after.
void launch_price(const SequentialShape& shape, const std::uint8_t* levels, int count, double lambda,
                  const SequentialMemory& memory, cudaStream_t stream);

}  // namespace vbq::cuda
