#include "engine/cpu/builder.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include "core/check.hpp"

namespace vbq::cpu {

constexpr std::size_t kAlignment = 64;  // bytes: a cache line, and the widest vector

// By calloc(), whose large pieces take no memory until they are written: a plan that is only measured takes none. What
// it gave lies before what is aligned.
Buffer::Buffer(std::size_t bytes) {
  void* const whole = std::calloc(bytes + 2 * kAlignment, 1);
  if (whole == nullptr) throw std::bad_alloc();
  const std::size_t past = reinterpret_cast<std::uintptr_t>(whole) % kAlignment;
  data_.reset(static_cast<std::byte*>(whole) + 2 * kAlignment - past);
  std::memcpy(data_.get() - sizeof whole, &whole, sizeof whole);
}
void Buffer::Free::operator()(std::byte* p) const {
  void* whole = nullptr;
  std::memcpy(&whole, p - sizeof whole, sizeof whole);
  std::free(whole);
}

Plan make_plan(const Network& network, std::int64_t batch, bool bare_layers) {
  return Builder(network, batch, bare_layers).build();
}

Builder::Builder(const Network& network, std::int64_t batch, bool bare_layers)
    : network_(network),
      batch_(batch),
      bare_layers_(bare_layers),
      values_(network.shapes.size()),
      uses_(network.shapes.size()) {
  plan_.engine = dnnl::engine(dnnl::engine::kind::cpu, 0);
  plan_.batch = batch;
}

Plan Builder::build() {
  const std::vector<Group> groups = fuse(network_, {bare_layers_, follows_layers});
  for (const Group& g : groups) {
    for (const ValueId v : g.inputs) ++uses_[static_cast<std::size_t>(v)];
    if (g.residual >= 0) ++uses_[static_cast<std::size_t>(g.residual)];
    const Concat* concat = std::get_if<Concat>(&node(g.node).op);
    if (batch_ == 1 && concat != nullptr && concat->axis == 0 && shape(g.output).size() == 3) {
      in_place_.push_back({g.output, g.inputs, 0, {}});
    }
  }
  ++uses_.back();

  const api::Desc input = row_major(batch_, network_.input_shape());
  plan_.input = fresh(input);
  use(plan_.input);
  slots_.front().first = -1;  // written before the first step
  define(kInputValue, input, plan_.input);
  for (const Group& g : groups) {
    name_ = node(g.node).name;
    try {
      emit(g);
    } catch (const dnnl::error& e) {
      fail_internal("oneDNN does not take node '{}' ({}): {}", name_, operator_name(node(g.node).op), e.what());
    }
    const auto done = [&](ValueId v) {
      --uses_[static_cast<std::size_t>(v)];
      if (const int slot = value(v).place.slot; slot >= 0) --slot_uses_[static_cast<std::size_t>(slot)];
    };
    for (const ValueId v : g.inputs) done(v);
    if (g.residual >= 0) done(g.residual);
  }
  plan_.output = as_row_major(static_cast<ValueId>(values_.size()) - 1);
  use(plan_.output);  // read after the last step

  place();
  std::sort(plan_.layers.begin(), plan_.layers.end(), [](const auto& a, const auto& b) { return a.node < b.node; });
  return std::move(plan_);
}

void Builder::place() {
  plan_.slots.resize(slots_.size());
  const auto place_those = [&](bool scratch) {
    std::vector<Slot> some;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (scratch_[i] == scratch) some.push_back(slots_[i]);
    }
    const std::size_t bytes = place_slots(some, kAlignment);
    auto next = some.begin();
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (scratch_[i] == scratch) plan_.slots[i] = {scratch, (next++)->offset};
    }
    return bytes;
  };
  plan_.arena_bytes = place_those(false);
  plan_.scratch_bytes = place_those(true);
  for (Plan::LayerPoint& point : plan_.layer_points) note_live(point);
}

// Scratch memory is nobody's when a layer is about to begin.
void Builder::note_live(Plan::LayerPoint& point) const {
  const int before = static_cast<int>(point.before);
  std::vector<Plan::ByteRange> all;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const bool live = slots_[i].first < before && slots_[i].last >= before;
    if (!scratch_[i] && live && slots_[i].bytes > 0) all.push_back({plan_.slots[i].offset, slots_[i].bytes});
  }
  std::ranges::sort(all, {}, &Plan::ByteRange::first);
  point.live = std::move(all);
}

void Builder::define(ValueId v, const api::Desc& md, const Place& place) {
  values_[static_cast<std::size_t>(v)] = {md, place};
  if (place.slot >= 0) slot_uses_[static_cast<std::size_t>(place.slot)] += uses_[static_cast<std::size_t>(v)];
}

Place Builder::fresh(const api::Desc& md) {
  const int now = static_cast<int>(plan_.steps.size());
  slots_.push_back({md.get_size(), now, now});
  slot_uses_.push_back(0);
  scratch_.push_back(false);
  return {static_cast<int>(slots_.size()) - 1, 0, nullptr};
}

