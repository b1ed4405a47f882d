// Convolution and linear layers: everything with weights.
#include <algorithm>
#include <limits>

#include "core/check.hpp"
#include "engine/cuda/plan/builder.hpp"

namespace vbq::cuda {
namespace {

// Any layout as [C, H, W] with the channel it has: H counts all else.
Layout as_map(const Layout& layout) {
  Layout map;
  map.rank = 3;
  map.channel = 0;
  map.padded = layout.padded;
  map.image = layout.image;
  const int extents[3] = {layout.channels(), static_cast<int>(layout.image / layout.padded), 1};
  const int strides[3] = {1, layout.padded, layout.padded};
  std::copy_n(extents, 3, map.extent);
  std::copy_n(strides, 3, map.stride);
  return map;
}

}  // namespace

void Builder::add_layer(const Group& group, Convolution op, const Value& x, const Value& y,
                        const std::vector<float>& bias) {
  const Tensor& weight = *weight_of(node(group.node));
  const auto number = std::lower_bound(layers_.begin(), layers_.end(), group.node) - layers_.begin();
  Layer& layer = plan_.layers[static_cast<std::size_t>(number)];
  layer.node = group.node;
  layer.type = plan_.type_of(y.place);
  layer.outputs = static_cast<int>(weight.shape[0]);
  layer.inputs = static_cast<int>(weight.shape[1]);
  if (weight.shape.size() == 4) {
    layer.height = static_cast<int>(weight.shape[2]);
    layer.width = static_cast<int>(weight.shape[3]);
  }
  layer.padded_outputs = op.y.padded;
  layer.padded_inputs = op.groups == 1 ? op.x.padded : layer.inputs;
  if (layer.places() > std::numeric_limits<std::int32_t>::max()) {
    fail("node '{}' has {} weights: engine cuda takes at most 2^31 - 1 in a layer", name_, layer.places());
  }
  layer.own_bias = bias;
  layer.own_bias.resize(static_cast<std::size_t>(layer.outputs), 0.0F);
  if (group.batch_norm >= 0) {
    const auto& norm = std::get<BatchNorm>(node(group.batch_norm).op);
    layer.scale = norm.scale;
    layer.shift = norm.shift;
  }
  op.inputs = layer.inputs;
  op.inner = layer.padded_inputs;
  op.layer = static_cast<int>(number);
  op.clamped = group.activation.present;
  op.clamp = {group.activation.minimum, group.activation.maximum};
  const Place residual = group.residual >= 0 ? dense(group.residual, layer.type).place : Place{};
  const std::size_t before = plan_.steps.size();
  add(op,
      {x.place,
       residual,
       {Place::Kind::weights, static_cast<int>(number)},
       {Place::Kind::bias, static_cast<int>(number)}},
      y.place);
  if (bare_layers_) plan_.layer_points.push_back({static_cast<int>(number), before, plan_.steps.size(), x, y});
}

void Builder::emit_conv(const Group& group, const Conv& op) {
  const Value y = room_of_conv(group), x = dense(group.inputs[0], plan_.type_of(y.place));
  Convolution conv;
  conv.groups = static_cast<int>(op.group);
  const std::int64_t pads[2][2] = {{group.pad.top, group.pad.bottom}, {group.pad.left, group.pad.right}};
  for (std::size_t a = 0; a < 2; ++a) {
    conv.window.kernel[a] = static_cast<int>(op.weight.shape[a + 2]);
    conv.window.stride[a] = static_cast<int>(op.stride[a]);
    conv.window.dilation[a] = static_cast<int>(op.dilation[a]);
    conv.window.pad[a] = static_cast<int>(pads[a][0]);
    conv.window.far[a] = x.layout.extent[a + 1] + static_cast<int>(pads[a][1]);
  }
  conv.x = x.layout;
  conv.y = y.layout;
  add_layer(group, conv, x, y, op.bias);
  values_[static_cast<std::size_t>(group.output)] = y;
}

// A 1x1 convolution over the last axis. Where that axis is not the innermost one ([C, H, W]), it is made so and undone.
void Builder::emit_linear(const Group& group, const Linear& op) {
  Value y = room(group.output);
  const Type type = plan_.type_of(y.place);
  Value x = dense(group.inputs[0], type);
  const int last = x.layout.rank - 1;
  const bool turn = x.layout.channel != last;
  Value result = y;
  if (turn) {
    x = in_layout(x, layout_of(shape(group.inputs[0]), multiple_, last), type);
    y = fresh(layout_of(shape(group.output), multiple_, last), type);
  }
  Convolution conv;
  conv.x = as_map(x.layout);
  conv.y = as_map(y.layout);
  for (std::size_t a = 0; a < 2; ++a) conv.window.far[a] = conv.x.extent[a + 1];
  add_layer(group, conv, x, y, op.bias);
  if (turn) result = in_layout(y, result.layout, type);
  values_[static_cast<std::size_t>(group.output)] = result;
}

}  // namespace vbq::cuda
