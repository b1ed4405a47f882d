#include "engine/cpu/loops.hpp"

#include "engine/common/arithmetic.hpp"

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

void combine_channels(const Layout& layout, Binary::Kind kind, const Activation& activation, const float* x,
                      const float* c, float* y) {
  const I block = layout.block;
  with_constant<kBinary.size()>(kind, [&](auto op) {
    for (I n = 0; n < layout.images; ++n, c += layout.channels) {
      for (I first = 0; first < layout.channels; first += block) {
        const I full = std::min(block, layout.channels - first);
        if (block == 1) {
          const float v = c[first];
          for (I p = 0; p < layout.plane; ++p) y[p] = activate(activation, binary(op(), x[p], v));
          x += layout.plane, y += layout.plane;
          continue;
        }
        for (I p = 0; p < layout.plane; ++p, x += block, y += block) {
          for (I j = 0; j < full; ++j) y[j] = activate(activation, binary(op(), x[j], c[first + j]));
          for (I j = full; j < block; ++j) y[j] = 0;
        }
      }
    }
  });
}

void apply(const Unary& op, std::size_t count, const float* x, float* y) {
  with_constant<kUnary.size()>(op.kind, [&](auto kind) {
    const Unary fixed{kind(), op.alpha, op.beta};
    for (std::size_t i = 0; i < count; ++i) y[i] = unary(fixed, x[i]);
  });
}

void combine(Binary::Kind kind, const Activation& activation, std::size_t count, const float* a, const float* b,
             float* y) {
  with_constant<kBinary.size()>(kind, [&](auto op) {
    for (std::size_t i = 0; i < count; ++i) y[i] = activate(activation, binary(op(), a[i], b[i]));
  });
}

Broadcast make_broadcast(Binary::Kind kind, I images, const Shape& a, const Shape& b, const Shape& out,
                         const Activation& activation) {
  Broadcast plan{kind, {images}, {}, {}, activation};
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
    with_constant<kBinary.size()>(plan.kind, [&](auto op) {
      for (I i = 0; i < count; ++i) y[i] = activate(plan.activation, binary(op(), left(i), right(i)));
    });
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

// In several parts beside each other, which a processor reduces at once.
double reduce_row(Reduce::Kind kind, I count, I stride, const float* x) {
  constexpr I kParts = 16;
  double result = reduce_start(kind);
  with_constant<kReduce.size()>(kind, [&](auto op) {
    double parts[kParts];
    std::fill_n(parts, kParts, reduce_start(op()));
    I i = 0;
    if (stride == 1) {
      for (; i + kParts <= count; i += kParts) {
        for (I k = 0; k < kParts; ++k) parts[k] = reduce_join(op(), parts[k], x[i + k]);
      }
    }
    for (; i < count; ++i) result = reduce_join(op(), result, x[i * stride]);
    for (const double part : parts) result = reduce_join(op(), result, part);
  });
  return result;
}

double reduce_axis(const Reduction& plan, std::size_t axis, const float* x) {
  if (axis == plan.reduced.size()) return *x;
  if (axis + 1 == plan.reduced.size()) {
    return reduce_row(plan.kind, plan.reduced[axis], plan.reduced_stride[axis], x);
  }
  double result = reduce_start(plan.kind);
  for (I i = 0; i < plan.reduced[axis]; ++i, x += plan.reduced_stride[axis]) {
    result = reduce_join(plan.kind, result, reduce_axis(plan, axis + 1, x));
  }
  return result;
}

float* keep_axis(const Reduction& plan, std::size_t axis, double count, const float* x, float* y) {
  if (axis == plan.kept.size()) {
    *y = static_cast<float>(reduce_end(plan.kind, reduce_axis(plan, 0, x), count));
    return y + 1;
  }
  for (I i = 0; i < plan.kept[axis]; ++i, x += plan.kept_stride[axis]) y = keep_axis(plan, axis + 1, count, x, y);
  return y;
}

}  // namespace

void broadcast(const Broadcast& plan, const float* a, const float* b, float* y) { broadcast_axis(plan, 0, a, b, y); }

Reduction make_reduction(Reduce::Kind kind, I images, const Shape& shape, const std::vector<int>& axes) {
  Reduction plan{kind, {images}, {elements(shape)}, {}, {}};
  I stride = elements(shape);
  for (std::size_t a = 0; a < shape.size(); ++a) {
    stride /= shape[a];
    const bool reduce = std::find(axes.begin(), axes.end(), static_cast<int>(a)) != axes.end();
    (reduce ? plan.reduced : plan.kept).push_back(shape[a]);
    (reduce ? plan.reduced_stride : plan.kept_stride).push_back(stride);
  }
  return plan;
}

void reduce(const Reduction& plan, const float* x, float* y) {
  keep_axis(plan, 0, static_cast<double>(elements(plan.reduced)), x, y);
}

void softmax(Softmax::Form form, I outer, I classes, I inner, const float* x, float* y) {
  for (I o = 0; o < outer; ++o) {
    for (I i = 0; i < inner; ++i) {
      const float* row = x + o * classes * inner + i;
      double largest = -INFINITY, sum = 0;
      for (I c = 0; c < classes; ++c) largest = std::max<double>(largest, row[c * inner]);
      for (I c = 0; c < classes; ++c) sum += std::exp(row[c * inner] - largest);
      for (I c = 0; c < classes; ++c) {
        const double above = row[c * inner] - largest;
        y[(o * classes + c) * inner + i] =
            static_cast<float>(form == Softmax::Form::share ? std::exp(above) / sum : above - std::log(sum));
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
