// Kernels that make of a layer's sums its targets and what their errors feed back: make_factor()
// (assign/compensated.hpp) in double, with the same order of columns and the same damping; only sums are added in
// another order.
//
// H = V V^T with V upper triangular is H = L L^T read backwards. The rows below H, of the targets' corrections, are
// factored along with it, which leaves them as E L^-T; what remains of E H^-1 is to solve X L = E L^-T from the last
// column on.
#include <cuda_runtime.h>

#include <cmath>

#include "engine/cuda/device.hpp"
#include "engine/cuda/sequential.hpp"
#include "engine/cuda/unrolled.hpp"

namespace vbq::cuda {
namespace {

constexpr int kPanel = kFactorPanel;
constexpr int kThreads = 256;
constexpr int kPanelRows = 128;                              // of a thread block that factors a panel: a thread a row
constexpr int kTile = 32, kOwn = 2, kAcross = kTile / kOwn;  // small: there are few, and each waits for its numbers

// One thread block a run: the order of columns, stable, and the damping.
__global__ void __launch_bounds__(kThreads)
    order_columns(const SequentialShape shape, double positions, const double* sums, int* order, double* damping,
                  const int* broken) {
  __shared__ double own[kThreads];
  const int run = static_cast<int>(blockIdx.x), thread = static_cast<int>(threadIdx.x), n = shape.size(run);
  const double* h = sums + run * shape.trapezoid();
  int* to = order + static_cast<std::int64_t>(run) * shape.longest;
  const bool fine = broken[run] == 0;
  const auto on_diagonal = [&](int i) { return i < n ? h[static_cast<std::int64_t>(i) * n + i] : -1.0; };
  double sum = 0;
  for (int first = 0; first < n; first += kThreads) {
    const int i = first + thread;
    const double mine = on_diagonal(i);
    if (i < n) sum += mine / positions;
    int rank = 0;
    for (int others = 0; others < n; others += kThreads) {  // some at a time, from shared memory
      own[thread] = on_diagonal(others + thread);
      __syncthreads();
      const int some = n - others < kThreads ? n - others : kThreads;
      for (int k = 0; k < some; ++k) rank += own[k] > mine || (own[k] == mine && others + k < i) ? 1 : 0;
      __syncthreads();
    }
    if (i < n) to[fine ? rank : i] = i;
  }
  own[thread] = sum;
  __syncthreads();
  for (int half = kThreads / 2; half > 0; half /= 2) {
    if (thread < half) own[thread] += own[thread + half];
    __syncthreads();
  }
  if (thread == 0) {
    const double mean = own[0] / n;
    damping[run] = fine && mean > 0 ? 0.01 * mean : 1.0;
  }
}

// A thread a place of all runs' trapezoids.
__global__ void __launch_bounds__(kThreads)
    turn_around(const SequentialShape shape, double positions, const SequentialMemory memory) {
  const std::int64_t one = shape.trapezoid(), all = one * shape.runs();
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; at < all; at += step) {
    const int run = static_cast<int>(at / one), n = shape.size(run);
    const int place = static_cast<int>(at - run * one), i = place / n, j = place % n;
    if (i >= shape.height(run) || j > i) continue;
    const double* h = memory.sums + run * one;
    const int* order = memory.order + static_cast<std::int64_t>(run) * shape.longest;
    const int b = order[n - 1 - j];
    double value;
    if (i < n) {
      const int a = order[n - 1 - i], row = a < b ? b : a, column = a < b ? a : b;
      value = memory.broken[run] != 0 ? 0.0 : h[static_cast<std::int64_t>(row) * n + column] / positions;
      if (i == j) value += memory.damping[run];
    } else {
      const double shrink = positions / (positions + 4 * static_cast<double>(n));
      value = memory.broken[run] != 0 ? 0.0 : h[static_cast<std::int64_t>(i) * n + b] * (shrink / positions);
    }
    memory.factor[at] = value;
  }
}

// l, lower triangle, in place, by one warp: a thread a row, which it holds in registers. inverse: 1 / its diagonal.
__device__ inline void factor_diagonal(double (&l)[kPanel][kPanel + 1], double (&inverse)[kPanel]) {
  const int row = static_cast<int>(threadIdx.x);
  double a[kPanel];
  VBQ_UNROLLED
  for (int c = 0; c < kPanel; ++c) a[c] = l[row][c];
  VBQ_UNROLLED
  for (int c = 0; c < kPanel; ++c) {
    if (row == c) {
      const double root = sqrt(a[c]);
      inverse[c] = 1.0 / root;
      l[c][c] = root;
    }
    __syncwarp();
    if (row > c) {
      a[c] *= inverse[c];
      l[row][c] = a[c];
    }
    __syncwarp();
    VBQ_UNROLLED
    for (int k = c + 1; k < kPanel; ++k) a[k] = fma(-a[c], l[k][c], a[k]);
  }
}

// The panel from column `first` on, of `width` columns: its block on the diagonal, and the rows below. Each thread
// block factors the diagonal for itself; the first one keeps it.
__global__ void __launch_bounds__(kPanelRows)
    factor_panel(const SequentialShape shape, int first, int row_blocks, double* factor, double* diagonal) {
  __shared__ double l[kPanel][kPanel + 1];
  __shared__ double inverse[kPanel];
  const int block = static_cast<int>(blockIdx.x), thread = static_cast<int>(threadIdx.x);
  const int run = block / row_blocks, n = shape.size(run), height = shape.height(run);
  if (first >= n) return;
  const int width = n - first < kPanel ? n - first : kPanel;
  double* a = factor + run * shape.trapezoid();
  for (int i = thread; i < kPanel * kPanel; i += kPanelRows) {
    const int r = i / kPanel, c = i % kPanel;
    const bool in = r < width && c <= r;
    l[r][c] = in ? a[static_cast<std::int64_t>(first + r) * n + first + c] : (r == c ? 1.0 : 0.0);
  }
  __syncthreads();
  if (thread < kPanel) factor_diagonal(l, inverse);
  __syncthreads();
  if (block % row_blocks == 0) {
    double* to = diagonal + run * shape.diagonal() + static_cast<std::int64_t>(first / kPanel) * kPanel * kPanel;
    for (int i = thread; i < kPanel * kPanel; i += kPanelRows) {
      const int r = i / kPanel, c = i % kPanel;
      to[i] = c <= r ? l[r][c] : 0.0;
    }
  }
  const int row = first + width + block % row_blocks * kPanelRows + thread;
  if (row >= height) return;
  double* mine = a + static_cast<std::int64_t>(row) * n + first;
  double x[kPanel];
  VBQ_UNROLLED
  for (int c = 0; c < kPanel; ++c) x[c] = c < width ? mine[c] : 0.0;
  VBQ_UNROLLED
  for (int c = 0; c < kPanel; ++c) {
    x[c] *= inverse[c];
    VBQ_UNROLLED
    for (int k = c + 1; k < kPanel; ++k) x[k] = fma(-x[c], l[k][c], x[k]);
  }
  VBQ_UNROLLED
  for (int c = 0; c < kPanel; ++c) {
    if (c < width) mine[c] = x[c];
  }
}

// What is right of the panel and below: minus the panel's products. Block: tile of all downs x acrosses, then run.
__global__ void __launch_bounds__(kThreads)
    update_right(const SequentialShape shape, int first, int downs, int acrosses, double* factor) {
  __shared__ double left[kPanel][kTile + 1], right[kPanel][kTile + 1];
  const int block = static_cast<int>(blockIdx.x), thread = static_cast<int>(threadIdx.x);
  const int run = block / (downs * acrosses), n = shape.size(run), height = shape.height(run);
  const int begin = first + kPanel;
  const int row = begin + block / acrosses % downs * kTile, column = begin + block % acrosses * kTile;
  if (row + kTile <= column || row >= height || column >= n) return;
  double* a = factor + run * shape.trapezoid();
  for (int i = thread; i < kPanel * kTile; i += kThreads) {
    const int k = i % kPanel, r = i / kPanel;
    left[k][r] = row + r < height ? a[static_cast<std::int64_t>(row + r) * n + first + k] : 0.0;
    right[k][r] = column + r < n ? a[static_cast<std::int64_t>(column + r) * n + first + k] : 0.0;
  }
  __syncthreads();
  const int down = thread / kAcross, across = thread % kAcross;
  double sum[kOwn][kOwn] = {};
  for (int k = 0; k < kPanel; ++k) {
    double x[kOwn], y[kOwn];
    for (int i = 0; i < kOwn; ++i) {
      x[i] = left[k][down + i * kAcross];
      y[i] = right[k][across + i * kAcross];
    }
    for (int i = 0; i < kOwn; ++i) {
      for (int j = 0; j < kOwn; ++j) sum[i][j] = fma(x[i], y[j], sum[i][j]);
    }
  }
  for (int i = 0; i < kOwn; ++i) {
    const int r = row + down + i * kAcross;
    for (int j = 0; j < kOwn; ++j) {
      const int c = column + across + j * kAcross;
      if (r < height && c < n && c <= r) a[static_cast<std::int64_t>(r) * n + c] -= sum[i][j];
    }
  }
}

int blocks_for(std::int64_t threads) {
  const std::int64_t blocks = (threads + kThreads - 1) / kThreads;
  return static_cast<int>(blocks < (1 << 20) ? blocks : 1 << 20);
}
int parts_of(int whole, int part) { return (whole + part - 1) / part; }

void launched() { check(cudaGetLastError(), "launching a kernel that factors a layer's H"); }

}  // namespace

