#include "engine/reference/operators.hpp"

#include <algorithm>
#include <cmath>

#include "core/check.hpp"
#include "core/overload.hpp"
#include "engine/common/arithmetic.hpp"
#include "engine/common/padding.hpp"

namespace vbq::reference {
namespace {

using I = std::int64_t;

// Calls visit(index) for every index into `shape`, last axis fastest: the order in which elements lie in memory.
template <typename Visit>
void for_each_index(const Shape& shape, Visit visit) {
  Shape index(shape.size(), 0);
  for (I n = elements(shape); n > 0; --n) {
    visit(index);
    for (std::size_t a = shape.size(); a-- > 0;) {
      if (++index[a] < shape[a]) break;
      index[a] = 0;
    }
  }
}

// Place of x[index] in a row-major array.
std::size_t offset(const Shape& shape, const Shape& index) {
  I place = 0;
  for (std::size_t a = 0; a < shape.size(); ++a) place = place * shape[a] + index[a];
  return static_cast<std::size_t>(place);
}

template <typename Function>
Value map(const Value& x, Function f) {
  Value y = x;
  for (float& v : y.data) v = f(v);
  return y;
}

// x[index], where axes that x lacks or has only one element along are repeated (NumPy, aligned at the last axis).
float broadcast_at(const Value& x, const Shape& index) {
  Shape own(x.shape.size());
  for (std::size_t a = 0; a < own.size(); ++a) {
    own[a] = x.shape[a] == 1 ? 0 : index[index.size() - own.size() + a];
  }
  return x.data[offset(x.shape, own)];
}

template <typename Function>
Value combine(const Value& a, const Value& b, const Shape& shape, Function f) {
  Value y{shape, {}};
  for_each_index(shape, [&](const Shape& i) { y.data.push_back(f(broadcast_at(a, i), broadcast_at(b, i))); });
  return y;
}

Value linear(const Linear& op, const Value& x, const Shape& shape) {
  const auto outputs = static_cast<std::size_t>(op.weight.shape[0]);
  const auto inputs = static_cast<std::size_t>(op.weight.shape[1]);
  Value y{shape, {}};
  for (std::size_t row = 0; row < x.data.size() / inputs; ++row) {
    for (std::size_t o = 0; o < outputs; ++o) {
      double sum = op.bias.empty() ? 0.0 : op.bias[o];
      for (std::size_t i = 0; i < inputs; ++i) {
        sum += static_cast<double>(op.weight.data[o * inputs + i]) * x.data[row * inputs + i];
      }
      y.data.push_back(static_cast<float>(sum));
    }
  }
  return y;
}

Value batch_norm(const BatchNorm& op, const Value& x) {
  Value y = x;
  const std::size_t plane = x.data.size() / op.scale.size();
  for (std::size_t i = 0; i < y.data.size(); ++i) {
    const std::size_t c = i / plane;
    y.data[i] = static_cast<float>(static_cast<double>(x.data[i]) * op.scale[c] + op.shift[c]);
  }
  return y;
}

Value global_average(const Value& x, const Shape& shape) {
  std::vector<int> axes(x.shape.size() - 1);
  for (std::size_t a = 0; a < axes.size(); ++a) axes[a] = static_cast<int>(a) + 1;
  return reduce({axes}, x, shape);
}

Value concat(const Concat& op, std::span<const Value* const> inputs, const Shape& shape) {
  Value y{shape, {}};
  const auto axis = static_cast<std::size_t>(op.axis);
  for_each_index(shape, [&](Shape index) {
    const Value* const* part = inputs.data();
    for (; index[axis] >= (*part)->shape[axis]; ++part) index[axis] -= (*part)->shape[axis];
    y.data.push_back((*part)->data[offset((*part)->shape, index)]);
  });
  return y;
}

Value transpose(const Transpose& op, const Value& x, const Shape& shape) {
  Value y{shape, {}};
  for_each_index(shape, [&](const Shape& index) {
    Shape from(index.size());
    for (std::size_t a = 0; a < index.size(); ++a) from[static_cast<std::size_t>(op.permutation[a])] = index[a];
    y.data.push_back(x.data[offset(x.shape, from)]);
  });
  return y;
}

Value pad(const Pad& op, const Value& x, const Shape& shape) {
  Value y{shape, {}};
  for_each_index(shape, [&](Shape index) {
    bool inside = true;
    for (std::size_t a = 0; a < index.size(); ++a) {
      index[a] = padded_from(op.mode, index[a] - op.before[a], x.shape[a]);
      inside = inside && index[a] >= 0;
    }
    y.data.push_back(inside ? x.data[offset(x.shape, index)] : op.value);
  });
  return y;
}

Value slice(const Slice& op, const Value& x, const Shape& shape) {
  Value y{shape, {}};
  for_each_index(shape, [&](Shape index) {
    for (std::size_t a = 0; a < index.size(); ++a) index[a] = op.start[a] + index[a] * op.step[a];
    y.data.push_back(x.data[offset(x.shape, index)]);
  });
  return y;
}

// exp(x - max) / sum along one axis, or the logarithm of that.
Value softmax(const Softmax& op, const Value& x) {
  const auto axis = static_cast<std::size_t>(op.axis);
  Value y = x;
  for_each_index(x.shape, [&](Shape index) {
    const std::size_t here = offset(x.shape, index);
    double largest = -INFINITY, sum = 0;
    for (index[axis] = 0; index[axis] < x.shape[axis]; ++index[axis]) {
      largest = std::max<double>(largest, x.data[offset(x.shape, index)]);
    }
    for (index[axis] = 0; index[axis] < x.shape[axis]; ++index[axis]) {
      sum += std::exp(x.data[offset(x.shape, index)] - largest);
    }
    const double above = x.data[here] - largest;
    y.data[here] = static_cast<float>(op.form == Softmax::Form::share ? std::exp(above) / sum : above - std::log(sum));
  });
  return y;
}

}  // namespace

Value reduce(const Reduce& op, const Value& x, const Shape& shape) {
  Shape kept = x.shape;  // with the reduced axes kept as 1
  for (const int a : op.axes) kept[static_cast<std::size_t>(a)] = 1;
  std::vector<double> sums(static_cast<std::size_t>(elements(kept)), reduce_start(op.kind));
  for_each_index(x.shape, [&](Shape index) {
    const float v = x.data[offset(x.shape, index)];
    for (const int a : op.axes) index[static_cast<std::size_t>(a)] = 0;
    double& sum = sums[offset(kept, index)];
    sum = reduce_join(op.kind, sum, v);
  });
  const auto count = static_cast<double>(elements(x.shape) / elements(kept));
  Value y{shape, {}};
  for (const double sum : sums) y.data.push_back(static_cast<float>(reduce_end(op.kind, sum, count)));
  return y;
}

Value run(const Node& node, std::span<const Value* const> inputs, const Shape& shape) {
  const auto x = [&]() -> const Value& { return *inputs[0]; };
  return std::visit(
      Overload{
          [&](const Conv& op) { return convolve(op, x(), shape); },
          [&](const Linear& op) { return linear(op, x(), shape); },
          [&](const BatchNorm& op) { return batch_norm(op, x()); },
          [&](const Relu&) { return map(x(), [](float v) { return std::max(v, 0.0F); }); },
          [&](const Clip& op) {
            return map(x(), [&](float v) { return std::min(std::max(v, op.minimum), op.maximum); });
          },
          [&](const Unary& op) {
            return map(x(), [&](float v) { return static_cast<float>(unary(op, static_cast<double>(v))); });
          },
          [&](const Binary& op) {
            return combine(x(), *inputs[1], shape, [&](float a, float b) { return binary(op.kind, a, b); });
          },
          [&](const MaxPool& op) { return max_pool(op, x(), shape); },
          [&](const AveragePool& op) { return average_pool(op, x(), shape); },
          [&](const GlobalAveragePool&) { return global_average(x(), shape); },
          [&](const Reduce& op) { return reduce(op, x(), shape); },
          [&](const Concat& op) { return concat(op, inputs, shape); },
          [&](const Reshape&) {
            return Value{shape, x().data};
          },
          [&](const Transpose& op) { return transpose(op, x(), shape); },
          [&](const Pad& op) { return pad(op, x(), shape); },
          [&](const Slice& op) { return slice(op, x(), shape); },
          [&](const Softmax& op) { return softmax(op, x()); },
          [&](const Constant& op) {
            return Value{shape, op.value.data};
          },
      },
      node.op);
}

}  // namespace vbq::reference
