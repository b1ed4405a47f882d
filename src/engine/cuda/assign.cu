// The kernel of compensated assignment. What it computes, and where its threads meet, is tested on the host
// (plan/assign.hpp).
#include <cuda_runtime.h>

#include "engine/cuda/device.hpp"
#include "engine/cuda/kernels.hpp"

namespace vbq::cuda {
namespace {

struct ThreadBlock {
  template <typename F>
  __device__ static void each(F f) {
    f(static_cast<int>(threadIdx.x));
  }
  __device__ static void meet() { __syncthreads(); }
  __device__ static void meet_row() { __syncwarp(); }
};
static_assert(32 % kRowThreads == 0);  // a row's threads are of one warp

__global__ void __launch_bounds__(kAssignThreads)
    assign_layers(const AssignTask* tasks, int count, const float* words, float* scratch, std::uint8_t* levels) {
  __shared__ AssignPanel panel;
  const int block = static_cast<int>(blockIdx.x);
  const AssignTask task = tasks[task_of(tasks, count, block)];
  AssignRows(task, words, scratch, levels, block, panel).run(ThreadBlock());
}

}  // namespace

void launch_assign(const AssignTask* tasks, int count, const std::uint32_t* words, float* scratch, std::uint8_t* levels,
                   int blocks, cudaStream_t stream) {
  if (blocks == 0) return;
  assign_layers<<<blocks, kAssignThreads, 0, stream>>>(tasks, count, reinterpret_cast<const float*>(words), scratch,
                                                       levels);
  check(cudaGetLastError(), "launching the assignment kernel");
}

}  // namespace vbq::cuda
