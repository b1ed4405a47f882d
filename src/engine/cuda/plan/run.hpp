// What a thread of a kernel does: it computes a run, `width` neighbouring channels of one position of one image, by an
// operation of operators.hpp or images.hpp. Where a run begins is found out once, and it is read and written at once.
#pragma once

#include <cstdint>
#include <type_traits>

#include "engine/cuda/plan/layout.hpp"

namespace vbq::cuda {

template <int width>
struct Run {
  std::int64_t n;   // image
  Index i;          // of the first channel
  int count;        // channels; what is beyond them is padding, and becomes 0 whatever is in v
  std::int64_t at;  // where the first lies in y, and in arrays that lie as y
  float v[width];   // results
};

VBQ_BOTH inline int runs_of_row(const Layout& y, int width) { return (y.padded + width - 1) / width; }
inline std::int64_t runs_of(const Layout& y, int width) { return y.rows() * runs_of_row(y, width); }

template <int width, typename Op>
VBQ_BOTH void compute(const Op& op, std::uint32_t number, const Out& out) {
  const Layout& y = op.y;
  Run<width> run;
  Divided rest{number, 0};
  if (const int row = runs_of_row(y, width); row > 1) rest = divide(number, row);
  const int channel = rest.left * width;
  run.at = y.first + channel;
  VBQ_UNROLL
  for (int a = kAxes - 1; a >= 0; --a) {
    run.i.at[a] = a == y.channel ? channel : 0;
    if (a >= y.rank || a == y.channel) continue;
    rest = divide(rest.whole, y.extent[a]);
    run.i.at[a] = rest.left;
    run.at += static_cast<std::int64_t>(rest.left) * y.stride[a];
  }
  run.n = rest.whole;
  run.at += run.n * y.image;
  run.count = y.channels() - channel;
  if (run.count > width) run.count = width;
  if (run.count > 0) op(run);
  each<width>([&](int k) { run.v[k] = k < run.count ? run.v[k] : 0.0F; });
  out.store(run.at, y.padded - channel, run.v);
}

template <int width>
using Width = std::integral_constant<int, width>;

// f(Width): 16 bytes of y, or one place, for operations that read so much for it that threads would be too few.
template <typename Op, typename F>
void with_width(Type y, F f) {
  if constexpr (Op::kOneByOne) {
    f(Width<1>());
  } else if (y == Type::fp32) {
    f(Width<4>());
  } else {
    f(Width<8>());
  }
}

}  // namespace vbq::cuda
