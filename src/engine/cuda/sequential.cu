// Kernels of sequential assignment: what layers see, and sums of its products.
#include "engine/cuda/sequential.hpp"

#include <cuda_runtime.h>

#include <cmath>

#include "engine/cuda/device.hpp"
#include "engine/cuda/unrolled.hpp"

namespace vbq::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kTile = 64, kDepth = 16;  // a thread block makes kTile x kTile products, kDepth terms at a time
constexpr int kOwn = 4;                 // a thread, kOwn x kOwn of them
constexpr int kAcross = kTile / kOwn;
constexpr int kHeld = 64;  // positions summed in float before they are added in double, as on the host
static_assert(kAcross * kAcross == kThreads && kHeld % kDepth == 0);

__global__ void __launch_bounds__(kThreads)
    sample_patches(const Sample op, std::int64_t first, std::int64_t numbers, float* to, float* bad) {
  constexpr float kMost = 0x1p60F;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < numbers; i += step) {
    const Divided position = divide(static_cast<std::uint32_t>(i), op.row);
    const float v = op(first + position.whole, position.left);
    to[i] = v;
    if (bad != nullptr && !(fabsf(v) < kMost)) *bad = v;
  }
}

struct Tiles {  // a thread's own numbers lie side by side, and a row's first on a multiple of 16 bytes: one load
  float left[kDepth][kTile + 4], right[kDepth][kTile + 4];
};

// sum[a][b] = fma(left[k][..], right[k][..], sum[a][b]) for the first `depth` k, in order.
template <int depth>
__device__ inline void multiply(const Tiles& tiles, float (&sum)[kOwn][kOwn]) {
  const int down = static_cast<int>(threadIdx.x) / kAcross, across = static_cast<int>(threadIdx.x) % kAcross;
  VBQ_UNROLLED
  for (int k = 0; k < depth; ++k) {
    const float4 left = *reinterpret_cast<const float4*>(&tiles.left[k][down * kOwn]);
    const float4 right = *reinterpret_cast<const float4*>(&tiles.right[k][across * kOwn]);
    const float x[kOwn] = {left.x, left.y, left.z, left.w}, y[kOwn] = {right.x, right.y, right.z, right.w};
    for (int a = 0; a < kOwn; ++a) {
      for (int b = 0; b < kOwn; ++b) sum[a][b] = fmaf(x[a], y[b], sum[a][b]);
    }
  }
}

// Block: positions, then output channels of a group, then groups.
__global__ void __launch_bounds__(kThreads)
    layer_outputs(const SequentialShape shape, const float* patches, std::int64_t count, const float* weight,
                  const float* trained, float* to) {
  alignas(16) __shared__ Tiles tiles;
  const int thread = static_cast<int>(threadIdx.x), block = static_cast<int>(blockIdx.x);
  const int downs = static_cast<int>((count + kTile - 1) / kTile), acrosses = (shape.rows + kTile - 1) / kTile;
  const std::int64_t position = static_cast<std::int64_t>(block % downs) * kTile;
  const int channel = block / downs % acrosses * kTile, group = block / downs / acrosses;
  float sum[kOwn][kOwn] = {};
  for (int first = 0; first < shape.columns; first += kDepth) {
    const int depth = shape.columns - first < kDepth ? shape.columns - first : kDepth;
    for (int i = thread; i < kTile * kDepth; i += kThreads) {
      const int k = i % kDepth, r = i / kDepth;
      const bool in = k < depth, left = in && position + r < count, right = in && channel + r < shape.rows;
      const int column = first + k;
      tiles.left[k][r] = left ? patches[(position + r) * shape.row() + group * shape.columns + column] : 0.0F;
      tiles.right[k][r] =
          right ? weight[static_cast<std::int64_t>(group * shape.rows + channel + r) * shape.columns + column] : 0.0F;
    }
    __syncthreads();
    multiply<kDepth>(tiles, sum);  // beyond `depth` there are zeros
    __syncthreads();
  }
  for (int a = 0; a < kOwn; ++a) {
    const std::int64_t p = position + thread / kAcross * kOwn + a;
    for (int b = 0; b < kOwn; ++b) {
      const int r = channel + thread % kAcross * kOwn + b;
      if (p >= count || r >= shape.rows) continue;
      const std::int64_t at = p * shape.outputs() + group * shape.rows + r;
      to[at] = trained != nullptr ? trained[at] - sum[a][b] : sum[a][b];
    }
  }
}

