#include "engine/cuda/plan/builder.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/check.hpp"
#include "core/overload.hpp"

namespace vbq::cuda {
namespace {

constexpr std::size_t kAlignment = 256;  // bytes, as cudaMalloc gives

// Elements an image of the network's largest value.
std::int64_t largest_value(const Network& network) {
  std::int64_t largest = 1;
  for (const Shape& shape : network.shapes) largest = std::max(largest, elements(shape));
  return largest;
}

}  // namespace

std::int64_t batch_of(const Network& network, std::int64_t block) {
  constexpr std::int64_t kPlaces = (std::int64_t{512} << 20) / 4;
  const std::int64_t most = std::clamp<std::int64_t>(kPlaces / largest_value(network), 1, block);
  const std::int64_t parts = (block + most - 1) / most;
  return (block + parts - 1) / parts;
}

bool fits_one_batch(const Network& network, std::int64_t images) {
  constexpr std::int64_t kPlaces = (std::int64_t{4} << 30) / 4;
  return images > 0 && images <= kPlaces / largest_value(network);
}

Layout layout_of(const Shape& shape, int multiple, int channel) {
  if (shape.size() > kAxes) {
    fail("a value has shape [{}]: engine cuda takes at most {} axes besides the batch", fmt::join(shape, ", "), kAxes);
  }
  Layout layout;
  if (shape.empty()) return layout_of({1}, multiple, channel);
  layout.rank = static_cast<int>(shape.size());
  layout.channel = channel >= 0 ? channel : (layout.rank == 3 ? 0 : layout.rank - 1);
  const auto c = static_cast<std::size_t>(layout.channel);
  // Products stay below 2^63: elements() of a network's shapes do, and padding adds less than a factor of 8.
  const std::int64_t padded = (shape[c] + multiple - 1) / multiple * multiple;
  const std::int64_t places = elements(shape) / std::max<std::int64_t>(1, shape[c]) * padded;
  if (elements(shape) > std::numeric_limits<std::int32_t>::max() || places > std::numeric_limits<std::int32_t>::max()) {
    fail("a value has shape [{}]: engine cuda takes at most 2^31 - 1 elements an image", fmt::join(shape, ", "));
  }
  layout.padded = static_cast<int>(padded);
  int stride = layout.padded;
  for (std::size_t a = shape.size(); a-- > 0;) {
    layout.extent[a] = static_cast<int>(shape[a]);
    layout.stride[a] = a == c ? 1 : stride;
    if (a != c) stride *= layout.extent[a];
  }
  layout.image = stride;
  return layout;
}

Layout part_of(const Layout& whole, int axis, int begin, int extent) {
  Layout part = whole;
  part.extent[axis] = extent;
  part.first = static_cast<std::int64_t>(begin) * whole.stride[axis];
  if (axis == whole.channel) part.padded = begin + extent < whole.channels() ? extent : whole.padded - begin;
  return part;
}

Builder::Builder(const Network& network, std::int64_t batch, Type type, bool bare_layers)
    : network_(network),
      type_(type),
      bare_layers_(bare_layers),
      multiple_(type == Type::fp32 ? 4 : 8),
      values_(network.shapes.size()),
      exact_(network.shapes.size()),
      parts_(network.shapes.size()),
      layers_(weight_layers(network)) {
  plan_.batch = batch;
  plan_.type = type;
  plan_.layers.resize(layers_.size());
  find_outputs();
}

// Outputs in half precision would make ties of what is not one, and blur the divergence.
void Builder::find_outputs() {
  exact_.back() = true;
  for (std::size_t k = network_.nodes.size(); k-- > 0;) {
    const Node& n = network_.nodes[k];
    const bool passes = std::holds_alternative<Reshape>(n.op) || std::holds_alternative<vbq::Softmax>(n.op) ||
                        std::holds_alternative<GlobalAveragePool>(n.op) || std::holds_alternative<Reduce>(n.op);
    if (passes && exact_[k + 1]) exact_[static_cast<std::size_t>(n.inputs[0])] = true;
  }
}

// A part is a convolution's that nothing else looks at, and begins and ends where 16 bytes do.
void Builder::find_parts(const std::vector<Group>& groups) {
  std::vector<int> uses(values_.size());
  std::vector<bool> fits(values_.size());
  for (const Group& group : groups) {
    for (const ValueId v : group.inputs) ++uses[static_cast<std::size_t>(v)];
    if (group.residual >= 0) ++uses[static_cast<std::size_t>(group.residual)];
    const auto out = static_cast<std::size_t>(group.output);
    fits[out] = std::holds_alternative<Conv>(node(group.node).op) && group.residual < 0;
  }
  for (const Group& group : groups) {
    const auto* concat = std::get_if<Concat>(&node(group.node).op);
    if (concat == nullptr || concat->axis != 0 || shape(group.output).size() != 3) continue;
    std::int64_t begin = 0;
    for (const ValueId v : group.inputs) {
      const auto i = static_cast<std::size_t>(v);
      const std::int64_t channels = shape(v)[0];
      const bool same = exact_[i] == exact_[static_cast<std::size_t>(group.output)];
      if (fits[i] && uses[i] == 1 && same && begin % multiple_ == 0 && channels % multiple_ == 0) {
        parts_[i] = {group.output, static_cast<int>(begin)};
      }
      begin += channels;
    }
  }
}

Plan Builder::build() {
  values_[kInputValue] = room(kInputValue);
  plan_.input = values_[kInputValue];
  FuseOptions options;
  options.bare_layers = bare_layers_;
  const std::vector<Group> groups = fuse(network_, options);
  if (!bare_layers_) find_parts(groups);  // a layer's own outputs lie alone
  for (const Group& group : groups) {
    name_ = node(group.node).name;
    emit(group);
  }
  plan_.output = values_.back();
  name_ = network_.output_name;
  if (plan_.output.place.kind != Place::Kind::arena) plan_.output = dense(static_cast<ValueId>(values_.size()) - 1);
  use(plan_.output.place);  // by what counts, after the last step
  plan_.arena_bytes = place_slots(plan_.slots, kAlignment);
  return std::move(plan_);
}

void Builder::emit(const Group& group) {
  const Operator& op = node(group.node).op;
  const auto window = [](const auto& pool, const Shape& in) {
    Window w;
    for (std::size_t a = 0; a < 2; ++a) {
      w.kernel[a] = static_cast<int>(pool.kernel[a]);
      w.stride[a] = static_cast<int>(pool.stride[a]);
      w.pad[a] = static_cast<int>(a == 0 ? pool.pad.top : pool.pad.left);
      w.far[a] = static_cast<int>(in[a + 1] + (a == 0 ? pool.pad.bottom : pool.pad.right));
    }
    return w;
  };
  const auto all_but_first = [&] {
    std::vector<int> axes;
    for (std::size_t a = 1; a < shape(group.inputs[0]).size(); ++a) axes.push_back(static_cast<int>(a));
    return axes;
  };
  std::visit(Overload{
                 [&](const Conv& o) { emit_conv(group, o); },
                 [&](const Linear& o) { emit_linear(group, o); },
                 [&](const BatchNorm& o) { emit_affine(group, o.scale, o.shift); },
                 [&](const Relu&) { emit_affine(group, {}, {}); },
                 [&](const Clip&) { emit_affine(group, {}, {}); },
                 [&](const Unary& o) { emit_map(group, o); },
                 [&](const vbq::Binary& o) { emit_binary(group, o.kind); },
                 [&](const MaxPool& o) {
                   Window w = window(o, shape(group.inputs[0]));
                   for (std::size_t a = 0; a < 2; ++a) w.dilation[a] = static_cast<int>(o.dilation[a]);
                   emit_pool(group, w, true, false);
                 },
                 [&](const AveragePool& o) {
                   emit_pool(group, window(o, shape(group.inputs[0])), false, o.count_include_pad);
                 },
                 [&](const GlobalAveragePool&) { emit_reduce(group, Reduce::Kind::mean, all_but_first()); },
                 [&](const Reduce& o) { emit_reduce(group, o.kind, o.axes); },
                 [&](const Concat& o) { emit_concat(group, o); },
                 [&](const Reshape&) { emit_reshape(group); },
                 [&](const Transpose& o) { emit_transpose(group, o); },
                 [&](const Pad& o) { o.mode == Pad::Mode::constant ? emit_copy(group) : emit_border(group, o); },
                 [&](const Slice&) { emit_copy(group); },
                 [&](const vbq::Softmax& o) { emit_softmax(group, o); },
                 [&](const Constant& o) { emit_constant(group, o); },
             },
             op);
}

Value Builder::fresh(const Layout& layout, Type type) {
  const int step = static_cast<int>(plan_.steps.size());
  Slot slot;
  slot.bytes = static_cast<std::size_t>(layout.image) * static_cast<std::size_t>(plan_.batch) *
               static_cast<std::size_t>(bytes_of(type));
  slot.first = slot.last = step;
  plan_.slots.push_back(slot);
  plan_.slot_types.push_back(type);
  return {layout, {Place::Kind::arena, static_cast<int>(plan_.slots.size()) - 1}};
}

Value Builder::room(ValueId v) {
  return fresh(layout_of(shape(v), multiple_), exact_[static_cast<std::size_t>(v)] ? Type::fp32 : type_);
}

Value Builder::room_of_conv(const Group& group) {
  const Part& part = parts_[static_cast<std::size_t>(group.output)];
  if (part.whole < 0) return room(group.output);
  Value& whole = values_[static_cast<std::size_t>(part.whole)];
  if (whole.place.kind == Place::Kind::none) whole = room(part.whole);
  return {part_of(whole.layout, 0, part.begin, static_cast<int>(shape(group.output)[0])), whole.place};
}

Value Builder::dense(ValueId v, Type type) {
  const Value x = value(v);
  if (x.layout.image != 0 && plan_.type_of(x.place) == type) return x;
  return in_layout(x, layout_of(shape(v), multiple_), type);
}

Value Builder::dense(ValueId v) {
  const Value x = value(v);
  if (x.layout.image != 0) return x;
  return dense(v, exact_[static_cast<std::size_t>(v)] ? Type::fp32 : type_);
}

Value Builder::in_layout(const Value& x, const Layout& layout, Type type) {
  Gather op;
  op.y = layout;
  op.image = x.layout.image;
  for (int a = 0; a < layout.rank; ++a) {
    op.step[a] = x.layout.stride[a];
    op.high[a] = layout.extent[a];
  }
  const Value y = fresh(layout, type);
  add(op, {x.place}, y.place);
  return y;
}

Place Builder::constant(std::vector<float> data) {
  if (data.empty()) return {};
  plan_.constants.push_back(std::move(data));
  return {Place::Kind::constant, static_cast<int>(plan_.constants.size()) - 1};
}

void Builder::add(const Operation& op, std::initializer_list<Place> in, const Place& out) {
  Step step{name_, op, {}, out};
  std::copy(in.begin(), in.end(), step.in.begin());
  for (const Place& place : in) use(place);
  use(out);
  plan_.steps.push_back(std::move(step));
}

// The slot is looked at by the step that comes next.
void Builder::use(const Place& place) {
  if (place.kind != Place::Kind::arena) return;
  plan_.slots[static_cast<std::size_t>(place.number)].last = static_cast<int>(plan_.steps.size());
}

LayerTask task_for(const Layer& layer, const float* trained, void* out) {
  LayerTask task;
  task.trained = trained;
  task.out = out;
  task.type = layer.type;
  task.outputs = layer.outputs;
  task.inputs = layer.inputs;
  task.height = layer.height;
  task.width = layer.width;
  task.padded_outputs = layer.padded_outputs;
  task.padded_inputs = layer.padded_inputs;
  return task;
}

Normalise feed_for(const Plan& plan, const Network& network, const ShardView* shard, const std::int64_t* item) {
  const Shape& shape = network.input_shape();
  const std::int64_t channels = shape.empty() ? 1 : std::max<std::int64_t>(1, shape.front());
  Normalise op;
  op.y = plan.input.layout;
  op.batch = plan.batch;
  op.plane = static_cast<int>(elements(shape) / channels);
  op.shard = shard;
  op.item = item;
  return op;
}

Plan make_plan(const Network& network, std::int64_t batch, Type type, bool bare_layers) {
  return Builder(network, batch, type, bare_layers).build();
}

}  // namespace vbq::cuda