Place Builder::scratch(const api::Desc& md) {
  const Place place = fresh(md);
  scratch_.back() = true;
  return place;
}

Place Builder::room(ValueId v, const api::Desc& md) {
  for (InPlaceConcat& concat : in_place_) {
    const auto it = std::find(concat.inputs.begin(), concat.inputs.end(), v);
    const auto lies = layout_of(md, batch_, shape(v));
    if (it == concat.inputs.end() || !lies) continue;
    if (lies->channels_last || (concat.block == 0 && !decide(concat, lies->block))) continue;
    if (concat.block == lies->block) return place_in(concat, static_cast<std::size_t>(it - concat.inputs.begin()));
  }
  return fresh(md);
}

// Blocks may not straddle two inputs.
bool Builder::decide(InPlaceConcat& concat, std::int64_t block) {
  for (std::size_t i = 0; i + 1 < concat.inputs.size(); ++i) {
    if (shape(concat.inputs[i])[0] % block != 0) return false;
  }
  concat.block = block;
  concat.place = fresh(blocked(1, shape(concat.output), block));
  return true;
}

Place Builder::place_in(const InPlaceConcat& concat, std::size_t input) const {
  Place place = concat.place;
  for (std::size_t i = 0; i < input; ++i) {
    place.offset += static_cast<std::size_t>(elements(shape(concat.inputs[i]))) * sizeof(float);
  }
  return place;
}

Place Builder::as(ValueId v, const api::Desc& md) {
  if (value(v).md == md) return value(v).place;
  for (const auto& [id, copy] : copies_) {
    if (id == v && copy.md == md) return copy.place;
  }
  const Place place = fresh(md);
  ++slot_uses_[static_cast<std::size_t>(place.slot)];  // whoever asks next wants it unchanged: never a last use
  add_reorder(value(v).md, value(v).place, md, place);
  copies_.push_back({v, {md, place}});
  return place;
}

Place Builder::as_row_major(ValueId v) {
  if (lies_row_major(value(v).md, batch_, shape(v))) return value(v).place;
  return as(v, row_major(batch_, shape(v)));
}

bool Builder::last_use(ValueId v) const {
  const int slot = value(v).place.slot;
  return slot >= 0 && slot_uses_[static_cast<std::size_t>(slot)] == 1;
}

void Builder::use(const Place& place) {
  if (place.slot < 0) return;
  Slot& slot = slots_[static_cast<std::size_t>(place.slot)];
  slot.last = std::max(slot.last, static_cast<int>(plan_.steps.size()));
}

void Builder::add(Step step) {
  if (const auto* primitive = std::get_if<PrimitiveStep>(&step.action)) {
    for (const Argument& a : primitive->arguments) use(a.place);
  } else {
    for (const Place& p : std::get<LoopStep>(step.action).places) use(p);
  }
  plan_.steps.push_back(std::move(step));
}

void Builder::add_reorder(const api::Desc& from, const Place& at, const api::Desc& to, const Place& where) {
  const dnnl::reorder::primitive_desc pd(plan_.engine, from, plan_.engine, to, api::strict_attributes());
  add_primitive(dnnl::reorder(pd), pd, {{DNNL_ARG_FROM, from, at}, {DNNL_ARG_TO, to, where}});
}

void Builder::add_loop(Loop loop, std::vector<Place> places) {
  add({name_, LoopStep{std::move(loop), std::move(places)}});
}

float* Builder::shared_floats(std::size_t count) { return plan_.shared.emplace_back(count * sizeof(float)).floats(); }

void Builder::add_function(const Function& function, std::int64_t count, const Place& x, const Place& y) {
  const api::Desc flat({count}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::a);
  const auto pd =
      api::eltwise(plan_.engine, function.what, flat, function.alpha, function.beta, api::strict_attributes());
  add_primitive(dnnl::eltwise_forward(pd), pd, {{DNNL_ARG_SRC, flat, x}, {DNNL_ARG_DST, flat, y}});
}

dnnl::primitive_attr Builder::attributes(bool sum, const Group& group) const {
  const Activation& activation = group.activation;
  dnnl::primitive_attr result = api::strict_attributes();
  dnnl::post_ops ops;
  if (sum) ops.append_sum(1.0F);
  if (activation.present) {
    if (activation.minimum == 0.0F && activation.maximum == std::numeric_limits<float>::infinity()) {
      api::append_eltwise(ops, dnnl::algorithm::eltwise_relu, 0.0F, 0.0F);
    } else {
      api::append_eltwise(ops, dnnl::algorithm::eltwise_clip, activation.minimum, activation.maximum);
    }
  }
  if (group.function) {
    const Function function = *function_of(*group.function);
    api::append_eltwise(ops, function.what, function.alpha, function.beta);
  }
  result.set_post_ops(ops);
  return result;
}

}  // namespace vbq::cpu
