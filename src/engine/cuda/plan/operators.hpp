// What one thread of a kernel computes: one place of an operation's output, padding included (which is 0). Each is a
// function object of layouts, numbers and arrays; `op(n, place, v)` sets v for image n, and is false where nothing is
// to be written. Input arrays are in[0..]; what each is, stands beside it.
#pragma once

#include <cmath>

#include "engine/common/arithmetic.hpp"
#include "engine/common/padding.hpp"
#include "engine/cuda/plan/layout.hpp"

namespace vbq::cuda {

// y = clamp(x * scale[c] + shift[c] + residual). in: x (lies as y), residual (lies as y), scale, shift ([channels of
// axis `axis`], fp32); all but x may be missing.
struct Affine {
  Layout y;
  int axis = 0;
  Clamp clamp{};
  In in[kInputs];
  VBQ_BOTH bool operator()(std::int64_t n, std::int64_t place, float& v) const {
    Index i;
    v = 0;
    if (!y.index_of(place, i)) return true;
    const std::int64_t at = n * y.image + place;
    v = in[0][at];
    if (in[2]) v = v * in[2][i.at[axis]];
    if (in[3]) v = v + in[3][i.at[axis]];
    if (in[1]) v = v + in[1][at];
    v = clamp(v);
    return true;
  }
};

// A function of each element. in: x (lies as y).
struct Map {
  Layout y;
  Unary function{};
  In in[kInputs];
  VBQ_BOTH bool operator()(std::int64_t n, std::int64_t place, float& v) const {
    Index i;
    v = y.index_of(place, i) ? unary(function, in[0][n * y.image + place]) : 0.0F;
    return true;
  }
};

// y = clamp(f(a, b)), each repeated along the axes of y where its step is 0. in: a, b.
struct Binary {
  Layout y;
  vbq::Binary::Kind kind{};
  Clamp clamp{};
  std::int64_t image[2] = {};  // places between images of a, b
  int step[2][kAxes] = {};     // places per step along each axis of y
  In in[kInputs];
  VBQ_BOTH bool operator()(std::int64_t n, std::int64_t place, float& v) const {
    Index i;
    v = 0;
    if (!y.index_of(place, i)) return true;
    std::int64_t at[2] = {n * image[0], n * image[1]};
    for (int a = 0; a < y.rank; ++a) {
      at[0] += static_cast<std::int64_t>(i.at[a]) * step[0][a];
      at[1] += static_cast<std::int64_t>(i.at[a]) * step[1][a];
    }
    const float p = in[0][at[0]], q = in[1][at[1]];
    v = clamp(binary(kind, p, q));
    return true;
  }
};

// y[i] = x[base + sum of i[a] * step[a]] where low[a] <= i[a] < high[a] on every axis; elsewhere `fill`, or nothing
// where `partial` (a part of a concatenation; padding is then written by each part). in: x.
struct Gather {
  Layout y;
  std::int64_t image = 0, base = 0;  // of x, in places
  int step[kAxes] = {}, low[kAxes] = {}, high[kAxes] = {};
  bool partial = false;
  float fill = 0;
  In in[kInputs];
  VBQ_BOTH bool operator()(std::int64_t n, std::int64_t place, float& v) const {
    Index i;
    v = 0;
    if (!y.index_of(place, i)) return true;
    std::int64_t at = n * image + base;
    for (int a = 0; a < y.rank; ++a) {
      if (i.at[a] < low[a] || i.at[a] >= high[a]) {
        v = fill;
        return !partial;
      }
      at += static_cast<std::int64_t>(i.at[a]) * step[a];
    }
    v = in[0][at];
    return true;
  }
};

// x with a border of its own elements, `before` of them on each axis. Axes of x and y are the same. in: x.
struct Border {
  Layout y, x;
  Pad::Mode mode{};
  int before[kAxes] = {};
  In in[kInputs];
  VBQ_BOTH bool operator()(std::int64_t n, std::int64_t place, float& v) const {
    Index i;
    v = 0;
    if (!y.index_of(place, i)) return true;
    std::int64_t at = n * x.image;
    for (int a = 0; a < y.rank; ++a) at += padded_from(mode, i.at[a] - before[a], x.extent[a]) * x.stride[a];
    v = in[0][at];
    return true;
  }
};

// The same elements in the same row-major order under another shape. in: x.
struct Reorder {
  Layout y, x;
  In in[kInputs];
  VBQ_BOTH bool operator()(std::int64_t n, std::int64_t place, float& v) const {
    Index i;
    v = 0;
    if (y.index_of(place, i)) v = in[0][n * x.image + x.place_of_number(y.number_of(i))];
    return true;
  }
};

// A window that slides over [C, H, W]. pad: above and left; far: where the padded image ends below and to the right.
struct Window {
  int kernel[2] = {1, 1}, stride[2] = {1, 1}, dilation[2] = {1, 1}, pad[2] = {}, far[2] = {};
};

// Largest or mean element of a window; the mean of the taps inside the image, or inside the padded one. in: x.
struct Pool {
  Layout y, x;
  Window window;
  bool largest = false, count_padding = false;
  In in[kInputs];
  VBQ_BOTH bool operator()(std::int64_t n, std::int64_t place, float& v) const {
    Index i;
    v = 0;
    if (!y.index_of(place, i)) return true;
    float most = -INFINITY;
    double sum = 0;
    int taps = 0;
    for (int kh = 0; kh < window.kernel[0]; ++kh) {
      const int h = i.at[1] * window.stride[0] + kh * window.dilation[0] - window.pad[0];
      for (int kw = 0; kw < window.kernel[1]; ++kw) {
        const int w = i.at[2] * window.stride[1] + kw * window.dilation[1] - window.pad[1];
        const bool inside = h >= 0 && h < x.extent[1] && w >= 0 && w < x.extent[2];
        taps += count_padding ? h < window.far[0] && w < window.far[1] : inside;
        if (!inside) continue;
        const float u = in[0][n * x.image + static_cast<std::int64_t>(h) * x.stride[1] +
                              static_cast<std::int64_t>(w) * x.stride[2] + i.at[0]];
        if (most < u) most = u;
        sum += u;
      }
    }
    v = largest ? most : static_cast<float>(sum / taps);
    return true;
  }
};

// x reduced over some of its axes. Axes of y step through x by `step`; the reduced ones by `stride` with `extent`. in:
// x.
struct Reduction {
  Layout y;
  Reduce::Kind kind{};
  std::int64_t image = 0;  // of x
  int step[kAxes] = {};
  int reduced = 0;  // axes
  int extent[kAxes] = {}, stride[kAxes] = {};
  In in[kInputs];
  VBQ_BOTH bool operator()(std::int64_t n, std::int64_t place, float& v) const {
    Index i;
    v = 0;
    if (!y.index_of(place, i)) return true;
    std::int64_t start = n * image;
    std::uint32_t count = 1;
    for (int a = 0; a < y.rank; ++a) start += static_cast<std::int64_t>(i.at[a]) * step[a];
    for (int a = 0; a < reduced; ++a) count *= static_cast<std::uint32_t>(extent[a]);
    double result = reduce_start(kind);
    for (std::uint32_t k = 0; k < count; ++k) {
      std::int64_t at = start;
      Divided rest{k, 0};
      for (int a = reduced - 1; a >= 0; --a) {
        rest = divide(rest.whole, extent[a]);
        at += static_cast<std::int64_t>(rest.left) * stride[a];
      }
      result = reduce_join(kind, result, in[0][at]);
    }
    v = static_cast<float>(reduce_end(kind, result, static_cast<double>(count)));
    return true;
  }
};

// y[o] = clamp(bias[o] + sum over i, kh, kw of weight[o, kh, kw, i] x[first(o) + i] + residual), sums in fp32. The
// plain form of every convolution and linear layer; cuDNN does them where it can. x and y are [C, H, W].
// in: x, residual (lies as y, may be missing), weights [outputs, kernel, kernel, inner] (inner: inputs of a group,
// padded for cuDNN), bias [outputs]; all of y's type.
struct Convolution {
  Layout y, x;
  Window window;
  int groups = 1, inputs = 1, inner = 1;  // inputs: of a group
  Clamp clamp{};
  bool clamped = false;
  int layer = 0;  // number among the network's layers
  In in[kInputs];
  VBQ_BOTH bool operator()(std::int64_t n, std::int64_t place, float& v) const {
    Index i;
    v = 0;
    if (!y.index_of(place, i)) return true;
    const int o = i.at[0], first = o / (y.channels() / groups) * inputs;
    float sum = in[3][o];
    for (int kh = 0; kh < window.kernel[0]; ++kh) {
      const int h = i.at[1] * window.stride[0] + kh * window.dilation[0] - window.pad[0];
      if (h < 0 || h >= x.extent[1]) continue;
      for (int kw = 0; kw < window.kernel[1]; ++kw) {
        const int w = i.at[2] * window.stride[1] + kw * window.dilation[1] - window.pad[1];
        if (w < 0 || w >= x.extent[2]) continue;
        const std::int64_t at = n * x.image + static_cast<std::int64_t>(h) * x.stride[1] +
                                static_cast<std::int64_t>(w) * x.stride[2] + first;
        const std::int64_t from =
            ((static_cast<std::int64_t>(o) * window.kernel[0] + kh) * window.kernel[1] + kw) * inner;
        for (int k = 0; k < inputs; ++k) sum += in[2][from + k] * in[0][at + k];
      }
    }
    if (in[1]) sum += in[1][n * y.image + place];
    v = clamped ? clamp(sum) : sum;
    return true;
  }
};

}  // namespace vbq::cuda