// Tiles of the tallest trapezoid: all of a row that are not above the diagonal.
struct TrapezoidTiles {
  int downs, acrosses;
  VBQ_BOTH explicit TrapezoidTiles(const SequentialShape& shape)
      : downs((shape.tallest() + kTile - 1) / kTile), acrosses((shape.longest + kTile - 1) / kTile) {}
  VBQ_BOTH int count() const { return acrosses * (acrosses + 1) / 2 + (downs - acrosses) * acrosses; }
  // Row and column of tile `number`.
  VBQ_BOTH void find(int number, int& down, int& across) const {
    down = 0;
    while (number > (down < acrosses ? down : acrosses - 1)) number -= down++ < acrosses ? down : acrosses;
    across = number;
  }
};

// Block: tile, then split, then run.
__global__ void __launch_bounds__(kThreads) sum_products(const SequentialShape shape, std::int64_t count, int splits,
                                                         const float* patches, const float* missing, double* parts) {
  alignas(16) __shared__ Tiles tiles;
  const TrapezoidTiles trapezoid(shape);
  const int thread = static_cast<int>(threadIdx.x), block = static_cast<int>(blockIdx.x);
  const int split = block / trapezoid.count() % splits, run = block / trapezoid.count() / splits;
  int down = 0, across = 0;
  trapezoid.find(block % trapezoid.count(), down, across);
  const int n = shape.size(run), height = shape.height(run), group = run / shape.runs_a_group;
  const std::int64_t helds = (count + kHeld - 1) / kHeld;
  const std::int64_t begin = helds * split / splits * kHeld;
  const std::int64_t last = helds * (split + 1) / splits * kHeld, end = last < count ? last : count;
  const float* columns = patches + group * shape.columns + shape.first(run);
  const float* rows = missing + group * shape.rows - n;
  // A thread brings numbers of one row and one column, kTile * kDepth / kThreads positions of each at a time; the next
  // ones are on their way while it multiplies.
  constexpr int kSome = kTile * kDepth / kThreads, kStep = kThreads / kTile;
  const int r = thread % kTile, above = thread / kTile;
  const int row = down * kTile + r, column = across * kTile + r;
  const float* left = row < n ? columns + row : rows + row;
  const std::int64_t stride = shape.row(), left_stride = row < n ? shape.row() : shape.outputs();
  const bool left_in = row < height, right_in = column < n;
  float next_left[kSome], next_right[kSome];
  const auto fetch = [&](std::int64_t first) {
    for (int q = 0; q < kSome; ++q) {
      const std::int64_t p = first + above + q * kStep;
      next_left[q] = left_in && p < end ? left[p * left_stride] : 0.0F;
      next_right[q] = right_in && p < end ? columns[p * stride + column] : 0.0F;
    }
  };
  double all[kOwn][kOwn] = {};
  fetch(begin);
  for (std::int64_t held = begin; held < end; held += kHeld) {
    float sum[kOwn][kOwn] = {};
    for (std::int64_t first = held; first < held + kHeld && first < end; first += kDepth) {
      for (int q = 0; q < kSome; ++q) {
        tiles.left[above + q * kStep][r] = next_left[q];
        tiles.right[above + q * kStep][r] = next_right[q];
      }
      __syncthreads();
      fetch(first + kDepth);
      multiply<kDepth>(tiles, sum);
      __syncthreads();
    }
    for (int i = 0; i < kOwn; ++i) {
      for (int j = 0; j < kOwn; ++j) all[i][j] += static_cast<double>(sum[i][j]);
    }
  }
  double* to = parts + (static_cast<std::int64_t>(split) * shape.runs() + run) * shape.trapezoid();
  for (int a = 0; a < kOwn; ++a) {
    const int i = down * kTile + thread / kAcross * kOwn + a;
    for (int b = 0; b < kOwn; ++b) {
      const int j = across * kTile + thread % kAcross * kOwn + b;
      if (i < height && j < n) to[static_cast<std::int64_t>(i) * n + j] = all[a][b];
    }
  }
}

