// The kernel of 3x3 convolutions of few channels: see plan/direct.hpp.
#include "engine/cuda/direct.hpp"

#include <cuda_runtime.h>

#include "engine/cuda/device.hpp"
#include "engine/cuda/tensor_core.hpp"
#include "engine/cuda/unrolled.hpp"

namespace vbq::cuda {
namespace {

constexpr int kLanes = 32, kThreads = kDirectWarps * kLanes;
constexpr int kTaps = kDirectSide * kDirectSide;

template <typename T, int octets_>
struct Kind {
  using Number = T;
  static constexpr int octets = octets_;                  // of x's channels
  static constexpr int outputs = direct_outputs(octets);  // of a warp
  static constexpr int tiles = outputs / 8;               // of 16 pixels x 8 outputs
  static constexpr int steps = (kTaps * octets + 1) / 2;  // of 16 terms: two octets
  static constexpr int run = 2 * tiles;                   // outputs side by side that a lane ends up with
  static constexpr int at_once = octets <= 2 ? 3 : 2;  // thread blocks of a processor, whose registers hold the weights
  static constexpr int terms = kTaps * octets * kOctet;  // of a weight's row
};

// Two strips, one of which is on its way while the other is multiplied, and 8 zeros.
__device__ inline Octet* strip_memory() {
  alignas(16) __shared__ unsigned char memory[(2 * kStripOctets + 1) * sizeof(Octet)];
  return reinterpret_cast<Octet*>(memory);
}

template <typename K>
__device__ void bring(const Direct& op, std::int64_t image, int first, Octet* to) {
  const int warp = static_cast<int>(threadIdx.x) / kLanes, lane = static_cast<int>(threadIdx.x) % kLanes;
  const int seen = op.seen_by(op.rows_from(first)), top = first * op.stride - op.pad[0];
  const auto* x = static_cast<const typename K::Number*>(op.in) + image * op.x.image;
  for (int row = warp; row < seen; row += kDirectWarps) {
    const int h = top + row;
    const bool in_rows = h >= 0 && h < op.x.extent[1];
    for (int k = lane; k < op.across * K::octets; k += kLanes) {
      const int octet = k % K::octets, w = k / K::octets - op.pad[1];
      const bool there = in_rows && w >= 0 && w < op.x.extent[2];
      const auto* from =
          there ? x + static_cast<std::int64_t>(h) * op.x.stride[1] + w * op.x.stride[2] + octet * kOctet : x;
      copy_later(to + octet_at<K::octets>(row * op.across + k / K::octets, octet), from, there);
    }
  }
}

// What a warp holds of the weights: columns of its outputs. Output (n / 2) * run + 2 * tile + n % 2 is column n of a
// tile, so that those of a lane lie side by side.
template <typename K>
struct Held {
  Column columns[K::steps][K::tiles];
  float bias[K::run];
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
    for (int k = 0; k < K::run; ++k) bias[k] = static_cast<float>(biases[k]);
  }
};

// Sums of 16 pixels from `pixel` on; beyond `pixels`, of the last.
template <typename K>
__device__ void multiply_pixels(const Direct& op, const Held<K>& held, const Octet* strip, const Octet* zeros,
                                int pixel, int pixels, float (&sum)[K::tiles][4]) {
  const int lane = static_cast<int>(threadIdx.x) % kLanes, half = lane / kDirectPixels;
  const int own = pixel + lane % kDirectPixels;
  const Divided at = op.place_of(own < pixels ? own : pixels - 1);
  const int corner = (static_cast<int>(at.whole) * op.across + at.left) * op.stride;
  VBQ_UNROLLED
  for (int s = 0; s < K::steps; ++s) {
    const Octet* from = nullptr;
    if constexpr (K::octets == 1) {  // a step is of two taps, the last of one
      const int one = 2 * s, other = 2 * s + 1;
      const int tap = half == 0 ? one / kDirectSide * op.across + one % kDirectSide
                                : other / kDirectSide * op.across + other % kDirectSide;
      from = half == 1 && other >= kTaps ? zeros : strip + octet_at<1>(corner + tap, 0);
    } else {
      const int tap = 2 * s / K::octets;
      const int seen = corner + tap / kDirectSide * op.across + tap % kDirectSide;
      from = strip + octet_at<K::octets>(seen, 2 * s % K::octets + half);
    }
    const Rows rows = load_rows(from);
    VBQ_UNROLLED
    for (int j = 0; j < K::tiles; ++j) multiply(sum[j], rows, held.columns[s][j], typename K::Number());
  }
}

template <typename K>
__device__ void store_pixels(const Direct& op, const Held<K>& held, std::int64_t first, int pixel, int pixels,
                             const float (&sum)[K::tiles][4]) {
  using Run = Chunk<typename K::Number, K::run>;
  const int lane = static_cast<int>(threadIdx.x) % kLanes;
  VBQ_UNROLLED
  for (int two = 0; two < 2; ++two) {
    const int own = pixel + lane / 4 + 8 * two;
    if (own >= pixels) continue;
    const Divided at = op.place_of(own);
    const std::int64_t place = first + static_cast<std::int64_t>(at.whole) * op.y.stride[1] + at.left * op.y.stride[2];
    float v[K::run];
    VBQ_UNROLLED
    for (int j = 0; j < K::tiles; ++j) {
      VBQ_UNROLLED
      for (int k = 0; k < 2; ++k) v[2 * j + k] = sum[j][2 * two + k];
    }
    if (op.residual != nullptr) {
      const Run other = *reinterpret_cast<const Run*>(static_cast<const typename K::Number*>(op.residual) + place);
      VBQ_UNROLLED
      for (int k = 0; k < K::run; ++k) v[k] += static_cast<float>(other.at[k]);
    }
    Run run;
    VBQ_UNROLLED
    for (int k = 0; k < K::run; ++k) run.at[k] = K::Number::of(op.clamp(v[k] + held.bias[k]));
    *reinterpret_cast<Run*>(static_cast<typename K::Number*>(op.out) + place) = run;
  }
}

// Block: slice of the outputs, then every so many strips.
template <typename K>
__global__ void __launch_bounds__(kThreads, K::at_once)
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
  const auto at = [&](std::int64_t strip) { return divide(static_cast<std::uint32_t>(strip), op.strips); };
  std::int64_t strip = static_cast<int>(blockIdx.x) / slices;
  if (strip < strips) bring<K>(op, at(strip).whole, at(strip).left * op.rows, memory);
  end_group();
  for (int turn = 0; strip < strips; strip += step, turn = 1 - turn) {
    if (const std::int64_t next = strip + step; next < strips) {
      bring<K>(op, at(next).whole, at(next).left * op.rows, memory + (1 - turn) * kStripOctets);
    }
    end_group();
    wait_for_all_groups_but_one();
    __syncthreads();
    const int row = at(strip).left * op.rows, pixels = op.rows_from(row) * op.width();
    const std::int64_t first = at(strip).whole * op.y.image + op.y.first +
                               static_cast<std::int64_t>(row) * op.y.stride[1] + output + lane % 4 * K::run;
    for (int tile = warp / sharing; tile * kDirectPixels < pixels; tile += kDirectWarps / sharing) {
      float sum[K::tiles][4] = {};
      multiply_pixels<K>(op, held, memory + turn * kStripOctets, zeros, tile * kDirectPixels, pixels, sum);
      store_pixels<K>(op, held, first, tile * kDirectPixels, pixels, sum);
    }
    __syncthreads();
  }
}

template <typename T, int octets>
void launch_as(const Direct& op, std::int64_t images, int processors, cudaStream_t stream) {
  const std::int64_t strips = images * op.strips, slices = op.slices();
  check(strips > INT32_MAX ? cudaErrorInvalidValue : cudaSuccess, "counting a convolution's strips");
  if (strips == 0) return;
  const Kind<T, octets> kind;
  const std::int64_t most = std::max<std::int64_t>(1, std::int64_t{processors} * kind.at_once / slices);
  const std::int64_t turns = (strips + most - 1) / most;  // the same for all blocks, or one less
  const auto blocks = static_cast<int>((strips + turns - 1) / turns * slices);
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
