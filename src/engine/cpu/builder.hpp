// Compiles groups of nodes into a Plan, one after another.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/common/arena.hpp"
#include "engine/common/fuse.hpp"
#include "engine/cpu/functions.hpp"
#include "engine/cpu/layout.hpp"
#include "engine/cpu/plan.hpp"

namespace vbq::cpu {

class Builder {
 public:
  Builder(const Network& network, std::int64_t batch, bool bare_layers);
  Plan build();

 private:
  // A value as it lies in memory.
  struct Value {
    api::Desc md;
    Place place;
  };
  // The memory of a concatenation along channels of one image: its inputs lie in it one after another, so that whoever
  // makes them can write them there and nothing is left to do.
  struct InPlaceConcat {
    ValueId output;
    std::vector<ValueId> inputs;
    std::int64_t block = 0;  // of the layout; 0: not decided
    Place place;
  };

  // One function for each kind of group.
  void emit(const Group& group);
  void emit_conv(const Group& group, const Conv& op);
  bool emit_winograd(const Group& group, const Conv& op);  // false when it does not fit or does not pay
  void emit_linear(const Group& group, const Linear& op);
  void emit_affine(const Group& group, std::vector<float> scale, std::vector<float> shift);
  void emit_activation(const Group& group);
  void emit_unary(const Group& group, const Unary& op);
  bool emit_constant_binary(const Group& group, Binary::Kind kind);  // of a constant a channel; false: not affine
  void emit_binary(const Group& group, Binary::Kind kind);
  void emit_max_pool(const Group& group, const MaxPool& op);
  void emit_average_pool(const Group& group, const AveragePool& op);
  void emit_reduce(const Group& group, Reduce::Kind kind, const std::vector<int>& axes);
  void emit_pool(const Group& group, dnnl::algorithm what, const api::Window& window, const Shape& out);
  void emit_concat(const Group& group, const Concat& op);
  void emit_in_place(const Group& group, const InPlaceConcat& concat);
  void emit_reshape(const Group& group);
  void emit_transpose(const Group& group, const Transpose& op);
  void emit_copy(const Group& group);
  void emit_softmax(const Group& group, const Softmax& op);
  void emit_constant(const Group& group, const Constant& op);

  const Shape& shape(ValueId v) const { return network_.shapes[static_cast<std::size_t>(v)]; }
  const Node& node(int k) const { return network_.nodes[static_cast<std::size_t>(k)]; }
  const Value& value(ValueId v) const { return values_[static_cast<std::size_t>(v)]; }
  std::optional<Layout> layout(ValueId v) const { return layout_of(value(v).md, batch_, shape(v)); }

  // Where the slots lie, once all are known; and which of them layers and those behind them look at.
  void place();
  void note_live(Plan::LayerPoint& point) const;
  // Says where a value is, and how.
  void define(ValueId v, const api::Desc& md, const Place& place);
  // Memory for one array of this kind.
  Place fresh(const api::Desc& md);
  // The same for one that nobody looks at when the steps of a node are over.
  Place scratch(const api::Desc& md);
  // Memory for a value that is about to be made: inside a concatenation's when it fits there, else fresh.
  Place room(ValueId v, const api::Desc& md);
  // The value in this layout: itself, or a copy made by a step (once for all who ask).
  Place as(ValueId v, const api::Desc& md);
  Place as_row_major(ValueId v);
  // True when the group being emitted is the last to look at the memory that v lies in, so that it may write over it.
  bool last_use(ValueId v) const;

  void add(Step step);
  void add_reorder(const api::Desc& from, const Place& at, const api::Desc& to, const Place& where);
  // A step of a primitive; its scratchpad is added to the arguments.
  template <typename Pd>
  void add_primitive(dnnl::primitive primitive, const Pd& pd, std::vector<Argument> arguments);
  void add_loop(Loop loop, std::vector<Place> places);
  void use(const Place& place);

  template <typename Describe>
  auto describe_conv(const Shape& in, const Shape& out, const Describe& describe) const;
  dnnl::primitive_attr attributes(bool sum, const Group& group) const;
  // y = function(x) in vector instructions, for what lies at x in `count` floats.
  void add_function(const Function& function, std::int64_t count, const Place& x, const Place& y);
  // Memory of a layer's weights for a primitive that wants them as md; `plain` is row-major. Its argument.
  Argument layer(const Group& group, const api::Desc& plain, const api::Desc& md, const Argument& bias);
  Argument winograd_layer(const Group& group, const Winograd& w, const api::Desc& md, const Argument& bias);
  LayerMemory layer_memory(const Group& group, const api::Desc& md, const Argument& bias) const;
  // Memory of a layer's bias; every layer has one, because matching may need it.
  Argument bias(std::int64_t outputs);
  // Tell where a layer's inputs and outputs lie, in a plan with bare layers: before its first step and after its last.
  void note_input(const Group& group);
  void note_output(const Group& group);
  // Has the value lie in some layout that layout() knows.
  void know_layout(ValueId v);
  float* shared_floats(std::size_t count);
  bool decide(InPlaceConcat& concat, std::int64_t block);
  Place place_in(const InPlaceConcat& concat, std::size_t input) const;

  const Network& network_;
  std::int64_t batch_;
  bool bare_layers_;
  Plan plan_;
  std::vector<Value> values_;
  std::vector<int> uses_;  // of each value: groups that still have to look at it
  std::vector<Slot> slots_;
  std::vector<bool> scratch_;                      // of each slot
  std::vector<int> slot_uses_;                     // the same, of all values in a slot
  std::vector<std::pair<ValueId, Value>> copies_;  // values in other layouts
  std::vector<InPlaceConcat> in_place_;
  std::string name_;  // of the node being emitted
};

template <typename Pd>
void Builder::add_primitive(dnnl::primitive primitive, const Pd& pd, std::vector<Argument> arguments) {
  const api::Desc pad = pd.scratchpad_desc();
  if (pad.get_size() > 0) arguments.push_back({DNNL_ARG_SCRATCHPAD, pad, scratch(pad)});
  add({name_, PrimitiveStep{std::move(primitive), std::move(arguments)}});
}

}  // namespace vbq::cpu
