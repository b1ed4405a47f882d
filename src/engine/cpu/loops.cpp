#include "engine/cpu/loops.hpp"

#include "engine/common/unary.hpp"

#include <algorithm>
#include <cmath>

namespace vbq::cpu {
namespace {

using I = std::int64_t;

float activate(const Activation& a, float y) { return std::min(std::max(y, a.minimum), a.maximum); }

}  // namespace

void affine(const Layout& layout, const std::vector<float>& scale, const std::vector<float>& shift,
            const Activation& activation, const float* x, float* y) {
  const I block = layout.block;
  for (I n = 0; n < layout.images; ++n) {
    for (I first = 0; first < layout.channels; first += block) {
      const float* s = scale.data() + first;
      const float* t = shift.data() + first;
      if (block == 1) {
        for (I p = 0; p < layout.plane; ++p) y[p] = activate(activation, x[p] * s[0] + t[0]);
        x += layout.plane, y += layout.plane;
        continue;
      }
      const I full = std::min(block, layout.channels - first);
      for (I p = 0; p < layout.plane; ++p, x += block, y += block) {
        for (I j = 0; j < full; ++j) y[j] = activate(activation, x[j] * s[j] + t[j]);
        for (I j = full; j < block; ++j) y[j] = 0;
      }
    }
  }
}

void combine_channels(const Layout& layout, bool multiply, const Activation& activation, const float* x, const float* c,
                      float* y) {
  const I block = layout.block;
  const auto run = [&](const auto& op) {
    for (I n = 0; n < layout.images; ++n, c += layout.channels) {
      for (I first = 0; first < layout.channels; first += block) {
        const I full = std::min(block, layout.channels - first);
        if (block == 1) {
          const float v = c[first];
          for (I p = 0; p < layout.plane; ++p) y[p] = activate(activation, op(x[p], v));
          x += layout.plane, y += layout.plane;
          continue;
        }
        for (I p = 0; p < layout.plane; ++p, x += block, y += block) {
          for (I j = 0; j < full; ++j) y[j] = activate(activation, op(x[j], c[first + j]));
          for (I j = full; j < block; ++j) y[j] = 0;
        }
      }
    }
  };
  if (multiply) {
    run([](float a, float b) { return a * b; });
  } else {
    run([](float a, float b) { return a + b; });
  }
}

namespace {

// With the kind known when this is compiled, so that what is inside is one function and not a choice for each element.
template <Unary::Kind kind>
void apply_kind(const Unary& op, std::size_t count, const float* x, float* y) {
  const Unary fixed{kind, op.alpha, op.beta};
  for (std::size_t i = 0; i < count; ++i) y[i] = unary(fixed, x[i]);
}

}  // namespace

void apply(const Unary& op, std::size_t count, const float* x, float* y) {
  using Kind = Unary::Kind;
  switch (op.kind) {
    case Kind::hard_sigmoid:
      return apply_kind<Kind::hard_sigmoid>(op, count, x, y);
    case Kind::leaky_relu:
      return apply_kind<Kind::leaky_relu>(op, count, x, y);
    case Kind::sqrt:
      return apply_kind<Kind::sqrt>(op, count, x, y);
    case Kind::reciprocal:
      return apply_kind<Kind::reciprocal>(op, count, x, y);
    default:
      for (std::size_t i = 0; i < count; ++i) y[i] = unary(op, x[i]);
  }
}

void combine(bool multiply, const Activation& activation, std::size_t count, const float* a, const float* b, float* y) {
  if (multiply) {
    for (std::size_t i = 0; i < count; ++i) y[i] = activate(activation, a[i] * b[i]);
  } else {
    for (std::size_t i = 0; i < count; ++i) y[i] = activate(activation, a[i] + b[i]);
  }
}

Broadcast make_broadcast(bool multiply, I images, const Shape& a, const Shape& b, const Shape& out,
                         const Activation& activation) {
  Broadcast plan{multiply, {images}, {}, {}, activation};
  plan.shape.insert(plan.shape.end(), out.begin(), out.end());
  // Strides of one operand, aligned at the last axis; axis 0 is the batch.
  const auto strides = [&](const Shape& shape) {
    Shape result(plan.shape.size(), 0);
    I stride = 1;
    for (std::size_t k = 0; k < shape.size(); ++k) {
      const I extent = shape[shape.size() - 1 - k];
      if (extent > 1) result[result.size() - 1 - k] = stride;
      stride *= extent;
    }
    result[0] = stride;
    return result;
  };
  plan.stride_a = strides(a);
  plan.stride_b = strides(b);
  return plan;
}

namespace {

// The last axis of a broadcast: each operand has one number for all of it, or neighbours.
void broadcast_row(const Broadcast& plan, const float* a, const float* b, float* y) {
  const I count = plan.shape.back();
  const auto run = [&](const auto& left, const auto& right) {
    if (plan.multiply) {
      for (I i = 0; i < count; ++i) y[i] = activate(plan.activation, left(i) * right(i));
    } else {
      for (I i = 0; i < count; ++i) y[i] = activate(plan.activation, left(i) + right(i));
    }
  };
  const auto each = [](const float* p) { return [p](I i) { return p[i]; }; };
  const auto same = [](const float* p) { return [v = *p](I) { return v; }; };
  if (plan.stride_a.back() == 0) return run(same(a), each(b));
  if (plan.stride_b.back() == 0) return run(each(a), same(b));
  run(each(a), each(b));
}

// One axis of a broadcast; returns the next free place of y.
float* broadcast_axis(const Broadcast& plan, std::size_t axis, const float* a, const float* b, float* y) {
  if (axis + 1 == plan.shape.size()) {
    broadcast_row(plan, a, b, y);
    return y + plan.shape.back();
  }
  for (I i = 0; i < plan.shape[axis]; ++i, a += plan.stride_a[axis], b += plan.stride_b[axis]) {
    y = broadcast_axis(plan, axis + 1, a, b, y);
  }
  return y;
}

// In several sums beside each other, which a processor adds at once.
double sum_row(I count, I stride, const float* x) {
  constexpr I kSums = 16;
  double sums[kSums] = {};
  I i = 0;
  if (stride == 1) {
    for (; i + kSums <= count; i += kSums) {
      for (I k = 0; k < kSums; ++k) sums[k] += x[i + k];
    }
  }
  double sum = 0;
  for (; i < count; ++i) sum += x[i * stride];
  for (const double s : sums) sum += s;
  return sum;
}

double sum_axis(const Mean& plan, std::size_t axis, const float* x) {
  if (axis == plan.reduced.size()) return *x;
  if (axis + 1 == plan.reduced.size()) return sum_row(plan.reduced[axis], plan.reduced_stride[axis], x);
  double sum = 0;
  for (I i = 0; i < plan.reduced[axis]; ++i, x += plan.reduced_stride[axis]) sum += sum_axis(plan, axis + 1, x);
  return sum;
}

float* mean_axis(const Mean& plan, std::size_t axis, double count, const float* x, float* y) {
  if (axis == plan.kept.size()) {
    *y = static_cast<float>(sum_axis(plan, 0, x) / count);
    return y + 1;
  }
  for (I i = 0; i < plan.kept[axis]; ++i, x += plan.kept_stride[axis]) y = mean_axis(plan, axis + 1, count, x, y);
  return y;
}

}  // namespace

void broadcast(const Broadcast& plan, const float* a, const float* b, float* y) { broadcast_axis(plan, 0, a, b, y); }

Mean make_mean(I images, const Shape& shape, const std::vector<int>& axes) {
  Mean plan{{images}, {elements(shape)}, {}, {}};
  I stride = elements(shape);
  for (std::size_t a = 0; a < shape.size(); ++a) {
    stride /= shape[a];
    const bool reduce = std::find(axes.begin(), axes.end(), static_cast<int>(a)) != axes.end();
    (reduce ? plan.reduced : plan.kept).push_back(shape[a]);
    (reduce ? plan.reduced_stride : plan.kept_stride).push_back(stride);
  }
  return plan;
}

void mean(const Mean& plan, const float* x, float* y) {
  mean_axis(plan, 0, static_cast<double>(elements(plan.reduced)), x, y);
}

void softmax(I outer, I classes, I inner, const float* x, float* y) {
  for (I o = 0; o < outer; ++o) {
    for (I i = 0; i < inner; ++i) {
      const float* row = x + o * classes * inner + i;
      double largest = -INFINITY, sum = 0;
      for (I c = 0; c < classes; ++c) largest = std::max<double>(largest, row[c * inner]);
      for (I c = 0; c < classes; ++c) sum += std::exp(row[c * inner] - largest);
      for (I c = 0; c < classes; ++c) {
        y[(o * classes + c) * inner + i] = static_cast<float>(std::exp(row[c * inner] - largest) / sum);
      }
    }
  }
}

void padded_average(const AveragePool& op, I maps, const Shape& in, const Shape& out, const float* x, float* y) {
  const I height = in[1], width = in[2];
  for (I m = 0; m < maps; ++m, x += height * width) {
    for (I h = 0; h < out[1]; ++h) {
      const I top = h * op.stride[0] - op.pad.top, bottom = std::min(top + op.kernel[0], height + op.pad.bottom);
      for (I w = 0; w < out[2]; ++w) {
        const I left = w * op.stride[1] - op.pad.left, right = std::min(left + op.kernel[1], width + op.pad.right);
        double sum = 0;
        for (I r = std::max<I>(top, 0); r < std::min(bottom, height); ++r) {
          for (I c = std::max<I>(left, 0); c < std::min(right, width); ++c) sum += x[r * width + c];
        }
        *y++ = static_cast<float>(sum / static_cast<double>((bottom - top) * (right - left)));
      }
    }
  }
}

}  // namespace vbq::cpu
