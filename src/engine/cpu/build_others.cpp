// Element-wise operators, pools, means, softmax.
#include <algorithm>
#include <optional>
#include <utility>

#include "core/overload.hpp"
#include "engine/cpu/builder.hpp"
#include "engine/cpu/loops.hpp"

namespace vbq::cpu {

void Builder::emit(const Group& group) {
  std::visit(Overload{
                 [&](const Conv& op) { emit_conv(group, op); },
                 [&](const Linear& op) { emit_linear(group, op); },
                 [&](const BatchNorm& op) { emit_affine(group, op.scale, op.shift); },
                 [&](const Relu&) { emit_activation(group); },
                 [&](const Clip&) { emit_activation(group); },
                 [&](const Unary& op) { emit_unary(group, op); },
                 [&](const Binary& op) { emit_binary(group, op.kind); },
                 [&](const MaxPool& op) { emit_max_pool(group, op); },
                 [&](const AveragePool& op) { emit_average_pool(group, op); },
                 [&](const GlobalAveragePool&) {
                   std::vector<int> axes;
                   for (std::size_t a = 1; a < shape(group.inputs[0]).size(); ++a) axes.push_back(static_cast<int>(a));
                   emit_reduce(group, Reduce::Kind::mean, axes);
                 },
                 [&](const Reduce& op) { emit_reduce(group, op.kind, op.axes); },
                 [&](const Concat& op) { emit_concat(group, op); },
                 [&](const Reshape&) { emit_reshape(group); },
                 [&](const Transpose& op) { emit_transpose(group, op); },
                 [&](const Pad&) { emit_copy(group); },
                 [&](const Slice&) { emit_copy(group); },
                 [&](const Softmax& op) { emit_softmax(group, op); },
                 [&](const Constant& op) { emit_constant(group, op); },
             },
             node(group.node).op);
}

void Builder::emit_affine(const Group& group, std::vector<float> scale, std::vector<float> shift) {
  const ValueId x = group.inputs[0];
  auto lies = layout(x);
  const Place from = lies ? value(x).place : as_row_major(x);
  const api::Desc md = lies ? value(x).md : row_major(batch_, shape(x));
  if (!lies) lies = layout_of(md, batch_, shape(x));
  const Place y = from == value(x).place && last_use(x) ? from : room(group.output, md);
  add_loop([l = *lies, scale = std::move(scale), shift = std::move(shift),
            a = group.activation](std::span<float* const> p) { affine(l, scale, shift, a, p[0], p[1]); },
           {from, y});
  define(group.output, md, y);
}

void Builder::emit_activation(const Group& group) {
  const ValueId x = group.inputs[0];
  const Value v = value(x);
  const Activation& a = group.activation;
  const bool relu = a.minimum == 0.0F && a.maximum == std::numeric_limits<float>::infinity();
  const auto pd =
      relu ? api::eltwise(plan_.engine, dnnl::algorithm::eltwise_relu, v.md, 0.0F, 0.0F, api::strict_attributes())
           : api::eltwise(plan_.engine, dnnl::algorithm::eltwise_clip, v.md, a.minimum, a.maximum,
                          api::strict_attributes());
  const Place y = last_use(x) ? v.place : room(group.output, v.md);
  add_primitive(dnnl::eltwise_forward(pd), pd, {{DNNL_ARG_SRC, v.md, v.place}, {DNNL_ARG_DST, v.md, y}});
  define(group.output, v.md, y);
}

void Builder::emit_unary(const Group& group, const Unary& op) {
  const ValueId x = group.inputs[0];
  const auto count = static_cast<std::size_t>(batch_ * elements(shape(x)));
  // As it lies, unless there are channels beyond the last, which must stay zeros.
  const bool as_it_lies = value(x).md.get_size() == count * sizeof(float);
  const api::Desc md = as_it_lies ? value(x).md : row_major(batch_, shape(x));
  const Place from = as_it_lies ? value(x).place : as_row_major(x);
  const Place y = from == value(x).place && last_use(x) ? from : room(group.output, md);
  if (const auto function = function_of(op)) {
    add_function(*function, static_cast<std::int64_t>(count), from, y);
    return define(group.output, md, y);
  }
  add_loop([op, count](std::span<float* const> p) { apply(op, count, p[0], p[1]); }, {from, y});
  define(group.output, md, y);
}

bool Builder::emit_constant_binary(const Group& group, Binary::Kind kind) {
  const bool multiply = kind == Binary::Kind::multiply;
  if (!multiply && kind != Binary::Kind::add) return false;
  const ValueId a = group.inputs[0], b = group.inputs[1];
  const Shape& out = shape(group.output);
  for (const auto& [x, other] : {std::pair{a, b}, std::pair{b, a}}) {
    const Constant* constant = other == kInputValue ? nullptr : std::get_if<Constant>(&node(other - 1).op);
    const Shape& s = shape(other);
    if (constant == nullptr || shape(x) != out || out.empty()) continue;
    const bool one = elements(s) == 1 && s.size() <= out.size();
    if (!one && !(s.size() == out.size() && s[0] == out[0] && elements(s) == s[0])) continue;
    std::vector<float> values = constant->value.data, rest(static_cast<std::size_t>(out[0]), multiply ? 0.0F : 1.0F);
    if (one) values.assign(rest.size(), values[0]);
    Group affine = group;
    affine.inputs = {x};
    multiply ? emit_affine(affine, values, rest) : emit_affine(affine, rest, values);
    return true;
  }
  return false;
}

void Builder::emit_binary(const Group& group, Binary::Kind kind) {
  if (emit_constant_binary(group, kind)) return;
  ValueId a = group.inputs[0], b = group.inputs[1];
  const Shape& out = shape(group.output);
  const bool commutes = kBinary[static_cast<std::size_t>(kind)].commutes;
  for (const auto& [x, c] : {std::pair{a, b}, std::pair{b, a}}) {  // a number a channel, as squeeze and excitation has
    if (!commutes && x != a) break;
    const std::optional<Layout> lies = layout(x);
    if (out.size() != 3 || shape(x) != out || shape(x) == shape(c) || shape(c) != Shape{out[0], 1, 1} || !lies)
      continue;
    const Place from = value(x).place, numbers = as_row_major(c);
    const api::Desc md = value(x).md;
    const Place y = last_use(x) ? from : room(group.output, md);
    add_loop([l = *lies, kind, activation = group.activation](
                 std::span<float* const> p) { combine_channels(l, kind, activation, p[0], p[1], p[2]); },
             {from, numbers, y});
    return define(group.output, md, y);
  }
  if (shape(a) != shape(b)) {
    const api::Desc md = row_major(batch_, out);
    const Place first = as_row_major(a), second = as_row_major(b), y = room(group.output, md);
    add_loop([plan = make_broadcast(kind, batch_, shape(a), shape(b), out, group.activation)](
                 std::span<float* const> p) { broadcast(plan, p[0], p[1], p[2]); },
             {first, second, y});
    return define(group.output, md, y);
  }
  if (commutes && ((!last_use(a) && last_use(b)) || value(a).place.shared != nullptr)) std::swap(a, b);
  // Both in the layout of one, channels beyond the last included: they are zeros, and must stay zeros. (oneDNN 2.6 gets
  // its own fused activation wrong there with AVX2.)
  const bool zero_stays = group.activation.minimum <= 0 && group.activation.maximum >= 0;
  const Place first = zero_stays ? value(a).place : as_row_major(a);
  const api::Desc md = zero_stays ? value(a).md : row_major(batch_, out);
  const Place second = zero_stays ? as(b, md) : as_row_major(b);
  const Place y = first == value(a).place && last_use(a) ? first : room(group.output, md);
  add_loop([kind, activation = group.activation, count = md.get_size() / sizeof(float)](
               std::span<float* const> p) { combine(kind, activation, count, p[0], p[1], p[2]); },
           {first, second, y});
  define(group.output, md, y);
}

void Builder::emit_pool(const Group& group, dnnl::algorithm what, const api::Window& window, const Shape& out) {
  const Value x = value(group.inputs[0]);
  const api::Desc any({batch_, out[0], out[1], out[2]}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any);
  const auto pd = api::pooling(plan_.engine, what, x.md, any, window, api::strict_attributes());
  const api::Desc dst = pd.dst_desc();
  const bool same = shape(group.output) == out;
  Place y = same ? room(group.output, dst) : fresh(dst);
  add_primitive(api::make_pooling(pd), pd, {{DNNL_ARG_SRC, x.md, x.place}, {DNNL_ARG_DST, dst, y}});
  if (same) return define(group.output, dst, y);
  // [C, 1, 1] that goes on as [C].
  if (!lies_row_major(dst, batch_, out)) {
    const Place plain = fresh(row_major(batch_, out));
    add_reorder(dst, y, row_major(batch_, out), plain);
    y = plain;
  }
  define(group.output, row_major(batch_, shape(group.output)), y);
}

namespace {

// Padding after the image such that exactly `out` windows fit: a window that hangs over the far edge counts as padding.
std::int64_t padding_after(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                           std::int64_t dilation, std::int64_t before, std::int64_t after) {
  return std::max(after, (out - 1) * stride + (kernel - 1) * dilation + 1 - in - before);
}

}  // namespace

void Builder::emit_max_pool(const Group& group, const MaxPool& op) {
  const Shape& in = shape(group.inputs[0]);
  const Shape& out = shape(group.output);
  const auto after = [&](std::size_t a, std::int64_t before, std::int64_t given) {
    return padding_after(in[a + 1], out[a + 1], op.kernel[a], op.stride[a], op.dilation[a], before, given);
  };
  emit_pool(group, dnnl::algorithm::pooling_max,
            {{op.kernel[0], op.kernel[1]},
             {op.stride[0], op.stride[1]},
             {op.dilation[0] - 1, op.dilation[1] - 1},
             {op.pad.top, op.pad.left},
             {after(0, op.pad.top, op.pad.bottom), after(1, op.pad.left, op.pad.right)}},
            out);
}

void Builder::emit_average_pool(const Group& group, const AveragePool& op) {
  const Shape& in = shape(group.inputs[0]);
  const Shape& out = shape(group.output);
  const auto after = [&](std::size_t a, std::int64_t before, std::int64_t given) {
    return padding_after(in[a + 1], out[a + 1], op.kernel[a], op.stride[a], 1, before, given);
  };
  const std::int64_t bottom = after(0, op.pad.top, op.pad.bottom), right = after(1, op.pad.left, op.pad.right);
  if (op.count_include_pad &&
      (bottom > op.pad.bottom || right > op.pad.right)) {  // oneDNN's divisor is the whole window
    const api::Desc md = row_major(batch_, out);
    const Place from = as_row_major(group.inputs[0]), y = room(group.output, md);
    add_loop([op, maps = batch_ * in[0], in,
              out](std::span<float* const> p) { padded_average(op, maps, in, out, p[0], p[1]); },
             {from, y});
    return define(group.output, md, y);
  }
  emit_pool(
      group,
      op.count_include_pad ? dnnl::algorithm::pooling_avg_include_padding
                           : dnnl::algorithm::pooling_avg_exclude_padding,
      {{op.kernel[0], op.kernel[1]}, {op.stride[0], op.stride[1]}, {0, 0}, {op.pad.top, op.pad.left}, {bottom, right}},
      out);
}

void Builder::emit_reduce(const Group& group, Reduce::Kind kind, const std::vector<int>& axes) {
  const ValueId x = group.inputs[0];
  const Shape& in = shape(x);
  const bool pools = kind == Reduce::Kind::mean || kind == Reduce::Kind::maximum;
  if (pools && in.size() == 3 && (axes == std::vector{1, 2} || axes == std::vector{2, 1})) {
    return emit_pool(
        group, kind == Reduce::Kind::mean ? dnnl::algorithm::pooling_avg_exclude_padding : dnnl::algorithm::pooling_max,
        {{in[1], in[2]}, {1, 1}, {0, 0}, {0, 0}, {0, 0}}, {in[0], 1, 1});
  }
  const api::Desc md = row_major(batch_, shape(group.output));
  const Place from = as_row_major(x), y = room(group.output, md);
  add_loop([plan = make_reduction(kind, batch_, in, axes)](std::span<float* const> p) { reduce(plan, p[0], p[1]); },
           {from, y});
  define(group.output, md, y);
}

void Builder::emit_softmax(const Group& group, const Softmax& op) {
  const Shape& s = shape(group.output);
  std::int64_t outer = batch_, inner = 1;
  for (int a = 0; a < static_cast<int>(s.size()); ++a) {
    if (a < op.axis) outer *= s[static_cast<std::size_t>(a)];
    if (a > op.axis) inner *= s[static_cast<std::size_t>(a)];
  }
  const api::Desc md = row_major(batch_, s);
  const Place from = as_row_major(group.inputs[0]), y = room(group.output, md);
  add_loop([form = op.form, outer, classes = s[static_cast<std::size_t>(op.axis)],
            inner](std::span<float* const> p) { softmax(form, outer, classes, inner, p[0], p[1]); },
           {from, y});
  define(group.output, md, y);
}

}  // namespace vbq::cpu
