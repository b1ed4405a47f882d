// Kernels: each thread asks a function of plan/ for its values. What they compute is tested on the host.
#include <cuda_runtime.h>

#include "engine/cuda/device.hpp"
#include "engine/cuda/kernels.hpp"

namespace vbq::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWarp = 32;
constexpr int kPlacesPerBlock = 4 * kThreads;  // of the quantise kernel
constexpr std::int64_t kMostBlocks = 1 << 13;  // beyond, threads take several runs or rows

// All 32 lanes take part in every call. The order of a sum is fixed: halves, then quarters, ...
struct Warp {
  __device__ static int rank() { return static_cast<int>(threadIdx.x) % kWarp; }
  __device__ static int size() { return kWarp; }
  __device__ static double sum(double v) {
    for (int distance = kWarp / 2; distance > 0; distance /= 2) v += __shfl_xor_sync(0xffffffffU, v, distance);
    return v;
  }
  __device__ static double largest(double v) {
    for (int distance = kWarp / 2; distance > 0; distance /= 2) {
      const double other = __shfl_xor_sync(0xffffffffU, v, distance);
      if (v < other) v = other;
    }
    return v;
  }
};

int blocks_for(std::int64_t threads) {
  const std::int64_t blocks = (threads + kThreads - 1) / kThreads;
  return static_cast<int>(blocks < kMostBlocks ? blocks : kMostBlocks);
}

template <typename Op, int width>
__global__ void __launch_bounds__(kThreads)
    each_run(const __grid_constant__ Op op, std::uint32_t runs, Out y, Width<width>) {
  const std::uint64_t step = static_cast<std::uint64_t>(gridDim.x) * kThreads;
  for (std::uint64_t i = static_cast<std::uint64_t>(blockIdx.x) * kThreads + threadIdx.x; i < runs; i += step) {
    compute<width>(op, static_cast<std::uint32_t>(i), y);
  }
}

__global__ void __launch_bounds__(kThreads) softmax_rows(const __grid_constant__ Softmax op, std::int64_t rows, Out y) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * (kThreads / kWarp);
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * (kThreads / kWarp) + threadIdx.x / kWarp;
  for (std::int64_t i = first; i < rows; i += step) op(Warp(), i / op.rows, static_cast<int>(i % op.rows), y);
}

// 64-bit counters of CUDA are unsigned; sums wrap alike.
__device__ void add(std::int64_t* to, std::int64_t v) {
  static_assert(sizeof(unsigned long long) == sizeof(std::int64_t));
  if (v != 0) atomicAdd(reinterpret_cast<unsigned long long*>(to), static_cast<unsigned long long>(v));
}

// A block is one warp: images are few, and are counted by as many processors.
__global__ void __launch_bounds__(kWarp) count_images(const __grid_constant__ Count op, Tally* tally) {
  for (std::int64_t n = blockIdx.x; n < op.batch; n += gridDim.x) {
    Tally one;
    if (!op(Warp(), n, one) || Warp::rank() != 0) continue;
    add(&tally->seen, one.seen);
    add(&tally->top1, one.top1);
    add(&tally->top5, one.top5);
    add(&tally->loss, one.loss);
    add(&tally->divergence, one.divergence);
  }
}

__global__ void set_item(std::int64_t* item, std::int64_t value) { *item = value; }

// A launch of its own, because the images of an item are counted by several blocks.
__global__ void next_item(std::int64_t* item) { *item += 1; }

__global__ void __launch_bounds__(kThreads)
    quantise_layers(const LayerTask* tasks, int layers, const PackedLayer* formats, const float* words) {
  const int block = static_cast<int>(blockIdx.x);
  const int number = task_of(tasks, layers, block);
  const LayerTask task = tasks[number];
  const PackedLayer format = formats[number];
  __shared__ float near_values[kMostLevels];
  const bool few = format.codebooks == 1;
  for (int i = static_cast<int>(threadIdx.x); few && i < format.levels; i += kThreads) {
    near_values[i] = words[format.values + i];
  }
  __syncthreads();
  const float* values = few ? near_values : words + format.values;
  const std::int64_t first = static_cast<std::int64_t>(block - task.first_block) * kPlacesPerBlock;
  const Out out{task.out, task.type};
  for (int k = static_cast<int>(threadIdx.x); k < kPlacesPerBlock; k += kThreads) {
    const std::int64_t place = first + k;
    if (place < task.places()) {
      out.store(place, weight_at(task, format, words, values, place));
    }
  }
}

void launched(const char* what) { check(cudaGetLastError(), what); }

}  // namespace

template <typename Op>
void launch(const Op& op, std::int64_t images, Out y, cudaStream_t stream) {
  with_width<Op>(y.type, [&](auto width) {
    const std::int64_t runs = images * runs_of(op.y, width);
    check(runs > UINT32_MAX ? cudaErrorInvalidValue : cudaSuccess, "counting a kernel's runs");
    if (runs == 0) return;
    each_run<<<blocks_for(runs), kThreads, 0, stream>>>(op, static_cast<std::uint32_t>(runs), y, width);
    launched("launching a kernel of runs");
  });
}
template void launch(const Affine&, std::int64_t, Out, cudaStream_t);
template void launch(const Map&, std::int64_t, Out, cudaStream_t);
template void launch(const Binary&, std::int64_t, Out, cudaStream_t);
template void launch(const Gather&, std::int64_t, Out, cudaStream_t);
template void launch(const Border&, std::int64_t, Out, cudaStream_t);
template void launch(const Reorder&, std::int64_t, Out, cudaStream_t);
template void launch(const Pool&, std::int64_t, Out, cudaStream_t);
template void launch(const Reduction&, std::int64_t, Out, cudaStream_t);
template void launch(const Convolution&, std::int64_t, Out, cudaStream_t);
template void launch(const Normalise&, std::int64_t, Out, cudaStream_t);

void launch_softmax(const Softmax& op, std::int64_t images, Out y, cudaStream_t stream) {
  const std::int64_t rows = images * op.rows;
  softmax_rows<<<blocks_for(rows * kWarp), kThreads, 0, stream>>>(op, rows, y);
  launched("launching the softmax kernel");
}

void launch_set_item(std::int64_t* item, std::int64_t value, cudaStream_t stream) {
  set_item<<<1, 1, 0, stream>>>(item, value);
  launched("launching the choice of an item");
}

void launch_count(const Count& op, Tally* tally, std::int64_t* item, cudaStream_t stream) {
  const auto blocks = static_cast<int>(op.batch < kMostBlocks ? op.batch : kMostBlocks);
  count_images<<<blocks, kWarp, 0, stream>>>(op, tally);
  launched("launching the counting kernel");
  next_item<<<1, 1, 0, stream>>>(item);
  launched("launching the step to the next item");
}

int quantise_blocks(const LayerTask& task) {
  return static_cast<int>((task.places() + kPlacesPerBlock - 1) / kPlacesPerBlock);
}

void launch_quantise(const LayerTask* tasks, int layers, const PackedLayer* formats, const std::uint32_t* words,
                     int blocks, cudaStream_t stream) {
  if (blocks == 0) return;
  quantise_layers<<<blocks, kThreads, 0, stream>>>(tasks, layers, formats, reinterpret_cast<const float*>(words));
  launched("launching the quantise kernel");
}

}  // namespace vbq::cuda
