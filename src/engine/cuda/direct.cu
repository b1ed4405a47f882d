// The kernel of 3x3 convolutions of few channels: see plan/direct.hpp.
#include "engine/cuda/direct.hpp"

#include <cuda_runtime.h>

#include "engine/cuda/device.hpp"
#include "engine/cuda/tensor_core.hpp"
#include "engine/cuda/unrolled.hpp"

namespace vbq::cuda {
namespace {

constexpr int kLanes = 32, kThreads = kDirectWarps * kLanes;
constexpr int kBlocksAtOnce = 2;  // of a processor: so many registers has each thread that weights fit
constexpr int kTaps = kDirectSide * kDirectSide;
constexpr int kHalves = kDirectPixels / 16;  // of what a warp multiplies at once

template <typename T, int octets_>
struct Kind {
  using Number = T;
  static constexpr int octets = octets_;                  // of x's channels
  static constexpr int room = direct_room(octets);        // from an octet of a pixel to its next
  static constexpr int outputs = direct_outputs(octets);  // of a warp
  static constexpr int tiles = outputs / 8;               // of 16 pixels x 8 outputs
  static constexpr int steps = (kTaps * octets + 1) / 2;  // of 16 terms: two octets
  static constexpr int run = 2 * tiles;                   // outputs side by side that a lane ends up with
  static constexpr int terms = kTaps * octets * kOctet;   // of a weight's row
};

// Two strips, one of which is on its way while the other is multiplied, and 8 zeros.
__device__ inline Octet* strip_memory() {
  alignas(16) __shared__ unsigned char memory[(2 * kStripOctets + 1) * sizeof(Octet)];
  return reinterpret_cast<Octet*>(memory);
}

// Brings what strips see. A thread brings the same octet of a line all the time, every `step` lines; of lines that are
// longer than a thread block, several.
template <typename K>
class Bringer {
 public:
  __device__ explicit Bringer(const Direct& op)
      : op_(op), line_(op.across * K::octets), step_(line_ < kThreads ? kThreads / line_ : 1) {
    const Divided at = divide(threadIdx.x, line_);
    row_ = static_cast<int>(at.whole);
    first_ = row_ < step_ ? at.left : line_;
  }
  // The one that begins at row `first` of y.
  __device__ void bring(std::int64_t image, int first, Octet* to) const {
    const int seen = op_.seen_by(op_.rows_from(first)), top = first * op_.stride - op_.pad[0];
    const auto* x = static_cast<const typename K::Number*>(op_.in) + image * op_.x.image;
    const int down = step_ * op_.x.stride[1];
    for (int k = first_; k < line_; k += kThreads) {
      const int octet = static_cast<int>(static_cast<unsigned>(k) % K::octets);
      const int column = static_cast<int>(static_cast<unsigned>(k) / K::octets), w = column - op_.pad[1];
      const bool in_line = w >= 0 && w < op_.x.extent[2];
      Octet* at = to + octet * K::room + row_ * op_.across + column;
      int h = top + row_, from = h * op_.x.stride[1] + w * op_.x.stride[2] + octet * kOctet;
      for (int row = row_; row < seen; row += step_) {
        copy_later(at, x + from, in_line && static_cast<unsigned>(h) < static_cast<unsigned>(op_.x.extent[1]));
        at += step_ * op_.across;
        h += step_;
        from += down;
      }
    }
  }

