// Operators that work element by element, those that do nothing at inference, and Softmax.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "core/check.hpp"
#include "model/geometry.hpp"
#include "onnx/convert.hpp"
#include "onnx/shape_rules.hpp"

namespace vbq::converting {
namespace {

// Input i as a value of the network: an activation, or a Constant node that fits the activation it meets.
Value operand(NodeContext& node, Builder& builder, std::size_t i, std::size_t rank) {
  return node.is_activation(i) ? node.activation(i) : builder.constant(node, i, rank);
}

// Axes of the first activation among the inputs.
std::size_t rank_of(const NodeContext& node) {
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    if (node.is_activation(i)) return node.activation(i).shape.size();
  }
  return node.activation(0).shape.size();  // an error that says so
}

// A function of two values. Activations of different rank would put the batch of one beside another axis of the other.
Value join(const NodeContext& node, Builder& builder, Binary op, const Value& a, const Value& b,
           const std::string& part) {
  if (a.shape.size() != b.shape.size()) {
    fail("{} joins shapes {} and {}: the same number of axes was expected", node.where(), shape_text(a.shape),
         shape_text(b.shape));
  }
  return builder.emit(node, op, {a.id, b.id}, broadcast(a.shape, b.shape, node.where()), part);
}

Value keep(NodeContext& node, Builder& builder) {
  // A Reshape to the same shape, which remove_identities() takes out.
  const Value& x = node.activation(0);
  return builder.emit(node, Reshape{}, {x.id}, x.shape);
}

}  // namespace

Value relu(NodeContext& node, Builder& builder) {
  const Value& x = node.activation(0);
  return builder.emit(node, Relu{}, {x.id}, x.shape);
}

Value clip(NodeContext& node, Builder& builder) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Value& x = node.activation(0);
  Clip op{-kInfinity, kInfinity};
  if (node.opset() < 11) {
    op = {node.real("min", -kInfinity), node.real("max", kInfinity)};
  } else {
    if (node.has(1)) op.minimum = node.real_at(1);
    if (node.has(2)) op.maximum = node.real_at(2);
  }
  if (!(op.minimum <= op.maximum)) {
    fail("{} clips to {} to {}: a minimum not above the maximum was expected", node.where(), op.minimum, op.maximum);
  }
  return builder.emit(node, op, {x.id}, x.shape);
}

// What a row of the table says.
Value binary(NodeContext& node, Builder& builder) {
  const std::size_t rank = rank_of(node);
  const Value a = operand(node, builder, 0, rank), b = operand(node, builder, 1, rank);
  return join(node, builder, Binary{find_row(kBinary, node.type())->kind}, a, b, "");
}

// x times the slope where it is below zero. One slope for all is LeakyRelu's.
Value prelu(NodeContext& node, Builder& builder) {
  const Value x = node.activation(0);
  if (node.is_constant(1)) {
    const Tensor slope = builder.image_constant(node, 1, x.shape.size());
    if (slope.data.size() == 1) {
      return builder.emit(node, Unary{Unary::Kind::leaky_relu, slope.data.front()}, {x.id}, x.shape);
    }
  }
  const Value slope = operand(node, builder, 1, x.shape.size());
  const Value y = join(node, builder, {Binary::Kind::prelu}, x, slope, "");
  if (y.shape != x.shape) {
    fail("{} has slopes of shape {} for a value of shape {}: as many at most were expected", node.where(),
         shape_text(slope.shape), shape_text(x.shape));
  }
  return y;
}

// Min or Max of any number of values. What one number bounds is clipped.
Value extremum(NodeContext& node, Builder& builder) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Binary op{find_row(kBinary, node.type())->kind};
  const bool least = op.kind == Binary::Kind::minimum;
  const std::size_t rank = rank_of(node);
  Clip bounds{-kInfinity, kInfinity};
  std::optional<Value> result;
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    if (node.is_constant(i)) {
      const Tensor constant = builder.image_constant(node, i, rank);
      if (constant.data.size() == 1) {
        const float v = constant.data.front();
        least ? bounds.maximum = std::min(bounds.maximum, v) : bounds.minimum = std::max(bounds.minimum, v);
        continue;
      }
    }
    const Value next = operand(node, builder, i, rank);
    result = result ? join(node, builder, op, *result, next, fmt::format(".{}", i)) : next;
  }
  return builder.emit(node, bounds, {result->id}, result->shape);  // of nothing: remove_identities() takes it out
}

