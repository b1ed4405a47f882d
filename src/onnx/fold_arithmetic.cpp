#include <cmath>

#include "core/check.hpp"
#include "core/half.hpp"
#include "model/geometry.hpp"
#include "onnx/fold.hpp"
#include "onnx/shape_rules.hpp"

namespace vbq::folding {
namespace {

template <typename T>
std::vector<T> as_shape(const std::vector<T>& values, const Shape& from, const Shape& to) {
  return strided(values, to, broadcast_strides(from, to));
}

// op(a, b) over the broadcast of two tensors of the same kind of number, given as float or as int64.
template <typename Op>
HostTensor join(NodeContext& node, const HostTensor& a, const HostTensor& b, const Op& op) {
  if (a.is_real() != b.is_real()) fail("{} joins real numbers and integers, where one kind was expected", node.where());
  const Shape shape = broadcast(a.shape, b.shape, node.where());
  node.room(shape);
  const auto run = [&](const auto& x, const auto& y) -> HostTensor {
    const auto left = as_shape(x, a.shape, shape), right = as_shape(y, b.shape, shape);
    std::vector<decltype(op(left[0], right[0]))> out(left.size());
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = op(left[k], right[k]);
    return {shape, std::move(out)};
  };
  return a.is_real() ? run(a.reals(), b.reals()) : run(a.integers(), b.integers());
}

template <typename Op>
HostTensor binary(NodeContext& node, const Op& op) {
  return join(node, node.constant(0), node.constant(1), op);
}

// Min and Max take any number of inputs.
template <typename Op>
HostTensor variadic(NodeContext& node, const Op& op) {
  HostTensor result = node.constant(0);
  node.room(result.shape);
  for (std::size_t i = 1; i < node.inputs(); ++i) result = join(node, result, node.constant(i), op);
  return result;
}

template <typename Op>
HostTensor unary(NodeContext& node, const Op& op) {
  HostTensor out = node.constant(0);
  node.room(out.shape);
  std::visit(
      [&](auto& values) {
        for (auto& v : values) v = op(v);
      },
      out.data);
  return out;
}

// float arithmetic, or int64 arithmetic that refuses to overflow.
struct Arithmetic {
  const NodeContext& node;

  [[noreturn]] void overflow() const { fail("{} computes integers of 64 bits that overflow", node.where()); }

  float add(float a, float b) const { return a + b; }
  float subtract(float a, float b) const { return a - b; }
  float multiply(float a, float b) const { return a * b; }
  float divide(float a, float b) const { return a / b; }

  std::int64_t add(std::int64_t a, std::int64_t b) const {
    if (__builtin_add_overflow(a, b, &a)) overflow();
    return a;
  }
  std::int64_t subtract(std::int64_t a, std::int64_t b) const {
    if (__builtin_sub_overflow(a, b, &a)) overflow();
    return a;
  }
  std::int64_t multiply(std::int64_t a, std::int64_t b) const {
    if (__builtin_mul_overflow(a, b, &a)) overflow();
    return a;
  }
  std::int64_t divide(std::int64_t a, std::int64_t b) const {
    if (b == 0) fail("{} divides an integer by 0", node.where());
    return b == -1 ? subtract(0, a) : a / b;
  }
};

std::int64_t to_integer(float v, const NodeContext& node) {
  if (!(v > -0x1p63F && v < 0x1p63F)) fail("{} makes an integer of {}", node.where(), v);
  return static_cast<std::int64_t>(v);
}

float as_type(float v, std::int64_t type) {
  if (type == onnx::TensorProto::FLOAT16) return float_of_fp16(fp16_of(v));
  if (type == onnx::TensorProto::BFLOAT16) return float_of_bf16(bf16_of(v));
  return v;
}

}  // namespace

HostTensor add(NodeContext& node) {
  return binary(node, [a = Arithmetic{node}](auto x, auto y) { return a.add(x, y); });
}
HostTensor subtract(NodeContext& node) {
  return binary(node, [a = Arithmetic{node}](auto x, auto y) { return a.subtract(x, y); });
}
HostTensor multiply(NodeContext& node) {
  return binary(node, [a = Arithmetic{node}](auto x, auto y) { return a.multiply(x, y); });
}
HostTensor divide(NodeContext& node) {
  return binary(node, [a = Arithmetic{node}](auto x, auto y) { return a.divide(x, y); });
}
HostTensor minimum(NodeContext& node) {
  return variadic(node, [](auto x, auto y) { return y < x ? y : x; });
}
HostTensor maximum(NodeContext& node) {
  return variadic(node, [](auto x, auto y) { return x < y ? y : x; });
}
HostTensor equal(NodeContext& node) {
  return binary(node, [](auto x, auto y) { return std::int64_t{x == y}; });
}
HostTensor less(NodeContext& node) {
  return binary(node, [](auto x, auto y) { return std::int64_t{x < y}; });
}
HostTensor greater(NodeContext& node) {
  return binary(node, [](auto x, auto y) { return std::int64_t{x > y}; });
}

HostTensor bitwise_and(NodeContext& node) {
  const HostTensor &a = node.constant(0), &b = node.constant(1);
  if (a.is_real() || b.is_real()) fail("{} joins bits of real numbers: integers were expected", node.where());
  return join(node, a, b, [](auto x, auto y) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(x) & static_cast<std::uint64_t>(y));
  });
}