void launch_factor(const SequentialShape& shape, std::int64_t positions, const float* weight,
                   const SequentialMemory& memory, cudaStream_t stream) {
  const auto count = static_cast<double>(positions);
  order_columns<<<shape.runs(), kThreads, 0, stream>>>(shape, count, memory.sums, memory.order, memory.damping,
                                                       memory.broken);
  turn_around<<<blocks_for(shape.trapezoid() * shape.runs()), kThreads, 0, stream>>>(shape, count, memory);
  for (int first = 0; first < shape.longest; first += kPanel) {
    const int right = shape.longest - first - kPanel, width = right < 0 ? shape.longest - first : kPanel;
    const int below = shape.tallest() - first - width;
    const int row_blocks = below > 0 ? parts_of(below, kPanelRows) : 1;
    factor_panel<<<row_blocks * shape.runs(), kPanelRows, 0, stream>>>(shape, first, row_blocks, memory.factor,
                                                                       memory.diagonal);
    launched();
    if (right <= 0) break;
    const int downs = parts_of(below, kTile), acrosses = parts_of(right, kTile);
    update_right<<<downs * acrosses * shape.runs(), kThreads, 0, stream>>>(shape, first, downs, acrosses,
                                                                           memory.factor);
    launched();
  }
  launch_targets(shape, weight, memory, stream);
}

}  // namespace vbq::cuda
