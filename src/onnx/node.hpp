// NodeContext: one ONNX node as folding and conversion see it: its attributes and what its inputs are.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "onnx/host_tensor.hpp"
#include "onnx/tensor.hpp"

namespace vbq {

// What a name in the file stands for: data known now (stored in the file, or folded), or an activation.
struct Value {
  const onnx::TensorProto* stored = nullptr;
  std::shared_ptr<const HostTensor> folded;
  ValueId id = -1;     // of an activation
  Shape shape;         // of an activation, batch first; of a bare one (convert_movement.cpp), an image's alone
  std::string origin;  // of data: its name in the file; of a bare activation: the node that gives it

  bool is_activation() const { return id >= 0; }
  bool is_constant() const { return stored != nullptr || folded != nullptr; }
};

class NodeContext {
 public:
  // inputs: one for each of the node's; neither activation nor constant where an optional one is left out.
  NodeContext(const onnx::NodeProto& proto, int opset, std::vector<Value> inputs, TensorReader& reader);

  const std::string& type() const { return proto_.op_type(); }
  int opset() const { return opset_; }
  const std::string& where() const { return where_; }  // `Conv node "conv1" (opset 13)`
  const onnx::NodeProto& proto() const { return proto_; }
  bool gives(int output) const { return output < proto_.output_size() && !proto_.output(output).empty(); }

  // ---- attributes; Error when one has another type than asked for --------------------------------------------------
  std::int64_t integer(const char* name, std::int64_t otherwise) const;
  float real(const char* name, float otherwise) const;
  std::string text(const char* name, const char* otherwise) const;
  std::optional<std::vector<std::int64_t>> integers(const char* name) const;
  const onnx::AttributeProto* attribute(const char* name) const;  // nullptr when missing

  // ---- inputs ------------------------------------------------------------------------------------------------------
  std::size_t inputs() const { return inputs_.size(); }
  bool has(std::size_t i) const { return i < inputs_.size() && (is_activation(i) || is_constant(i)); }
  bool is_activation(std::size_t i) const { return i < inputs_.size() && inputs_[i].is_activation(); }
  bool is_constant(std::size_t i) const { return i < inputs_.size() && inputs_[i].is_constant(); }
  const Value& value(std::size_t i) const;       // Error when left out
  const Value& activation(std::size_t i) const;  // Error when left out or a constant
  const HostTensor& constant(std::size_t i);     // Error when left out or an activation; lives as long as this

  // Data of a constant; Error when it is of the other kind of number.
  std::vector<std::int64_t> integers_at(std::size_t i);
  float real_at(std::size_t i);            // one element
  std::int64_t integer_at(std::size_t i);  // one element
  Tensor tensor_at(std::size_t i);         // float, all finite

  // A list that was an attribute before opset `since` and is input i from then on; nothing when left out.
  std::optional<std::vector<std::int64_t>> list(const char* attribute, std::size_t i, int since);

  // Elements of a shape that is about to be made, checked and charged. Error when it is absurd.
  std::size_t room(const Shape& shape);
  TensorReader& reader() { return reader_; }

 private:
  std::string input_text(std::size_t i) const;

  const onnx::NodeProto& proto_;
  int opset_;
  std::vector<Value> inputs_;
  TensorReader& reader_;
  std::string where_;
};

}  // namespace vbq
