// What a thread of a kernel computes: each operation is a function object of layouts, numbers and arrays; `op(run)`
// sets the run's values. Input arrays are in[0..]; what each is, stands beside it.
#pragma once

#include <cmath>

#include "engine/common/arithmetic.hpp"
#include "engine/common/padding.hpp"
#include "engine/cuda/plan/run.hpp"

namespace vbq::cuda {

// y = clamp(x * scale[c] + shift[c] + residual). in: x (lies as y), residual (lies as y), scale, shift ([channels of
// axis `axis`], fp32); all but x may be missing.
struct Affine {
  Layout y;
  int axis = 0;
  Clamp clamp{};
  In in[kInputs];
  static constexpr bool kOneByOne = false;
  template <int width>
  VBQ_BOTH void operator()(Run<width>& run) const {
    const int place = run.i.of(axis), step = axis == y.channel ? 1 : 0;
    float other[width];
    in[0].load(run.at, 1, run.count, run.v);
    if (in[2]) {
      in[2].load(place, step, run.count, other);
      each<width>([&](int k) { run.v[k] = run.v[k] * other[k]; });
    }
    if (in[3]) {
      in[3].load(place, step, run.count, other);
      each<width>([&](int k) { run.v[k] = run.v[k] + other[k]; });
    }
    if (in[1]) {
      in[1].load(run.at, 1, run.count, other);
      each<width>([&](int k) { run.v[k] = run.v[k] + other[k]; });
    }
    each<width>([&](int k) { run.v[k] = clamp(run.v[k]); });
  }
};

// A function of each element. in: x (lies as y).
struct Map {
  Layout y;
  Unary function{};
  In in[kInputs];
  static constexpr bool kOneByOne = false;
  template <int width>
  VBQ_BOTH void operator()(Run<width>& run) const {
    in[0].load(run.at, 1, run.count, run.v);
    each<width>([&](int k) { run.v[k] = unary(function, run.v[k]); });
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
  static constexpr bool kOneByOne = false;
  template <int width>
  VBQ_BOTH void operator()(Run<width>& run) const {
    float p[width], q[width];
    in[0].load(run.n * image[0] + run.i.times(step[0]), step[0][y.channel], run.count, p);
    in[1].load(run.n * image[1] + run.i.times(step[1]), step[1][y.channel], run.count, q);
    each<width>([&](int k) { run.v[k] = clamp(binary(kind, p[k], q[k])); });
  }
};

// y[i] = x[base + sum of i[a] * step[a]] where low[a] <= i[a] < high[a] on every axis; elsewhere `fill`. in: x.
struct Gather {
  Layout y;
  std::int64_t image = 0, base = 0;  // of x, in places
  int step[kAxes] = {}, low[kAxes] = {}, high[kAxes] = {};
  float fill = 0;
  In in[kInputs];
  static constexpr bool kOneByOne = false;
  template <int width>
  VBQ_BOTH void operator()(Run<width>& run) const {
    bool inside = true;
    VBQ_UNROLL
    for (int a = 0; a < kAxes; ++a) {
      if (a < y.rank && a != y.channel) inside = inside && run.i.at[a] >= low[a] && run.i.at[a] < high[a];
    }
    const int c = run.i.of(y.channel), across = step[y.channel];
    const int begin = low[y.channel] - c, end = inside ? high[y.channel] - c : begin;
    const std::int64_t at = run.n * image + base + run.i.times(step);
    if (begin <= 0 && run.count <= end) return in[0].load(at, across, run.count, run.v);
    each<width>([&](int k) {
      const bool there = k < run.count && k >= begin && k < end;
      run.v[k] = there ? in[0][at + static_cast<std::int64_t>(k) * across] : fill;
    });
  }
};

// x with a border of its own elements, `before` of them on each axis. Axes of x and y are the same. in: x.
struct Border {
  Layout y, x;
  Pad::Mode mode{};
  int before[kAxes] = {};
  In in[kInputs];
  static constexpr bool kOneByOne = false;
  template <int width>
  VBQ_BOTH void operator()(Run<width>& run) const {
    std::int64_t at = run.n * x.image;
    VBQ_UNROLL
    for (int a = 0; a < kAxes; ++a) {
      if (a < y.rank && a != y.channel) at += from(run.i.at[a], a);
    }
    const int c = run.i.of(y.channel);
    if (y.channels() == x.channels()) return in[0].load(at + c, 1, run.count, run.v);
    each<width>([&](int k) { run.v[k] = k < run.count ? in[0][at + from(c + k, y.channel)] : 0.0F; });
  }
  VBQ_BOTH std::int64_t from(int place, int axis) const {
    return static_cast<std::int64_t>(padded_from(mode, place - before[axis], x.extent[axis])) * x.stride[axis];
  }
};

// The same elements in the same row-major order under another shape. in: x.
struct Reorder {
  Layout y, x;
  In in[kInputs];
  static constexpr bool kOneByOne = false;
  template <int width>
  VBQ_BOTH void operator()(Run<width>& run) const {
    const std::int64_t first = run.n * x.image;
    const int number = y.number_of(run.i), step = y.number_step();
    each<width>([&](int k) { run.v[k] = k < run.count ? in[0][first + x.place_of_number(number + k * step)] : 0.0F; });
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
  static constexpr bool kOneByOne = false;
  template <int width>
  VBQ_BOTH void operator()(Run<width>& run) const {
    int taps = 0;
    if (largest) {
      each<width>([&](int k) { run.v[k] = -INFINITY; });
      each_tap(run, taps, [&](const float(&u)[width]) {
        each<width>([&](int k) { run.v[k] = run.v[k] < u[k] ? u[k] : run.v[k]; });
      });
      return;
    }
    double sum[width] = {};
    each_tap(run, taps, [&](const float(&u)[width]) { each<width>([&](int k) { sum[k] += u[k]; }); });
    each<width>([&](int k) { run.v[k] = static_cast<float>(sum[k] / taps); });
  }

 private:
  // f(values): of each tap inside the image. Counts the taps that the mean counts.
  template <int width, typename F>
  VBQ_BOTH void each_tap(const Run<width>& run, int& taps, F f) const {
    const std::int64_t first = run.n * x.image + run.i.at[0];
    for (int kh = 0; kh < window.kernel[0]; ++kh) {
      const int h = run.i.at[1] * window.stride[0] + kh * window.dilation[0] - window.pad[0];
      for (int kw = 0; kw < window.kernel[1]; ++kw) {
        const int w = run.i.at[2] * window.stride[1] + kw * window.dilation[1] - window.pad[1];
        const bool inside = h >= 0 && h < x.extent[1] && w >= 0 && w < x.extent[2];
        taps += count_padding ? h < window.far[0] && w < window.far[1] : inside;
        if (!inside) continue;
        float u[width];
        in[0].load(first + static_cast<std::int64_t>(h) * x.stride[1] + static_cast<std::int64_t>(w) * x.stride[2], 1,
                   run.count, u);
        f(u);
      }
    }
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
  static constexpr bool kOneByOne = true;
  VBQ_BOTH void operator()(Run<1>& run) const {
    const std::int64_t start = run.n * image + run.i.times(step);
    const int last = reduced - 1, inner = reduced > 0 ? extent[last] : 1, across = reduced > 0 ? stride[last] : 0;
    std::uint32_t outer = 1;
    for (int a = 0; a < last; ++a) outer *= static_cast<std::uint32_t>(extent[a]);
    double result = reduce_start(kind);
    in[0].visit([&](const auto* x) {
      for (std::uint32_t o = 0; o < outer; ++o) {
        std::int64_t at = start;
        Divided rest{o, 0};
        for (int a = last - 1; a >= 0; --a) {
          rest = divide(rest.whole, extent[a]);
          at += static_cast<std::int64_t>(rest.left) * stride[a];
        }
        result = reduce_line(x + at, inner, across, result);
      }
    });
    const double count = static_cast<double>(outer) * inner;
    run.v[0] = static_cast<float>(reduce_end(kind, result, count));
  }

 private:
  // Some elements are on their way at once, because memory is far; they join in order.
  template <typename T>
  VBQ_BOTH double reduce_line(const T* x, int count, int across, double result) const {
    constexpr int kAhead = 8;
    int k = 0;
    for (; k + kAhead <= count; k += kAhead) {
      T u[kAhead];
      VBQ_UNROLL
      for (int j = 0; j < kAhead; ++j) u[j] = x[static_cast<std::int64_t>(k + j) * across];
      VBQ_UNROLL
      for (int j = 0; j < kAhead; ++j) result = reduce_join(kind, result, static_cast<float>(u[j]));
    }
    for (; k < count; ++k) {
      result = reduce_join(kind, result, static_cast<float>(x[static_cast<std::int64_t>(k) * across]));
    }
    return result;
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
  static constexpr bool kOneByOne = true;
  VBQ_BOTH void operator()(Run<1>& run) const {
    const int o = run.i.at[0], first = o / (y.channels() / groups) * inputs;
    float sum = in[3][o];
    for (int kh = 0; kh < window.kernel[0]; ++kh) {
      const int h = run.i.at[1] * window.stride[0] + kh * window.dilation[0] - window.pad[0];
      if (h < 0 || h >= x.extent[1]) continue;
      for (int kw = 0; kw < window.kernel[1]; ++kw) {
        const int w = run.i.at[2] * window.stride[1] + kw * window.dilation[1] - window.pad[1];
        if (w < 0 || w >= x.extent[2]) continue;
        const std::int64_t at = run.n * x.image + static_cast<std::int64_t>(h) * x.stride[1] +
                                static_cast<std::int64_t>(w) * x.stride[2] + first;
        const std::int64_t from =
            ((static_cast<std::int64_t>(o) * window.kernel[0] + kh) * window.kernel[1] + kw) * inner;
        for (int k = 0; k < inputs; ++k) sum += in[2][from + k] * in[0][at + k];
      }
    }
    if (in[1]) sum += in[1][run.at];
    run.v[0] = clamped ? clamp(sum) : sum;
  }
};

}  // namespace vbq::cuda
