// Slices and Pads as one copy, whatever the layouts.
#include <algorithm>

#include "engine/cpu/loops.hpp"

namespace vbq::cpu {
namespace {

using I = std::int64_t;
using Run = Copy::Run;

// Elements (out[i], in[i]) as runs; only neighbours on both sides are joined, and only where allowed.
std::vector<Run> runs(const std::vector<Run>& places, bool join) {
  std::vector<Run> result;
  for (const Run& p : places) {
    if (join && !result.empty()) {
      Run& last = result.back();
      if (p.out == last.out + last.length && p.in == last.in + last.length) {
        ++last.length;
        continue;
      }
    }
    result.push_back(p);
  }
  return result;
}

}  // namespace

Copy make_copy(I images, const Shape& from, const Layout& in, const Shape& to, const Layout& out,
               const std::vector<std::vector<I>>& index, float value) {
  Copy plan{images, in.image_elements(), out.image_elements(), out.channels % out.block != 0, value, {}};
  const std::size_t rank = to.size();
  // Strides of the axes after the channel: row-major inside a plane, each place `block` elements wide.
  Shape stride_in(rank, in.block), stride_out(rank, out.block);
  for (std::size_t a = rank; a-- > 1;) {
    if (a + 1 < rank) {
      stride_in[a] = stride_in[a + 1] * from[a + 1];
      stride_out[a] = stride_out[a + 1] * to[a + 1];
    }
  }
  for (std::size_t a = 0; a < rank; ++a) {
    std::vector<Run> places;
    for (std::size_t i = 0; i < index[a].size(); ++i) {
      const I k = index[a][i], o = static_cast<I>(i);
      if (k < 0) {
        plan.fill = true;
      } else if (a == 0) {
        places.push_back({out.channel_offset(o), in.channel_offset(k), 1});
      } else {
        places.push_back({o * stride_out[a], k * stride_in[a], 1});
      }
    }
    plan.axes.push_back(std::move(places));
  }
  // Channels are neighbours in blocked memory, else the last axis is.
  if (out.block > 1 && rank > 1) std::rotate(plan.axes.begin(), plan.axes.begin() + 1, plan.axes.end());
  if (!plan.axes.empty()) plan.axes.back() = runs(plan.axes.back(), true);
  return plan;
}

namespace {

void copy_axis(const Copy& plan, std::size_t axis, const float* x, float* y) {
  if (axis + 1 == plan.axes.size()) {
    for (const Run& r : plan.axes[axis]) std::copy_n(x + r.in, r.length, y + r.out);
    return;
  }
  for (const Run& r : plan.axes[axis]) copy_axis(plan, axis + 1, x + r.in, y + r.out);
}

}  // namespace

void copy(const Copy& plan, const float* x, float* y) {
  if (plan.fill) std::fill_n(y, plan.images * plan.out_image, plan.value);
  for (I n = 0; n < plan.images; ++n) {
    if (plan.axes.empty())
      *y = *x;  // scalars
    else
      copy_axis(plan, 0, x, y);
    x += plan.in_image;
    y += plan.out_image;
  }
}

}  // namespace vbq::cpu
