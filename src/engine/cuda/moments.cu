// The kernel of moment matching's sums; what it computes is in plan/moments.hpp and tested on the host.
#include "engine/cuda/moments.hpp"

#include <cuda_runtime.h>

#include "engine/cuda/device.hpp"

namespace vbq::cuda {
namespace {

template <typename Op>
__global__ void __launch_bounds__(kSumThreads) sum_channels(const Op op) {
  // As bytes, because shared memory has no constructors.
  alignas(ChannelSums) __shared__ unsigned char memory[kSumThreads * sizeof(ChannelSums)];
  auto* sums = reinterpret_cast<ChannelSums*>(memory);
  const int block = static_cast<int>(blockIdx.x), thread = static_cast<int>(threadIdx.x);
  sums[thread] = op(block, thread);
  __syncthreads();
  sum_lanes(sums, op.tiling.width, [&](int count, const auto& work) {
    if (thread < count) work(thread);
    __syncthreads();
  });
  if (thread < op.tiling.width) op.finish(block, thread, sums[thread]);
}

template <typename Op>
void launch_on(const Op& op, cudaStream_t stream) {
  sum_channels<<<op.blocks(), kSumThreads, 0, stream>>>(op);
  check(cudaGetLastError(), "launching a kernel of moment matching");
}

}  // namespace

void launch_sums(const SumRows& op, cudaStream_t stream) { launch_on(op, stream); }
void launch_sums(const MatchChannels& op, cudaStream_t stream) { launch_on(op, stream); }

}  // namespace vbq::cuda