// A thread a place of all runs' trapezoids: the splits' sums, in order.
__global__ void __launch_bounds__(kThreads)
    add_splits(const SequentialShape shape, int splits, bool begin, const double* parts, double* sums, int* broken) {
  const std::int64_t one = shape.trapezoid(), all = one * shape.runs();
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < all; i += step) {
    const int run = static_cast<int>(i / one), n = shape.size(run);
    const std::int64_t place = i - run * one, row = place / n;
    if (row >= shape.height(run) || place - row * n > row) continue;
    double sum = begin ? 0.0 : sums[i];
    for (int s = 0; s < splits; ++s) sum += parts[s * all + i];
    sums[i] = sum;
    if (!(fabs(sum) < INFINITY)) broken[run] = 1;
  }
}

int blocks_for(std::int64_t threads) {
  const std::int64_t blocks = (threads + kThreads - 1) / kThreads;
  return static_cast<int>(blocks < (1 << 20) ? blocks : 1 << 20);
}

}  // namespace

void launch_sample(const Sample& op, std::int64_t first, std::int64_t count, float* to, float* bad,
                   cudaStream_t stream) {
  const std::int64_t numbers = count * op.row;
  sample_patches<<<blocks_for(numbers), kThreads, 0, stream>>>(op, first, numbers, to, bad);
  check(cudaGetLastError(), "launching the sampling of a layer's inputs");
}

void launch_outputs(const SequentialShape& shape, const float* patches, std::int64_t count, const float* weight,
                    const float* trained, float* to, cudaStream_t stream) {
  const auto downs = static_cast<int>((count + kTile - 1) / kTile);
  const int blocks = downs * ((shape.rows + kTile - 1) / kTile) * shape.groups;
  layer_outputs<<<blocks, kThreads, 0, stream>>>(shape, patches, count, weight, trained, to);
  check(cudaGetLastError(), "launching the outputs of a layer's patches");
}

int sum_splits(const SequentialShape& shape, std::int64_t count) {
  constexpr std::int64_t kBlocks = 528;  // as keep the largest GPUs busy
  constexpr std::int64_t kLeast = 256;   // positions that are worth a thread block
  const std::int64_t tiles = static_cast<std::int64_t>(TrapezoidTiles(shape).count()) * shape.runs();
  const std::int64_t wanted = (kBlocks + tiles - 1) / tiles, most = count / kLeast;
  return static_cast<int>(wanted < most ? wanted : (most < 1 ? 1 : most));
}

void launch_sums(const SequentialShape& shape, std::int64_t count, bool first, const SequentialMemory& memory,
                 cudaStream_t stream) {
  const int splits = sum_splits(shape, count);
  const int blocks = TrapezoidTiles(shape).count() * splits * shape.runs();
  sum_products<<<blocks, kThreads, 0, stream>>>(shape, count, splits, memory.patches, memory.missing, memory.parts);
  check(cudaGetLastError(), "launching the sums of a layer's products");
  add_splits<<<blocks_for(shape.trapezoid() * shape.runs()), kThreads, 0, stream>>>(shape, splits, first, memory.parts,
                                                                                    memory.sums, memory.broken);
  check(cudaGetLastError(), "launching the sum of a layer's sums");
}

}  // namespace vbq::cuda
