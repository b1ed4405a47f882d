// How values lie in the GPU's memory. cuDNN's fast kernels want channels last and a multiple of 8 of them (4 in fp32),
// so the channel axis is innermost and padded with zeros.
#pragma once

#include <cstdint>

#include "engine/cuda/plan/array.hpp"

namespace vbq::cuda {

inline constexpr int kAxes = 6;

struct Index {
  int at[kAxes];
  VBQ_BOTH int of(int axis) const {
    int found = 0;
    VBQ_UNROLL
    for (int a = 0; a < kAxes; ++a) found = a == axis ? at[a] : found;
    return found;
  }
  VBQ_BOTH std::int64_t times(const int (&step)[kAxes]) const {
    std::int64_t sum = 0;
    VBQ_UNROLL
    for (int a = 0; a < kAxes; ++a) sum += static_cast<std::int64_t>(at[a]) * step[a];
    return sum;
  }
};

// Of 32 bits, because a GPU divides those many times as fast as 64 (an image has at most 2^31 - 1 places, and so have a
// layer's weights).
struct Divided {
  std::uint32_t whole;
  int left;
};
VBQ_BOTH inline Divided divide(std::uint32_t number, int by) {
  const auto divisor = static_cast<std::uint32_t>(by);
  return {number / divisor, static_cast<int>(number % divisor)};
}

// A batch of values of one shape. Image n begins at place first + n * image; its element `index` lies at the sum of
// index[a] * stride[a] from there. The `channel` axis is innermost, `padded` >= extent[channel] places wide; the others
// keep their order. For [C, H, W] the channel is axis 0, so this is NHWC; for any other rank it is the last axis. A
// view is a part of a larger array: there lies more between its rows and images.
struct Layout {
  int rank = 1, channel = 0;
  int extent[kAxes] = {1}, stride[kAxes] = {1};
  int padded = 1;
  std::int64_t image = 1;  // places of one image; 0: every image is the same one
  std::int64_t first = 0;  // not 0 in views alone

  VBQ_BOTH int channels() const { return extent[channel]; }

  // Rows of channels in an image.
  VBQ_BOTH std::int64_t rows() const {
    std::int64_t rows = 1;
    for (int a = 0; a < rank; ++a) rows *= a == channel ? 1 : extent[a];
    return rows;
  }

  VBQ_BOTH std::int64_t place_of(const Index& index) const {
    std::int64_t place = first;
    VBQ_UNROLL
    for (int a = 0; a < kAxes; ++a) place += a < rank ? static_cast<std::int64_t>(index.at[a]) * stride[a] : 0;
    return place;
  }

  // Row-major number of an element of one image, and back.
  VBQ_BOTH int number_of(const Index& index) const {
    int number = 0;
    VBQ_UNROLL
    for (int a = 0; a < kAxes; ++a) number = a < rank ? number * extent[a] + index.at[a] : number;
    return number;
  }
  // From one channel to the next.
  VBQ_BOTH int number_step() const {
    int step = 1;
    VBQ_UNROLL
    for (int a = 1; a < kAxes; ++a) step *= a > channel && a < rank ? extent[a] : 1;
    return step;
  }
  VBQ_BOTH Index index_of_number(std::int64_t number) const {
    Index index{};
    Divided rest{static_cast<std::uint32_t>(number), 0};
    VBQ_UNROLL
    for (int a = kAxes - 1; a >= 0; --a) {
      if (a >= rank) continue;
      rest = divide(rest.whole, extent[a]);
      index.at[a] = rest.left;
    }
    return index;
  }
  VBQ_BOTH std::int64_t place_of_number(std::int64_t number) const { return place_of(index_of_number(number)); }
};

}  // namespace vbq::cuda
