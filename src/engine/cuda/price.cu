// Kernels of rate-distortion assignment (assign/rate.hpp): what telling a level costs, from how often it was taken.
#include <cuda_runtime.h>

#include "engine/cuda/device.hpp"
#include "engine/cuda/sequential.hpp"
#include "quant/code_length.hpp"

namespace vbq::cuda {
namespace {

constexpr int kThreads = 256;
static_assert(kThreads == kMostLevels);

__global__ void __launch_bounds__(kThreads)
    take_nearest(std::int64_t weights, int row, const PackedLayer format, const float* words, const float* target,
                 std::uint8_t* levels) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < weights; i += step) {
    const int channel = static_cast<int>(i / row);
    const float x =
        format.scale_count > 0 ? target[i] / words[format.scales + (format.scale_count > 1 ? channel : 0)] : target[i];
    const int own = format.codebooks > 1 ? channel * format.levels : 0;
    levels[i] = static_cast<std::uint8_t>(level_of(x, words + format.thresholds + own, format.levels));
  }
}

// Whole numbers, so their order does not matter.
__global__ void __launch_bounds__(kThreads)
    count_levels(std::int64_t weights, const std::uint8_t* levels, std::uint32_t* taken) {
  __shared__ unsigned own[kMostLevels];
  own[threadIdx.x] = 0;
  __syncthreads();
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < weights; i += step) {
    atomicAdd(&own[levels[i]], 1U);
  }
  __syncthreads();
  if (own[threadIdx.x] > 0) atomicAdd(&taken[threadIdx.x], own[threadIdx.x]);
}

// One thread block: a thread a level.
__global__ void __launch_bounds__(kThreads) price_levels(const SequentialShape shape, std::int64_t weights, int count,
                                                         double lambda, const SequentialMemory memory) {
  __shared__ double sums[kThreads];
  const int thread = static_cast<int>(threadIdx.x);
  double sum = 0;
  std::int64_t columns = 0;
  for (int run = 0; run < shape.runs(); ++run) {
    if (memory.broken[run] != 0) continue;
    const float* own = memory.weight + static_cast<std::int64_t>(run) * shape.longest;
    for (int i = thread; i < shape.size(run); i += kThreads) sum += static_cast<double>(own[i]);
    columns += shape.size(run);
  }
  sums[thread] = sum;
  __syncthreads();
  for (int half = kThreads / 2; half > 0; half /= 2) {
    if (thread < half) sums[thread] += sums[thread + half];
    __syncthreads();
  }
  const std::uint64_t one = memory.taken[thread], all = static_cast<std::uint64_t>(weights);
  memory.taken[thread] = 0;
  if (thread >= count) return;
  const double diagonal = columns > 0 ? sums[0] / static_cast<double>(columns) : 0.0;
  const float bits = static_cast<float>(log2_fixed(all) - log2_fixed(one > 0 ? one : 1)) / 65536.0F;
  memory.costs[thread] = static_cast<float>(lambda * diagonal * static_cast<double>(bits));
}

int blocks_for(std::int64_t threads, int most) {
  const std::int64_t blocks = (threads + kThreads - 1) / kThreads;
  return static_cast<int>(blocks < most ? blocks : most);
}

std::int64_t weights_of(const SequentialShape& shape) {
  return static_cast<std::int64_t>(shape.outputs()) * shape.columns;
}

}  // namespace

void launch_nearest(const SequentialShape& shape, const PackedLayer& format, const float* words, const float* target,
                    std::uint8_t* levels, cudaStream_t stream) {
  const std::int64_t weights = weights_of(shape);
  take_nearest<<<blocks_for(weights, 1 << 20), kThreads, 0, stream>>>(weights, shape.columns, format, words, target,
                                                                      levels);
  check(cudaGetLastError(), "launching the choice of nearest levels");
}

void launch_price(const SequentialShape& shape, const std::uint8_t* levels, int count, double lambda,
                  const SequentialMemory& memory, cudaStream_t stream) {
  const std::int64_t weights = weights_of(shape);
  count_levels<<<blocks_for(weights, 256), kThreads, 0, stream>>>(weights, levels, memory.taken);
  price_levels<<<1, kThreads, 0, stream>>>(shape, weights, count, lambda, memory);
  check(cudaGetLastError(), "launching the price of levels");
}

}  // namespace vbq::cuda
