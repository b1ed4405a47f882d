// Functions of one element, and the operators that are spelled with them.
#include <algorithm>
#include <cmath>
#include <utility>

#include "core/check.hpp"
#include "model/geometry.hpp"
#include "onnx/convert.hpp"
#include "onnx/shape_rules.hpp"

namespace vbq::converting {
namespace {

using Kind = Unary::Kind;

Value emit_unary(NodeContext& node, Builder& builder, const Value& x, Unary op, const std::string& part = "") {
  if (!std::isfinite(op.alpha) || !std::isfinite(op.beta)) {
    fail("{} has alpha {} and beta {}: finite numbers were expected", node.where(), op.alpha, op.beta);
  }
  return builder.emit(node, op, {x.id}, x.shape, part);
}

// x * scale + shift, for every element.
Value affine(NodeContext& node, Builder& builder, const Value& x, float scale, float shift, const std::string& part) {
  const Shape one(x.shape.size() - 1, 1);
  Shape shape = one;
  shape.insert(shape.begin(), builder.batch());
  Value y = x;
  if (scale != 1) {
    const Value factor = builder.emit(node, Constant{{one, {scale}}}, {}, shape, part + ".factor");
    y = builder.emit(node, kMultiply, {x.id, factor.id}, x.shape, part + ".scaled");
  }
  const Value term = builder.emit(node, Constant{{one, {shift}}}, {}, shape, part + ".term");
  return builder.emit(node, kAdd, {y.id, term.id}, x.shape, part);
}

}  // namespace

// What a row of the table says.
Value unary(NodeContext& node, Builder& builder) {
  const UnaryRow& row = *find_row(kUnary, node.type());
  const auto number = [&](const Parameter& p) {
    return p.attribute == nullptr ? p.otherwise : node.real(p.attribute, p.otherwise);
  };
  return emit_unary(node, builder, node.activation(0), {row.kind, number(row.alpha), number(row.beta)});
}

Value gelu(NodeContext& node, Builder& builder) {
  const std::string how = node.text("approximate", "none");
  if (how != "none" && how != "tanh")
    fail("{} is approximated by \"{}\": none or tanh was expected", node.where(), how);
  return emit_unary(node, builder, node.activation(0), {Kind::gelu, how == "tanh" ? 1.0F : 0.0F});
}

// x^c for a constant number c.
Value power(NodeContext& node, Builder& builder) {
  const Value& x = node.activation(0);
  if (node.is_activation(1)) fail("{} has a computed exponent, where a constant was expected", node.where());
  const HostTensor& exponent = node.constant(1);
  const float c = exponent.is_real() ? node.real_at(1) : static_cast<float>(node.integer_at(1));
  if (c == 2) return builder.emit(node, kMultiply, {x.id, x.id}, x.shape);
  return emit_unary(node, builder, x, {Kind::power, c});
}

// d = x - mean(x); y = d / sqrt(mean(d^2) + epsilon) * scale + bias, means over the axes from `axis` on.
Value layer_normalization(NodeContext& node, Builder& builder) {
  const Value x = node.activation(0);
  const std::size_t rank = x.shape.size();
  const int first = image_axis(node, node.integer("axis", -1), rank);
  Reduce means;
  Shape shape = x.shape;
  for (auto a = static_cast<std::size_t>(first); a + 1 < rank; ++a) {
    means.axes.push_back(static_cast<int>(a));
    shape[a + 1] = 1;
  }
  const Value mean = builder.emit(node, means, {x.id}, shape, ".mean");
  const Value negative = affine(node, builder, mean, -1, 0, ".negative");
  const Value d = builder.emit(node, kAdd, {x.id, negative.id}, x.shape, ".centred");
  const Value square = builder.emit(node, kMultiply, {d.id, d.id}, x.shape, ".square");
  const Value variance = builder.emit(node, means, {square.id}, shape, ".variance");
  const Value safe = affine(node, builder, variance, 1, node.real("epsilon", 1e-5F), ".safe");
  const Value inverse_root = emit_unary(node, builder, safe, {Kind::power, -0.5F}, ".inverse");
  Value y = builder.emit(node, kMultiply, {d.id, inverse_root.id}, x.shape, ".normal");
  const Value scale = builder.constant(node, 1, rank);
  y = builder.emit(node, kMultiply, {y.id, scale.id}, broadcast(x.shape, scale.shape, node.where()),
                   node.has(2) ? ".scaled" : "");
  if (!node.has(2)) return y;
  const Value bias = builder.constant(node, 2, rank);
  return builder.emit(node, kAdd, {y.id, bias.id}, broadcast(y.shape, bias.shape, node.where()));
}

// y = x / (bias + alpha mean of squares)^beta, the mean over `size` neighbouring channels, those beyond the ends zero:
// an average pool along the channels.
Value lrn(NodeContext& node, Builder& builder) {
  const Value x = node.activation(0);
  const std::int64_t size = node.integer("size", 0);
  if (x.shape.size() != 4 || size < 1 || size > x.shape[1] * 2) {
    fail("{} has an input of shape {} and size {}: NCHW, and a size from 1 to twice the channels, were expected",
         node.where(), shape_text(x.shape), size);
  }
  const Shape flat{x.shape[0], 1, x.shape[1], x.shape[2] * x.shape[3]};
  const Value square = builder.emit(node, kMultiply, {x.id, x.id}, x.shape, ".square");
  const Value rows = builder.emit(node, Reshape{}, {square.id}, flat, ".rows");
  AveragePool pool{{size, 1}, {1, 1}, {(size - 1) / 2, 0, size / 2, 0}, true};
  const Value mean = builder.emit(node, pool, {rows.id}, flat, ".mean");
  const Value image = builder.emit(node, Reshape{}, {mean.id}, x.shape, ".image");
  const Value base = affine(node, builder, image, node.real("alpha", 1e-4F), node.real("bias", 1), ".base");
  const Value share = emit_unary(node, builder, base, {Kind::power, -node.real("beta", 0.75F)}, ".share");
  return builder.emit(node, kMultiply, {x.id, share.id}, x.shape);
}

}  // namespace vbq::converting
