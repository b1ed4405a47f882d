// Work that several threads share: a row of numbers that must be reduced.
#pragma once

#include <cmath>

#include "engine/cuda/plan/layout.hpp"
#include "vbq/network.hpp"

namespace vbq::cuda {

// One thread that does all: what the host's tests use. The device's team is a warp (kernels.cu).
struct Alone {
  VBQ_BOTH static int rank() { return 0; }
  VBQ_BOTH static int size() { return 1; }
  // Over all threads, the same at each of them, added in an order of its own that never changes.
  VBQ_BOTH static double sum(double v) { return v; }
  VBQ_BOTH static double largest(double v) { return v; }
};

// exp(x - max) / sum along one axis, or the logarithm of that, in double. Row r of `rows` in an image is the r-th in
// order of the other axes. Padding is not written: y is zeroed before.
struct Softmax {
  Layout x;  // and y: they lie alike
  int axis = 0, rows = 1;
  vbq::Softmax::Form form{};
  In in[kInputs];  // x

  template <typename Team>
  VBQ_BOTH void operator()(Team team, std::int64_t n, int row, Out y) const {
    Index i{};
    int rest = row;
    for (int a = x.rank - 1; a >= 0; --a) {
      if (a == axis) continue;
      i.at[a] = rest % x.extent[a];
      rest /= x.extent[a];
    }
    const std::int64_t first = n * x.image + x.place_of(i);
    const int classes = x.extent[axis], step = x.stride[axis];
    double most = -INFINITY, sum = 0;
    for (int c = team.rank(); c < classes; c += team.size()) {
      const double v = in[0][first + static_cast<std::int64_t>(c) * step];
      if (most < v) most = v;
    }
    most = team.largest(most);
    for (int c = team.rank(); c < classes; c += team.size()) {
      sum += std::exp(in[0][first + static_cast<std::int64_t>(c) * step] - most);
    }
    sum = team.sum(sum);
    for (int c = team.rank(); c < classes; c += team.size()) {
      const std::int64_t at = first + static_cast<std::int64_t>(c) * step;
      const double above = in[0][at] - most;
      const double value = form == vbq::Softmax::Form::share ? std::exp(above) / sum : above - std::log(sum);
      y.store(at, static_cast<float>(value));
    }
  }
};

}  // namespace vbq::cuda
