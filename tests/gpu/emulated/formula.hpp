// The convolution that a graph of cuDNN's descriptors describes, read from them and computed plainly.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/cuda/plan/array.hpp"
#include "gpu/emulated/cudnn.hpp"

namespace emulated {

// A tensor of 4 axes: [N, C, H, W], or [K, C, R, S].
struct Array {
  std::int64_t uid = 0;
  std::vector<std::int64_t> dims, strides;  // strides: in elements
  vbq::cuda::Type type{};
  bool is_virtual = false;

  std::int64_t elements() const { return dims[0] * dims[1] * dims[2] * dims[3]; }
  std::size_t bytes() const;  // from the first element to the last
  // Where an element lies; axes of one element are repeated.
  std::int64_t at(std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d) const {
    const auto along = [&](std::size_t axis, std::int64_t i) { return dims[axis] == 1 ? 0 : i * strides[axis]; };
    return along(0, a) + along(1, b) + along(2, c) + along(3, d);
  }
};
Array array_of(const Part& tensor);

// y = points(conv(x, weights)), each point adding an array or clamping.
struct Formula {
  struct Point {
    std::optional<Array> other;  // to add; none: max(v, 0), and at most `clip`
    double clip = 0;
  };
  Array x, weights, y;
  std::int64_t groups = 1;
  std::vector<std::int64_t> stride, dilation, before;
  std::vector<Point> points;

  // All that lies in memory, y last.
  std::vector<Array> arrays() const;
  // memory: of arrays(). tf32: factors of fp32 are rounded to 10 bits of fraction.
  void compute(std::span<void* const> memory, bool tf32) const;
};
// operations: the graph's, in order. Throws where they do not fit together.
Formula formula_of(const std::vector<std::shared_ptr<const Part>>& operations);

}  // namespace emulated
