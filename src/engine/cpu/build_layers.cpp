// Convolution and linear layers: everything with weights.
#include <algorithm>
#include <string_view>

#include "engine/cpu/builder.hpp"

namespace vbq::cpu {
namespace {

using Tag = dnnl::memory::format_tag;
constexpr auto kFloat = dnnl::memory::data_type::f32;

api::Desc any(const api::Dims& dims) { return {dims, kFloat, Tag::any}; }

}  // namespace

LayerMemory Builder::layer_memory(const Group& group, const api::Desc& md, const Argument& bias) const {
  LayerMemory layer;
  layer.node = group.node;
  if (group.batch_norm >= 0) {
    const auto& norm = std::get<BatchNorm>(node(group.batch_norm).op);
    layer.scale = norm.scale;
    layer.shift = norm.shift;
  }
  const Operator& op = node(group.node).op;
  layer.own_bias = std::holds_alternative<Conv>(op) ? std::get<Conv>(op).bias : std::get<Linear>(op).bias;
  layer.own_bias.resize(static_cast<std::size_t>(weight_of(node(group.node))->shape.front()), 0.0F);
  layer.bias = static_cast<float*>(bias.place.shared);
  layer.memory = Buffer(md.get_size());
  return layer;
}

Argument Builder::layer(const Group& group, const api::Desc& plain, const api::Desc& md, const Argument& bias) {
  LayerMemory layer = layer_memory(group, md, bias);
  layer.plain = plain;
  layer.weights = dnnl::memory(md, plan_.engine, layer.memory.bytes());
  layer.reorder = dnnl::reorder(dnnl::reorder::primitive_desc(plan_.engine, plain, plan_.engine, md));
  plan_.layers.push_back(std::move(layer));
  return {DNNL_ARG_WEIGHTS, md, {-1, 0, plan_.layers.back().memory.bytes()}};
}

Argument Builder::bias(std::int64_t outputs) {
  return {
      DNNL_ARG_BIAS, api::Desc({outputs}, kFloat, Tag::a), {-1, 0, shared_floats(static_cast<std::size_t>(outputs))}};
}

void Builder::know_layout(ValueId v) {
  if (layout(v)) return;
  const api::Desc md = row_major(batch_, shape(v));
  define(v, md, as_row_major(v));
}

// A layout that a TapView does not know is not kept: everyone reads a row-major copy instead.
void Builder::note_input(const Group& group) {
  if (!bare_layers_) return;
  const ValueId x = group.inputs[0];
  know_layout(x);
  use(value(x).place);
  plan_.layer_points.push_back({group.node, plan_.steps.size(), 0, value(x).place, {}, *layout(x), {}});
}

void Builder::note_output(const Group& group) {
  if (!bare_layers_) return;
  know_layout(group.output);
  const Place& place = value(group.output).place;
  use(place);
  Plan::LayerPoint& point = plan_.layer_points.back();
  point.after = plan_.steps.size();
  point.output = place;
  point.output_layout = *layout(group.output);
  if (std::holds_alternative<Linear>(node(group.node).op)) {  // its channels are the last axis, row-major
    const std::int64_t channels = shape(group.output).back();
    point.output_layout = {batch_, channels, elements(shape(group.output)) / channels, channels, true};
  }
}

// oneDNN's choice of layouts, but for networks whose concatenations are free in blocks of channels: those, where oneDNN
// is as fast in them.
template <typename Describe>
auto Builder::describe_conv(const Shape& in, const Shape& out, const Describe& describe) const {
  const api::Dims src{batch_, in[0], in[1], in[2]}, dst{batch_, out[0], out[1], out[2]};
  if (!in_place_.empty()) {
    try {
      auto pd = describe(in[0] < 16 ? any(src) : blocked(batch_, in, 16), blocked(batch_, out, 16));
      if (std::string_view(pd.impl_info_str()).starts_with("jit")) return pd;
    } catch (const dnnl::error&) {  // not taken in this layout
    }
  }
  return describe(any(src), any(dst));
}

void Builder::emit_conv(const Group& group, const Conv& op) {
  note_input(group);
  if (emit_winograd(group, op)) return;
  const ValueId x = group.inputs[0];
  const Shape& in = shape(x);
  const Shape& out = shape(group.output);
  const Shape& w = op.weight.shape;
  const api::Dims weights =
      op.group == 1 ? api::Dims{w[0], w[1], w[2], w[3]} : api::Dims{op.group, w[0] / op.group, w[1], w[2], w[3]};
  const api::Desc plain(weights, kFloat, op.group == 1 ? Tag::oihw : Tag::goihw);
  const api::Window window{{w[2], w[3]},
                           {op.stride[0], op.stride[1]},
                           {op.dilation[0] - 1, op.dilation[1] - 1},
                           {group.pad.top, group.pad.left},
                           {group.pad.bottom, group.pad.right}};
  const bool residual = group.residual >= 0;
  const Argument b = bias(out[0]);
  const auto describe = [&](const api::Desc& src, const api::Desc& dst) {
    return api::convolution(plan_.engine, src, any(weights), &b.md, dst, window, attributes(residual, group));
  };
  const auto pd = describe_conv(in, out, describe);
  const api::Desc dst = pd.dst_desc();
  Place y;
  if (residual && value(group.residual).md == dst && last_use(group.residual)) {
    y = value(group.residual).place;
  } else {
    y = room(group.output, dst);
    if (residual) add_reorder(value(group.residual).md, value(group.residual).place, dst, y);
  }
  std::vector<Argument> arguments{{DNNL_ARG_SRC, pd.src_desc(), as(x, pd.src_desc())},
                                  layer(group, plain, pd.weights_desc(), b),
                                  {DNNL_ARG_DST, dst, y},
                                  b};
  add_primitive(dnnl::convolution_forward(pd), pd, std::move(arguments));
  define(group.output, dst, y);
  note_output(group);
}

void Builder::emit_linear(const Group& group, const Linear& op) {
  note_input(group);
  const ValueId x = group.inputs[0];
  const std::int64_t outputs = op.weight.shape[0], inputs = op.weight.shape[1];
  const std::int64_t rows = batch_ * elements(shape(x)) / inputs;
  const api::Desc src({rows, inputs}, kFloat, Tag::ab), dst({rows, outputs}, kFloat, Tag::ab);
  const Argument b = bias(outputs);
  const auto pd = api::inner_product(plan_.engine, src, any({outputs, inputs}), &b.md, dst, attributes(false, group));
  const Place from = as_row_major(x);
  const api::Desc md = row_major(batch_, shape(group.output));
  const Place y = room(group.output, md);
  std::vector<Argument> arguments{{DNNL_ARG_SRC, src, from},
                                  layer(group, api::Desc({outputs, inputs}, kFloat, Tag::ab), pd.weights_desc(), b),
                                  {DNNL_ARG_DST, dst, y},
                                  b};
  add_primitive(dnnl::inner_product_forward(pd), pd, std::move(arguments));
  define(group.output, md, y);
  note_output(group);
}

void set_layer(const LayerMemory& layer, dnnl::stream& stream, std::span<const float> weights,
               const LayerFormat* format, std::span<float> room) {
  const LayerFormat none;
  const LayerFormat& f = format == nullptr ? none : *format;
  const std::vector<float>& gain = f.gain;
  const std::size_t outputs = layer.own_bias.size();
  for (std::size_t o = 0; o < outputs; ++o) {
    double b = f.bias.empty() ? layer.own_bias[o] : f.bias[o];
    if (!gain.empty()) b = b * gain[o] + f.shift[o];
    if (!layer.scale.empty()) b = b * layer.scale[o] + layer.shift[o];
    layer.bias[o] = static_cast<float>(b);
  }
  if (!layer.scale.empty() || !gain.empty()) {
    const std::size_t row = weights.size() / std::max<std::size_t>(1, outputs);
    for (std::size_t o = 0; o < outputs; ++o) {
      const float s = (layer.scale.empty() ? 1.0F : layer.scale[o]) * (gain.empty() ? 1.0F : gain[o]);
      for (std::size_t i = o * row; i < (o + 1) * row; ++i) room[i] = weights[i] * s;
    }
    weights = room.first(weights.size());
  }
  if (layer.winograd) return winograd_weights(*layer.winograd, weights.data(), layer.memory.floats());
  // oneDNN takes sources by pointers to non-const, but does not write to them.
  dnnl::memory from(layer.plain, layer.weights.get_engine(), const_cast<float*>(weights.data()));
  dnnl::memory to = layer.weights;
  layer.reorder.execute(stream, from, to);
}

}  // namespace vbq::cpu