// a - b = a + (-1) b
Value subtract(NodeContext& node, Builder& builder) {
  const std::size_t rank = rank_of(node);
  const Value a = operand(node, builder, 0, rank), b = operand(node, builder, 1, rank);
  const Value negative = join(node, builder, kMultiply, b, builder.number(node, -1, rank, ".constant"), ".negate");
  return join(node, builder, kAdd, a, negative, "");
}

// x / c = x * (1 / c), for a constant c; x / y = x * reciprocal(y).
Value divide(NodeContext& node, Builder& builder) {
  if (node.is_activation(1)) {
    const Value& y = node.activation(1);
    const Value inverse = builder.emit(node, Unary{Unary::Kind::reciprocal}, {y.id}, y.shape, ".reciprocal");
    return join(node, builder, kMultiply, operand(node, builder, 0, y.shape.size()), inverse, "");
  }
  const Value& x = node.activation(0);
  Constant op{builder.image_constant(node, 1, x.shape.size())};
  for (float& v : op.value.data) {
    if (v == 0 || !std::isfinite(1 / v)) fail("{} divides by {}", node.where(), v);
    v = 1 / v;
  }
  Shape shape = op.value.shape;
  shape.insert(shape.begin(), builder.batch());
  const Value reciprocal = builder.emit(node, std::move(op), {}, shape, ".reciprocal");
  return join(node, builder, kMultiply, x, reciprocal, "");
}

Value sum(NodeContext& node, Builder& builder) {
  const std::size_t rank = rank_of(node);
  Value total = operand(node, builder, 0, rank);
  if (node.inputs() == 1) return total;
  for (std::size_t i = 1; i < node.inputs(); ++i) {
    const std::string part = i + 1 == node.inputs() ? "" : fmt::format(".{}", i);
    total = join(node, builder, kAdd, total, operand(node, builder, i, rank), part);
  }
  return total;
}

// Softmax and LogSoftmax. Before opset 13 an input is flattened to two axes at `axis`, and each row is one
// distribution.
Value softmax(NodeContext& node, Builder& builder) {
  const auto form = node.type() == "LogSoftmax" ? Softmax::Form::logarithm : Softmax::Form::share;
  const Value& x = node.activation(0);
  const std::size_t rank = x.shape.size();
  const bool flattens = node.opset() < 13;
  const int axis = image_axis(node, node.integer("axis", flattens ? 1 : -1), rank);
  const auto first = x.shape.begin() + axis + 1;
  const auto long_axes = std::count_if(first, x.shape.end(), [](std::int64_t extent) { return extent > 1; });
  if (!flattens || first + 1 == x.shape.end()) return builder.emit(node, Softmax{axis, form}, {x.id}, x.shape);
  if (long_axes <= 1) {  // one axis of the row holds it all
    const auto only = std::find_if(first, x.shape.end(), [](std::int64_t extent) { return extent > 1; });
    const auto at = only == x.shape.end() ? first : only;
    return builder.emit(node, Softmax{static_cast<int>(at - x.shape.begin()) - 1, form}, {x.id}, x.shape);
  }
  Shape rows(x.shape.begin(), first);
  rows.push_back(elements(Shape(first, x.shape.end())));
  const Value flat = builder.emit(node, Reshape{}, {x.id}, rows, ".rows");
  const Value shares = builder.emit(node, Softmax{axis, form}, {flat.id}, rows, "");
  return builder.emit(node, Reshape{}, {shares.id}, x.shape, ".shape");
}

void refuse_training(NodeContext& node) {
  if (node.has(2) && node.integer_at(2) != 0)
    fail("{} is in training mode, where inference was expected", node.where());
}

Value dropout(NodeContext& node, Builder& builder) {
  refuse_training(node);
  return keep(node, builder);
}

Value identity(NodeContext& node, Builder& builder) { return keep(node, builder); }

// Activations are computed in FP32 whatever kind of real number the file has.
Value cast(NodeContext& node, Builder& builder) {
  using Type = onnx::TensorProto;
  const std::int64_t type = node.integer("to", 0);
  if (type != Type::FLOAT && type != Type::FLOAT16 && type != Type::BFLOAT16 && type != Type::DOUBLE) {
    fail("{} casts a computed value to data type {}: float was expected", node.where(), type);
  }
  return keep(node, builder);
}

}  // namespace vbq::converting
