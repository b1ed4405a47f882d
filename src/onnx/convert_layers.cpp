// Operators with weights: Conv, Gemm, MatMul, BatchNormalization.
#include <array>
#include <cmath>
#include <utility>

#include "core/check.hpp"
#include "model/geometry.hpp"
#include "onnx/convert.hpp"
#include "onnx/name.hpp"
#include "onnx/shape_rules.hpp"
#include "onnx/window.hpp"

namespace vbq::converting {
namespace {

// Emits a Conv or Linear, remembering what its weight (input 1) is called in the file.
Value emit_layer(NodeContext& node, Builder& builder, Operator op, const Shape& shape) {
  Value out = builder.emit(node, std::move(op), {node.activation(0).id}, shape);
  builder.draft().network.nodes.back().weight_name = clean_name(node.value(1).origin);
  return out;
}

// Input i, one number a channel.
std::vector<float> per_channel(NodeContext& node, std::size_t i, std::int64_t channels) {
  Tensor tensor = node.tensor_at(i);
  if (tensor.shape != Shape{channels}) {
    fail("input {} of {} has shape {}: {} was expected", i, node.where(), shape_text(tensor.shape),
         shape_text({channels}));
  }
  return std::move(tensor.data);
}

Tensor transposed(const Tensor& matrix) {
  const Shape shape{matrix.shape[1], matrix.shape[0]};
  return {shape, strided(matrix.data, shape, std::array<std::int64_t, 2>{1, matrix.shape[1]})};
}

// A weight of two axes, none empty; leading axes of 1 are dropped.
Tensor matrix_at(NodeContext& node, std::size_t i) {
  Tensor matrix = node.tensor_at(i);
  const Shape file_shape = matrix.shape;
  while (matrix.shape.size() > 2 && matrix.shape.front() == 1) matrix.shape.erase(matrix.shape.begin());
  if (matrix.shape.size() != 2 || matrix.data.empty()) {
    fail("input {} of {} has shape {}: a matrix was expected", i, node.where(), shape_text(file_shape));
  }
  return matrix;
}

// Opset 14 and later say so in training_mode; before, asking for the batch's own statistics (outputs 1 to 4) is what
// training mode is. is_test is of opset 6 and older, but converters leave it behind.
bool is_training(const NodeContext& node) {
  if (node.integer("training_mode", 0) != 0 || node.integer("is_test", 1) == 0) return true;
  bool statistics = false;
  for (int output = 1; output < node.proto().output_size(); ++output) statistics |= node.gives(output);
  return statistics && node.opset() < 14;
}

}  // namespace

Value conv(NodeContext& node, Builder& builder) {
  const Shape& x = node.activation(0).shape;
  Conv op;
  op.weight = node.tensor_at(1);
  const Shape& w = op.weight.shape;
  if (w.size() != 4 || op.weight.data.empty()) {
    fail("{} has a weight of shape {}: four axes (a 2-D convolution) were expected", node.where(), shape_text(w));
  }
  const std::array<std::int64_t, 2> kernel{w[2], w[3]};
  const Window window = window_of(node, x, &kernel);
  op.group = node.integer("group", 1);
  if (op.group < 1 || w[0] % op.group != 0 || x[1] % op.group != 0 || x[1] / op.group != w[1]) {
    fail("{} has {} groups, weight {} and {} input channels, which do not fit together", node.where(), op.group,
         shape_text(w), x[1]);
  }
  op.stride = window.stride;
  op.dilation = window.dilation;
  op.pad = window.pad;
  if (node.has(2)) op.bias = per_channel(node, 2, w[0]);
  const Shape out{x[0], w[0], window.output[0], window.output[1]};  // before w is moved from
  return emit_layer(node, builder, std::move(op), out);
}

// y = alpha x B + beta C
Value gemm(NodeContext& node, Builder& builder) {
  const Shape x = node.activation(0).shape;
  if (x.size() != 2 || node.integer("transA", 0) != 0) {
    fail("{} multiplies a value of shape {} (transA {}): two axes, not transposed, were expected", node.where(),
         shape_text(x), node.integer("transA", 0));
  }
  const Tensor b = matrix_at(node, 1);
  Linear op{node.integer("transB", 0) != 0 ? b : transposed(b), {}};
  const std::int64_t outputs = op.weight.shape[0];
  if (op.weight.shape[1] != x[1]) {
    fail("{} multiplies {} by {}, which do not fit together", node.where(), shape_text(x), shape_text(b.shape));
  }
  const float alpha = node.real("alpha", 1), beta = node.real("beta", 1);
  if (!std::isfinite(alpha) || !std::isfinite(beta)) fail("{} has alpha {} and beta {}", node.where(), alpha, beta);
  if (alpha != 1) {
    for (float& w : op.weight.data) w *= alpha;
  }
  if (!node.has(2) || beta == 0) return emit_layer(node, builder, std::move(op), {x[0], outputs});
  if (node.is_activation(2)) {
    Value c = node.activation(2);
    if (c.shape != Shape{x[0], outputs} && c.shape != Shape{x[0], 1}) {
      fail("{} adds a value of shape {}: {} or one number an image was expected", node.where(), shape_text(c.shape),
           shape_text({x[0], outputs}));
    }
    if (beta != 1) {  // before the layer, which is the last but one of the nodes made here
      const Value factor = builder.number(node, beta, 2, ".beta");
      c = builder.emit(node, kMultiply, {c.id, factor.id}, c.shape, ".scaled");
    }
    const Value product = emit_layer(node, builder, std::move(op), {x[0], outputs});
    return builder.emit(node, kAdd, {product.id, c.id}, product.shape, ".add");
  }
  op.bias = builder.image_constant(node, 2, 2).data;
  if (op.bias.size() == 1) op.bias.resize(static_cast<std::size_t>(outputs), op.bias.front());
  if (op.bias.size() != static_cast<std::size_t>(outputs)) {
    fail("{} adds {} numbers to {} outputs", node.where(), op.bias.size(), outputs);
  }
  if (beta != 1) {
    for (float& v : op.bias) v *= beta;
  }
  return emit_layer(node, builder, std::move(op), {x[0], outputs});
}

// x [N, ..., I] times a constant [I, O].
Value matmul(NodeContext& node, Builder& builder) {
  Shape shape = node.activation(0).shape;
  if (node.is_activation(1))
    fail("{} multiplies two computed values, where a constant second one was expected", node.where());
  const Tensor b = matrix_at(node, 1);
  if (shape.size() < 2 || shape.back() != b.shape[0]) {
    fail("{} multiplies {} by {}, which do not fit together", node.where(), shape_text(shape), shape_text(b.shape));
  }
  shape.back() = b.shape[1];
  return emit_layer(node, builder, Linear{transposed(b), {}}, shape);
}

// scale = gamma / sqrt(var + eps), shift = beta - mean * scale
Value batch_norm(NodeContext& node, Builder& builder) {
  const Value& x = node.activation(0);
  if (x.shape.size() < 2)
    fail("{} has an input of shape {}: channels were expected", node.where(), shape_text(x.shape));
  if (is_training(node)) {
    fail("{} is in training mode{}, where inference was expected: export the network in evaluation mode", node.where(),
         node.opset() < 14 && node.proto().output_size() > 1 ? " (it gives the batch's own statistics)" : "");
  }
  if (node.integer("spatial", 1) != 1) {
    fail("{} has statistics of each element (spatial 0), where one a channel was expected", node.where());
  }
  const std::int64_t channels = x.shape[1];
  const std::vector<float> gamma = per_channel(node, 1, channels), beta = per_channel(node, 2, channels);
  const std::vector<float> mean = per_channel(node, 3, channels), variance = per_channel(node, 4, channels);
  const double epsilon = node.real("epsilon", 1e-5F);
  BatchNorm op;
  for (std::size_t c = 0; c < gamma.size(); ++c) {
    const double scale = gamma[c] / std::sqrt(variance[c] + epsilon);
    op.scale.push_back(static_cast<float>(scale));
    op.shift.push_back(static_cast<float>(beta[c] - mean[c] * scale));
    if (!std::isfinite(op.scale.back()) || !std::isfinite(op.shift.back())) {
      fail("{} has variance {} and epsilon {} in channel {}: a positive, finite sum was expected", node.where(),
           variance[c], epsilon, c);
    }
  }
  return builder.emit(node, std::move(op), {x.id}, x.shape);
}

}  // namespace vbq::converting
