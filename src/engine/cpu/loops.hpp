// Operators that oneDNN has not, or not well: plain loops of our own over a batch.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/common/fuse.hpp"
#include "engine/cpu/layout.hpp"

namespace vbq::cpu {

// y = activation(x * scale[c] + shift[c]); x and y have this layout and may be the same memory.
void affine(const Layout& layout, const std::vector<float>& scale, const std::vector<float>& shift,
            const Activation& activation, const float* x, float* y);

// y = op(x) for `count` elements; y may be x.
void apply(const Unary& op, std::size_t count, const float* x, float* y);

// y = activation(a op b) for `count` elements that lie alike; y may be a or b.
void combine(Binary::Kind kind, const Activation& activation, std::size_t count, const float* a, const float* b,
             float* y);

// y = activation(x op c) where c, [images, channels], has one number for a channel of an image; y lies as x.
void combine_channels(const Layout& layout, Binary::Kind kind, const Activation& activation, const float* x,
                      const float* c, float* y);

// What a row of Slices and Pads amounts to: elements picked by index on each axis, the rest `value`.
struct Copy {
  // Along one axis: `length` elements from `in` on go to `out` on (offsets in elements); a run's elements are
  // neighbours.
  struct Run {
    std::int64_t out, in, length;
  };
  std::int64_t images, in_image, out_image;  // elements of one image, in memory
  bool fill;                                 // some of the output is not picked
  float value;
  std::vector<std::vector<Run>> axes;  // outermost loop first; only the last axis has runs longer than 1
};

// index[a][i]: the element of axis a that output element i takes, or -1 for `value`. Images [n, shape...] as md says;
// both sides have a Layout, and `value` is 0 where the output's last block is not full.
Copy make_copy(std::int64_t images, const Shape& from, const Layout& in, const Shape& to, const Layout& out,
               const std::vector<std::vector<std::int64_t>>& index, float value);
void copy(const Copy& plan, const float* x, float* y);

// Row-major from here on.

// y = activation(a op b), each operand repeated along the axes where it has one element. shapes of one image.
struct Broadcast {
  Binary::Kind kind;
  Shape shape, stride_a, stride_b;  // strides are 0 where repeated; the outermost axis is the batch
  Activation activation;
};
Broadcast make_broadcast(Binary::Kind kind, std::int64_t images, const Shape& a, const Shape& b, const Shape& out,
                         const Activation& activation);
void broadcast(const Broadcast& plan, const float* a, const float* b, float* y);

// y = x reduced over some axes; the others stay in their order. Extents and strides in x; the batch is among the kept.
struct Reduction {
  Reduce::Kind kind;
  Shape kept, kept_stride, reduced, reduced_stride;
};
Reduction make_reduction(Reduce::Kind kind, std::int64_t images, const Shape& shape, const std::vector<int>& axes);
void reduce(const Reduction& plan, const float* x, float* y);

// exp(x - max) / sum over the middle axis of [outer, classes, inner], or its logarithm, in double.
void softmax(Softmax::Form form, std::int64_t outer, std::int64_t classes, std::int64_t inner, const float* x,
             float* y);

// Average pooling whose divisor is the taps inside the padded image, for windows that hang over its edge. maps = n * C.
void padded_average(const AveragePool& op, std::int64_t maps, const Shape& in, const Shape& out, const float* x,
                    float* y);

}  // namespace vbq::cpu
