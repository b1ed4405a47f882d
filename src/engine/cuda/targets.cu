// Kernels of the last part of factoring (factor.cu): targets, and what their errors feed back.
#include <cuda_runtime.h>

#include <cmath>

#include "engine/cuda/device.hpp"
#include "engine/cuda/sequential.hpp"
#include "engine/cuda/unrolled.hpp"

namespace vbq::cuda {
namespace {

constexpr int kPanel = kFactorPanel;
constexpr int kThreads = 256;
constexpr int kSolvedRows = 8;  // of a thread block: a warp a row
constexpr int kTogether = 16;   // numbers that are waited for together

// X L = E L^-T for some rows below H, in place, from the last panel on. Block: rows, then run.
__global__ void __launch_bounds__(kThreads)
    solve_rows(const SequentialShape shape, int row_blocks, double* factor, const double* diagonal) {
  __shared__ double l[kPanel][kPanel + 1], x[kSolvedRows][kPanel], inverse[kPanel];
  const int block = static_cast<int>(blockIdx.x), thread = static_cast<int>(threadIdx.x);
  const int run = block / row_blocks, n = shape.size(run), lane = thread % kPanel, warp = thread / kPanel;
  const int rows = shape.rows - block % row_blocks * kSolvedRows;  // that are left
  double* a = factor + run * shape.trapezoid();
  double* e = a + static_cast<std::int64_t>(n + block % row_blocks * kSolvedRows) * n;
  for (int first = (n - 1) / kPanel * kPanel; first >= 0; first -= kPanel) {
    const int width = n - first < kPanel ? n - first : kPanel;
    const double* from = diagonal + run * shape.diagonal() + static_cast<std::int64_t>(first) * kPanel;
    for (int i = thread; i < kPanel * kPanel; i += kThreads) l[i / kPanel][i % kPanel] = from[i];
    x[warp][lane] = warp < rows && lane < width ? e[static_cast<std::int64_t>(warp) * n + first + lane] : 0.0;
    if (thread < kPanel) inverse[thread] = 1.0 / (thread < width ? from[thread * (kPanel + 1)] : 1.0);
    __syncthreads();
    for (int c = width - 1; c >= 0; --c) {
      if (lane == c) x[warp][c] *= inverse[c];
      __syncwarp();
      if (lane < c) x[warp][lane] = fma(-x[warp][c], l[c][lane], x[warp][lane]);
      __syncwarp();
    }
    __syncthreads();
    if (warp < rows && lane < width) e[static_cast<std::int64_t>(warp) * n + first + lane] = x[warp][lane];
    for (int c = thread; c < first; c += kThreads) {
      double sum[kSolvedRows];
      for (int r = 0; r < kSolvedRows; ++r) sum[r] = r < rows ? e[static_cast<std::int64_t>(r) * n + c] : 0.0;
      for (int k = 0; k < width; k += kTogether) {
        double v[kTogether];
        VBQ_UNROLLED
        for (int i = 0; i < kTogether; ++i) {
          v[i] = k + i < width ? a[static_cast<std::int64_t>(first + k + i) * n + c] : 0.0;
        }
        VBQ_UNROLLED
        for (int i = 0; i < kTogether; ++i) {
          for (int r = 0; r < kSolvedRows; ++r) sum[r] = fma(-x[r][k + i], v[i], sum[r]);
        }
      }
      for (int r = 0; r < kSolvedRows; ++r) {
        if (r < rows) e[static_cast<std::int64_t>(r) * n + c] = sum[r];
      }
    }
    __syncthreads();
  }
}

// A thread a weight of the layer: its target, as long as all are finite.
__global__ void __launch_bounds__(kThreads)
    correct_targets(const SequentialShape shape, const float* weight, const SequentialMemory memory) {
  const std::int64_t all = static_cast<std::int64_t>(shape.outputs()) * shape.columns;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; at < all; at += step) {
    const int channel = static_cast<int>(at / shape.columns), i = static_cast<int>(at % shape.columns);
    const int run = channel / shape.rows, n = shape.columns;
    const int column = memory.order[static_cast<std::int64_t>(run) * shape.longest + i];
    const std::int64_t to = static_cast<std::int64_t>(channel) * n + column;
    const double* e = memory.factor + run * shape.trapezoid() + static_cast<std::int64_t>(n + channel % shape.rows) * n;
    const auto target = static_cast<float>(static_cast<double>(weight[to]) + e[n - 1 - i]);
    memory.target[to] = target;
    if (!(fabsf(target) < INFINITY)) memory.broken[shape.runs()] = 1;
  }
}

__global__ void __launch_bounds__(kThreads)
    restore_targets(std::int64_t all, const float* weight, const int* broken, float* target) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; at < all; at += step) {
    if (broken == nullptr || *broken != 0) target[at] = weight[at];
  }
}

// A thread a place of all runs' squares: what the errors of column i feed back to column j > i.
__global__ void __launch_bounds__(kThreads) feed_back(const SequentialShape shape, const SequentialMemory memory) {
  const std::int64_t one = shape.square(), all = one * shape.runs();
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; at < all; at += step) {
    const int run = static_cast<int>(at / one), n = shape.size(run);
    const int place = static_cast<int>(at - run * one), i = place / n, j = place % n;
    if (i >= n) continue;
    const double* a = memory.factor + run * shape.trapezoid();
    const double* diagonal = memory.diagonal + run * shape.diagonal();
    const int row = n - 1 - i, column = n - 1 - j;
    const double least = diagonal[static_cast<std::int64_t>(column) * kPanel + column % kPanel];
    float value = 0;
    if (j > i) {  // of a broken run: 0
      const bool near = row / kPanel == column / kPanel;
      const double l = near ? diagonal[static_cast<std::int64_t>(row) * kPanel + column % kPanel]
                            : a[static_cast<std::int64_t>(row) * n + column];
      value = static_cast<float>(l / least);
    }
    memory.feedback[at] = value;
    if (i > 0) continue;
    const std::int64_t first = static_cast<std::int64_t>(run) * shape.longest;
    memory.weight[first + j] = static_cast<float>(least * least);
    memory.columns[first + j] = shape.first(run) + memory.order[first + j];
  }
}

int blocks_for(std::int64_t threads) {
  const std::int64_t blocks = (threads + kThreads - 1) / kThreads;
  return static_cast<int>(blocks < (1 << 20) ? blocks : 1 << 20);
}
int parts_of(int whole, int part) { return (whole + part - 1) / part; }

}  // namespace

void launch_targets(const SequentialShape& shape, const float* weight, const SequentialMemory& memory,
                    cudaStream_t stream) {
  feed_back<<<blocks_for(shape.square() * shape.runs()), kThreads, 0, stream>>>(shape, memory);
  const std::int64_t weights = static_cast<std::int64_t>(shape.outputs()) * shape.columns;
  const int* broken = nullptr;
  if (shape.corrected()) {
    const int row_blocks = parts_of(shape.rows, kSolvedRows);
    solve_rows<<<row_blocks * shape.runs(), kThreads, 0, stream>>>(shape, row_blocks, memory.factor, memory.diagonal);
    correct_targets<<<blocks_for(weights), kThreads, 0, stream>>>(shape, weight, memory);
    broken = memory.broken + shape.runs();
  }
  restore_targets<<<blocks_for(weights), kThreads, 0, stream>>>(weights, weight, broken, memory.target);
  check(cudaGetLastError(), "launching a kernel of a layer's targets");
}

}  // namespace vbq::cuda
