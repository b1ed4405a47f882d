// Chain: the nodes and initialisers that compute one weight, made one after another.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "onnx/export_weight.hpp"

namespace vbq::exporting {

inline void set_integer(onnx::NodeProto& node, const char* name, std::int64_t value) {
  auto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::INT);
  attribute.set_i(value);
}

// Appends nodes one after another; the last one gives the weight, under its own name.
class Chain {
 public:
  Chain(const Weight& weight, UsedNames& names) : weight_(weight), names_(names) {}

  onnx::NodeProto& then(const char* type, const std::vector<std::string>& inputs) {
    onnx::NodeProto& node = parts_.nodes.emplace_back();
    node.set_op_type(type);
    for (const std::string& input : inputs) node.add_input(input);
    return node;
  }
  // What the last node gives, for another to read.
  const std::string& value() {
    onnx::NodeProto& last = parts_.nodes.back();
    if (last.output_size() == 0) last.add_output(names_.fresh(weight_.name + "_" + last.op_type()));
    return last.output(0);
  }
  std::string tensor(const char* part, int type, const Shape& shape, const void* values, std::size_t size) {
    parts_.tensors.push_back(make_tensor(names_.fresh(weight_.name + "_" + part), type, shape, values, size));
    return parts_.tensors.back().name();
  }
  std::string floats(const char* part, const Shape& shape, const std::vector<float>& values) {
    return tensor(part, onnx::TensorProto::FLOAT, shape, values.data(), values.size() * sizeof(float));
  }
  std::string bytes(const char* part, const Shape& shape, const std::vector<std::uint8_t>& values) {
    return tensor(part, onnx::TensorProto::UINT8, shape, values.data(), values.size());
  }
  void scale() {
    if (weight_.scales.empty()) return;
    const std::string name = floats("scale", scale_shape(), weight_.scales);
    then("Mul", {value(), name});
  }
  // Gather's indices are int32 or int64; the file has bytes.
  void cast(const std::string& indices) { set_integer(then("Cast", {indices}), "to", onnx::TensorProto::INT32); }
  void reshape() {
    const Shape& shape = weight_.shape;
    const std::string name = tensor("shape", onnx::TensorProto::INT64, {static_cast<std::int64_t>(shape.size())},
                                    shape.data(), shape.size() * sizeof(std::int64_t));
    then("Reshape", {value(), name});
  }
  Parts finish() {
    parts_.nodes.back().add_output(weight_.name);
    return std::move(parts_);
  }

 private:
  // Ones but for the outputs' axis.
  Shape scale_shape() const {
    Shape shape(weight_.shape.size(), 1);
    const std::size_t count = weight_.scales.size();
    if (count > 1) shape[static_cast<std::size_t>(weight_.output_axis)] = static_cast<std::int64_t>(count);
    return shape;
  }

  const Weight& weight_;
  UsedNames& names_;
  Parts parts_;
};

}  // namespace vbq::exporting