HostTensor negate(NodeContext& node) {
  return unary(node, [a = Arithmetic{node}](auto x) { return a.subtract(decltype(x){0}, x); });
}
HostTensor floor(NodeContext& node) {
  return unary(node, [](auto x) {
    if constexpr (std::is_floating_point_v<decltype(x)>) return std::floor(x);
    return x;
  });
}
HostTensor ceil(NodeContext& node) {
  return unary(node, [](auto x) {
    if constexpr (std::is_floating_point_v<decltype(x)>) return std::ceil(x);
    return x;
  });
}
HostTensor square_root(NodeContext& node) {
  if (!node.constant(0).is_real()) fail("{} takes the root of integers", node.where());
  return unary(node, [](auto x) { return static_cast<decltype(x)>(std::sqrt(static_cast<float>(x))); });
}
HostTensor logical_not(NodeContext& node) {
  return unary(node, [](auto x) { return static_cast<decltype(x)>(x == decltype(x){0}); });
}

HostTensor where(NodeContext& node) {
  const HostTensor &condition = node.constant(0), &a = node.constant(1), &b = node.constant(2);
  if (condition.is_real() || a.is_real() != b.is_real()) {
    fail("{} chooses between real numbers and integers, where one kind was expected", node.where());
  }
  const Shape shape = broadcast(condition.shape, broadcast(a.shape, b.shape, node.where()), node.where());
  node.room(shape);
  const auto choose = as_shape(condition.integers(), condition.shape, shape);
  const auto run = [&](const auto& x, const auto& y) -> HostTensor {
    auto out = as_shape(x, a.shape, shape);
    const auto other = as_shape(y, b.shape, shape);
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = choose[k] != 0 ? out[k] : other[k];
    return {shape, std::move(out)};
  };
  return a.is_real() ? run(a.reals(), b.reals()) : run(a.integers(), b.integers());
}

HostTensor cast(NodeContext& node) {
  using Type = onnx::TensorProto;
  const HostTensor& in = node.constant(0);
  const std::size_t count = node.room(in.shape);
  const std::int64_t type = node.integer("to", 0);
  if (type == Type::FLOAT || type == Type::FLOAT16 || type == Type::BFLOAT16 || type == Type::DOUBLE) {
    std::vector<float> out(count);
    for (std::size_t k = 0; k < count; ++k) {
      out[k] = as_type(in.is_real() ? in.reals()[k] : static_cast<float>(in.integers()[k]), type);
    }
    return {in.shape, std::move(out)};
  }
  if (type != Type::INT64 && type != Type::INT32 && type != Type::BOOL) {
    fail("{} casts to data type {}: float, half, double, int32, int64 or bool was expected", node.where(), type);
  }
  std::vector<std::int64_t> out(count);
  for (std::size_t k = 0; k < count; ++k) {
    if (type == Type::BOOL) {
      out[k] = in.is_real() ? in.reals()[k] != 0 : in.integers()[k] != 0;
      continue;
    }
    out[k] = in.is_real() ? to_integer(in.reals()[k], node) : in.integers()[k];
    if (type == Type::INT32 && (out[k] > kLargestExtent || out[k] < -kLargestExtent - 1)) {
      fail("{} casts {} to int32", node.where(), out[k]);
    }
  }
  return {in.shape, std::move(out)};
}

}  // namespace vbq::folding
