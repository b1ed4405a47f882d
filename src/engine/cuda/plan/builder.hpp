// Compiles groups of nodes into a Plan, one after another.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "engine/common/fuse.hpp"
#include "engine/cuda/plan/plan.hpp"

namespace vbq::cuda {

class Builder {
 public:
  Builder(const Network& network, std::int64_t batch, Type type, bool bare_layers);
  Plan build();

 private:
  void emit(const Group& group);
  void emit_conv(const Group& group, const Conv& op);
  void emit_linear(const Group& group, const Linear& op);
  void emit_affine(const Group& group, std::vector<float> scale, std::vector<float> shift);
  void emit_map(const Group& group, const Unary& function);
  void emit_binary(const Group& group, vbq::Binary::Kind kind);
  void emit_pool(const Group& group, const Window& window, bool largest, bool count_padding);
  void emit_reduce(const Group& group, Reduce::Kind kind, const std::vector<int>& axes);
  void emit_concat(const Group& group, const Concat& op);
  void emit_reshape(const Group& group);
  void emit_transpose(const Group& group, const Transpose& op);
  void emit_copy(const Group& group);
  void emit_border(const Group& group, const Pad& pad);
  void emit_softmax(const Group& group, const vbq::Softmax& softmax);
  void emit_constant(const Group& group, const Constant& op);

  // A Conv's or Linear's layer and step; x and y as [C, H, W].
  void add_layer(const Group& group, Convolution op, const Value& x, const Value& y, const std::vector<float>& bias);

  const Shape& shape(ValueId v) const { return network_.shapes[static_cast<std::size_t>(v)]; }
  const Node& node(int k) const { return network_.nodes[static_cast<std::size_t>(k)]; }
  const Value& value(ValueId v) const { return values_[static_cast<std::size_t>(v)]; }

  // Memory for a value that is about to be made, in its standard layout.
  Value room(ValueId v);
  Value fresh(const Layout& layout, Type type);
  // The value with one array a batch, in this type where one is asked for: itself, or a copy.
  Value dense(ValueId v);
  Value dense(ValueId v, Type type);
  // x in another layout of the same shape; a step does it.
  Value in_layout(const Value& x, const Layout& layout, Type type);
  Place constant(std::vector<float> data);
  void add(const Operation& op, std::initializer_list<Place> in, const Place& out);
  void use(const Place& place);
  void find_outputs();                                // fills exact_
  void find_parts(const std::vector<Group>& groups);  // fills parts_
  // Memory for a convolution's output: its part of a concatenation, or room().
  Value room_of_conv(const Group& group);

  const Network& network_;
  Type type_;
  bool bare_layers_;
  int multiple_;  // of channels
  Plan plan_;
  std::vector<Value> values_;
  std::vector<bool> exact_;  // values kept in fp32: the outputs, and what is only moved or averaged into them
  // Outputs of convolutions that are written where a concatenation wants them.
  struct Part {
    ValueId whole = -1;
    int begin = 0;
  };
  std::vector<Part> parts_;
  std::vector<int> layers_;  // nodes with weights
  std::string name_;         // of the node being emitted
};

}  // namespace vbq::cuda