 private:
  const Direct& op_;
  int line_, step_, row_ = 0, first_ = 0;
};

// What a warp holds of the weights: columns of its outputs. Output (n / 2) * run + 2 * tile + n % 2 is column n of a
// tile, so that those of a lane lie side by side.
template <typename K>
struct Held {
  Column columns[K::steps][K::tiles];
  Sums bias[K::tiles];
  std::uint32_t low, high;
  __device__ Held(const Direct& op, int first) {
    const int lane = static_cast<int>(threadIdx.x) % kLanes, n = lane / 4, pair = lane % 4 * 2;
    const auto* weights = static_cast<const typename K::Number*>(op.weights);
    VBQ_UNROLLED
    for (int s = 0; s < K::steps; ++s) {
      VBQ_UNROLLED
      for (int j = 0; j < K::tiles; ++j) {
        const auto* row = weights + static_cast<std::int64_t>(first + n / 2 * K::run + 2 * j + n % 2) * K::terms;
        VBQ_UNROLLED
        for (int half = 0; half < 2; ++half) {
          const int term = (2 * s + half) * kOctet;
          columns[s][j].words[half] = term < K::terms ? *reinterpret_cast<const std::uint32_t*>(row + term + pair) : 0;
        }
      }
    }
    const auto* biases = static_cast<const typename K::Number*>(op.bias) + first + lane % 4 * K::run;
    VBQ_UNROLLED
    for (int j = 0; j < K::tiles; ++j) {
      VBQ_UNROLLED
      for (int k = 0; k < 4; ++k) bias[j].at[k] = static_cast<float>(biases[2 * j + k % 2]);
    }
    low = pair_of(op.clamp.low, op.clamp.low, typename K::Number());
    high = pair_of(op.clamp.high, op.clamp.high, typename K::Number());
  }
};

// Where a lane's octets of a strip lie, from that of its pixel's upper left neighbour on.
template <typename K>
struct Taps {
  int row = 0;        // from row to row
  int odd[K::steps];  // where x has one octet: of each step, whose halves are of different taps
  bool none = false;  // and the second half of the last step is of none
  __device__ explicit Taps(const Direct& op) : row(op.across) {
    if constexpr (K::octets == 1) {
      const int half = static_cast<int>(threadIdx.x) % kLanes / 16;
      VBQ_UNROLLED
      for (int s = 0; s < K::steps; ++s) {
        const int tap = 2 * s + half;
        odd[s] = tap / kDirectSide * row + tap % kDirectSide;
      }
      none = half == 1;
    }
  }
};

// Sums of kDirectPixels pixels from `pixel` on; beyond `pixels`, of the last.
template <typename K>
__device__ void multiply_pixels(const Direct& op, const Held<K>& held, const Taps<K>& taps, const Octet* strip,
                                const Octet* zeros, int pixel, int pixels, Sums (&sums)[kHalves][K::tiles]) {
  const int lane = static_cast<int>(threadIdx.x) % kLanes;
  const Octet* corner[kHalves];
  VBQ_UNROLLED
  for (int h = 0; h < kHalves; ++h) {
    const int own = pixel + 16 * h + lane % 16;
    const Divided at = op.place_of(own < pixels ? own : pixels - 1);
    corner[h] = strip + (static_cast<int>(at.whole) * op.across + at.left) * op.stride;
    if (K::octets > 1) corner[h] += lane / 16 * K::room;
  }
  VBQ_UNROLLED
  for (int s = 0; s < K::steps; ++s) {
    VBQ_UNROLLED
    for (int h = 0; h < kHalves; ++h) {
      const Octet* from = nullptr;
      if constexpr (K::octets == 1) {
        from = s == K::steps - 1 && taps.none ? zeros : corner[h] + taps.odd[s];
      } else {
        constexpr int a_tap = K::octets / 2;  // steps
        const int tap = s / a_tap;
        from = corner[h] + tap / kDirectSide * taps.row + (tap % kDirectSide + s % a_tap * 2 * K::room);
      }
      const Rows rows = load_rows(from);
      VBQ_UNROLLED
      for (int j = 0; j < K::tiles; ++j) {
        sums[h][j] = multiply(rows, held.columns[s][j], s == 0 ? held.bias[j] : sums[h][j], typename K::Number());
      }
    }
  }
}

// A lane's outputs of the pixels that a warp multiplies: of 4 runs, 8 pixels from one to the next.
template <typename K>
struct Runs {
  static constexpr int count = 2 * kHalves;
  using Run = Chunk<typename K::Number, K::run>;
  Run run[count];
};

// From the residual, before it is needed: memory is far. first: where the lane's first output of the strip's first
// pixel lies.
template <typename K>
__device__ void load_residual(const Direct& op, std::int64_t first, int pixel, int pixels, Runs<K>& runs) {
  if (op.residual == nullptr) return;
  const auto* from = static_cast<const typename K::Number*>(op.residual) + first;
  const int own = pixel + static_cast<int>(threadIdx.x) % kLanes / 4;
  VBQ_UNROLLED
  for (int r = 0; r < Runs<K>::count; ++r) {
    const int there = own + 8 * r < pixels ? own + 8 * r : pixels - 1;
    runs.run[r] = *reinterpret_cast<const typename Runs<K>::Run*>(from + there * op.y.stride[2]);
  }
}

template <typename K>
__device__ void store_pixels(const Direct& op, const Held<K>& held, std::int64_t first, int pixel, int pixels,
                             const Sums (&sums)[kHalves][K::tiles], const Runs<K>& residual) {
  using Number = typename K::Number;
  using Words = Chunk<std::uint32_t, K::tiles>;
  auto* to = static_cast<Number*>(op.out) + first;
  const int own = pixel + static_cast<int>(threadIdx.x) % kLanes / 4;
  VBQ_UNROLLED
  for (int r = 0; r < Runs<K>::count; ++r) {
    float v[K::run];
    VBQ_UNROLLED
    for (int k = 0; k < K::run; ++k) v[k] = sums[r / 2][k / 2].at[r % 2 * 2 + k % 2];
    if (op.residual != nullptr) {
      VBQ_UNROLLED
      for (int k = 0; k < K::run; ++k) v[k] += static_cast<float>(residual.run[r].at[k]);
    }
    Words words;
    VBQ_UNROLLED
    for (int j = 0; j < K::tiles; ++j) {
      words.at[j] = clamped(pair_of(v[2 * j], v[2 * j + 1], Number()), held.low, held.high, Number());
    }
    if (own + 8 * r < pixels) *reinterpret_cast<Words*>(to + (own + 8 * r) * op.y.stride[2]) = words;
  }
}

// Block: slice of the outputs, then every so many strips.
template <typename K>
__global__ void __launch_bounds__(kThreads, kBlocksAtOnce)
    direct_convolution(const __grid_constant__ Direct op, std::int64_t strips, K) {
  const int slices = op.slices(), slice = static_cast<int>(blockIdx.x) % slices;
  const int step = static_cast<int>(gridDim.x) / slices;
  const int warp = static_cast<int>(threadIdx.x) / kLanes, lane = static_cast<int>(threadIdx.x) % kLanes;
  const int sharing = op.slice() / K::outputs;  // warps that multiply the same pixels
  const int output = slice * op.slice() + warp % sharing * K::outputs;
  Octet* memory = strip_memory();
  Octet* zeros = memory + 2 * kStripOctets;
  if (threadIdx.x == 0) *zeros = {};
  const Held<K> held(op, output);
  const Bringer<K> bringer(op);
  const Taps<K> taps(op);
  struct Strip {
    std::int64_t image;
    int row;
  };
  const auto find = [&](std::int64_t number) {
    const Divided at = divide(static_cast<std::uint32_t>(number), op.strips);
    return Strip{at.whole, at.left * op.rows};
  };
  std::int64_t number = static_cast<int>(blockIdx.x) / slices;
  Strip strip = find(number);
  if (number < strips) bringer.bring(strip.image, strip.row, memory);
  end_group();
  for (int turn = 0; number < strips; number += step, turn = 1 - turn) {
    const Strip next = find(number + step);
    if (number + step < strips) bringer.bring(next.image, next.row, memory + (1 - turn) * kStripOctets);
    end_group();
    wait_for_all_groups_but_one();
    __syncthreads();
    const int pixels = op.rows_from(strip.row) * op.width();
    const std::int64_t first = strip.image * op.y.image + op.y.first +
                               static_cast<std::int64_t>(strip.row) * op.y.stride[1] + output + lane % 4 * K::run;
    for (int pixel = warp / sharing * kDirectPixels; pixel < pixels; pixel += kDirectWarps / sharing * kDirectPixels) {
      Runs<K> residual;
      Sums sums[kHalves][K::tiles];
      load_residual<K>(op, first, pixel, pixels, residual);
      multiply_pixels<K>(op, held, taps, memory + turn * kStripOctets, zeros, pixel, pixels, sums);
      store_pixels<K>(op, held, first, pixel, pixels, sums, residual);
    }
    __syncthreads();
    strip = next;
  }
}

template <typename T, int octets>
void launch_as(const Direct& op, std::int64_t images, int processors, cudaStream_t stream) {
  const std::int64_t strips = images * op.strips, slices = op.slices();
  check(strips > INT32_MAX ? cudaErrorInvalidValue : cudaSuccess, "counting a convolution's strips");
  if (strips == 0) return;
  const Kind<T, octets> kind;
  // As many as run at once: each takes a strip more than another at most.
  const std::int64_t most = std::max<std::int64_t>(1, std::int64_t{processors} * kBlocksAtOnce / slices);
  const auto blocks = static_cast<int>(std::min(most, strips) * slices);
  direct_convolution<<<blocks, kThreads, 0, stream>>>(op, strips, kind);
  check(cudaGetLastError(), "launching a convolution");
}

template <typename T>
void launch_as(const Direct& op, std::int64_t images, int processors, cudaStream_t stream) {
  switch (op.octets) {
    case 1:
      return launch_as<T, 1>(op, images, processors, stream);
    case 2:
      return launch_as<T, 2>(op, images, processors, stream);
    case 4:
      return launch_as<T, 4>(op, images, processors, stream);
    default:
      return launch_as<T, 8>(op, images, processors, stream);
  }
}

}  // namespace

void launch_direct(const Direct& op, std::int64_t images, Type type, int processors, cudaStream_t stream) {
  if (type == Type::fp16) return launch_as<Fp16>(op, images, processors, stream);
  launch_as<Bf16>(op, images, processors, stream);
}

}  // namespace vbq::cuda
