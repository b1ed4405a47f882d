// How values lie in the GPU's memory. cuDNN's fast kernels want channels last and a multiple of 8 of them (4 in fp32),
// so the channel axis is innermost and padded with zeros.
#pragma once

#include <cstdint>

#include "engine/cuda/plan/array.hpp"

namespace vbq::cuda {

inline constexpr int kAxes = 6;

struct Index {
  int at[kAxes];
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

// A batch of values of one shape. Image n begins at place n * image; its element `index` lies at the sum of index[a] *
// stride[a]. The `channel` axis is innermost, `padded` >= extent[channel] places wide; the others keep their order. For
// [C, H, W] the channel is axis 0, so this is NHWC; for any other rank it is the last axis.
struct Layout {
  int rank = 1, channel = 0;
  int extent[kAxes] = {1}, stride[kAxes] = {1};
  int padded = 1;
  std::int64_t image = 1;  // places of one image; 0: every image is the same one

  VBQ_BOTH int channels() const { return extent[channel]; }

  // Index of a place of one image; false for padding.
  VBQ_BOTH bool index_of(std::int64_t place, Index& index) const {
    Divided rest = divide(static_cast<std::uint32_t>(place), padded);
    index.at[channel] = rest.left;
    for (int a = rank - 1; a >= 0; --a) {
      if (a == channel) continue;
      rest = divide(rest.whole, extent[a]);
      index.at[a] = rest.left;
    }
    return index.at[channel] < extent[channel];
  }

  VBQ_BOTH std::int64_t place_of(const Index& index) const {
    std::int64_t place = 0;
    for (int a = 0; a < rank; ++a) place += static_cast<std::int64_t>(index.at[a]) * stride[a];
    return place;
  }

  // Row-major number of an element of one image, and back.
  VBQ_BOTH std::int64_t number_of(const Index& index) const {
    std::int64_t number = 0;
    for (int a = 0; a < rank; ++a) number = number * extent[a] + index.at[a];
    return number;
  }
  VBQ_BOTH Index index_of_number(std::int64_t number) const {
    Index index{};
    Divided rest{static_cast<std::uint32_t>(number), 0};
    for (int a = rank - 1; a >= 0; --a) {
      rest = divide(rest.whole, extent[a]);
      index.at[a] = rest.left;
    }
    return index;
  }
  VBQ_BOTH std::int64_t place_of_number(std::int64_t number) const { return place_of(index_of_number(number)); }
};

}  // namespace vbq::cuda
