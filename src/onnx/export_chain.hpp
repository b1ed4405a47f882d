// Chain: the nodes and initialisers that compute one weight, made one after another.
#pragma once

#include <cstdint>
#include <initializer_list>
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

inline Shape shape_of(std::initializer_list<std::size_t> extents) {
  Shape shape;
  for (const std::size_t extent : extents) shape.push_back(static_cast<std::int64_t>(extent));
  return shape;
}

// How values that are made besides are called: after the weight (`conv1.weight_indices`), or as briefly as can be,
// where long names would be a tenth of the file.
enum class Naming { after_weight, brief };

// Appends nodes one after another; the last one gives the weight, under its own name.
class Chain {
 public:
  Chain(const Weight& weight, Scope& scope, Naming naming) : weight_(weight), scope_(scope), naming_(naming) {}

  onnx::NodeProto& then(const char* type, const std::vector<std::string>& inputs) {
    onnx::NodeProto& node = parts_.nodes.emplace_back();
    node.set_op_type(type);
    for (const std::string& input : inputs) node.add_input(input);
    return node;
  }
  // What the last node gives, for another to read.
  const std::string& value() {
    onnx::NodeProto& last = parts_.nodes.back();
    if (last.output_size() == 0) last.add_output(fresh(last.op_type()));
    return last.output(0);
  }
  std::string tensor(const char* part, int type, const Shape& shape, const void* values, std::size_t size) {
    parts_.tensors.push_back(make_tensor(fresh(part), type, shape, values, size));
    return parts_.tensors.back().name();
  }
  std::string floats(const char* part, const Shape& shape, const std::vector<float>& values) {
    return tensor(part, onnx::TensorProto::FLOAT, shape, values.data(), values.size() * sizeof(float));
  }
  std::string integers(const char* part, const Shape& values) {
    const auto count = static_cast<std::int64_t>(values.size());
    return tensor(part, onnx::TensorProto::INT64, {count}, values.data(), values.size() * sizeof(std::int64_t));
  }
  std::string bytes(const char* part, const Shape& shape, const std::vector<std::uint8_t>& values) {
    return tensor(part, onnx::TensorProto::UINT8, shape, values.data(), values.size());
  }
  void scale() {
    if (weight_.scales.empty()) return;
    const std::string name = floats("scale", scale_shape(), weight_.scales);
    then("Mul", {value(), name});
  }
  // Gather's indices are int32 or int64, GatherND's int64; the file has bytes.
  void cast(const std::string& value, int type) { set_integer(then("Cast", {value}), "to", type); }
  void reshape(const Shape& shape) {
    const std::string name = integers("shape", shape);
    then("Reshape", {value(), name});
  }
  // What was made of an output's weights a row is put in the file's layout. shape: that it has; [rows, row] or what
  // Reshape takes for that.
  void place_rows(const Shape& shape) {
    const std::int64_t rows = weight_.shape[static_cast<std::size_t>(weight_.output_axis)];
    const Shape matrix{rows, elements(weight_.shape) / rows};
    if (weight_.output_axis == 1) {
      if (shape != matrix) reshape(matrix);
      then("Transpose", {value()});
    } else if (weight_.shape != shape) {
      reshape(weight_.shape);
    }
  }
  // [rows, ...] becomes [rows, row]: the first of `all` elements a row. rows 0: no such axis.
  void cut_rows(std::size_t rows, std::size_t all, std::size_t row) {
    reshape(rows == 0 ? shape_of({all}) : shape_of({rows, all}));
    const std::string start = integers("start", {0}), end = integers("end", shape_of({row}));
    const std::string axis = integers("axis", {rows == 0 ? 0 : 1});
    then("Slice", {value(), start, end, axis});
  }
  // [8, 1]: bit k alone. One for the whole model.
  const std::string& masks() {
    if (!scope_.masks) {
      const std::vector<std::uint8_t> bits{1, 2, 4, 8, 16, 32, 64, 128};
      scope_.masks = make_tensor(scope_.names.fresh("vbq_masks"), onnx::TensorProto::UINT8, {8, 1}, bits.data(), 8);
    }
    return scope_.masks->name();
  }
  Parts finish() {
    parts_.nodes.back().add_output(weight_.name);
    return std::move(parts_);
  }

 private:
  std::string fresh(const std::string& part) {
    return scope_.names.fresh(naming_ == Naming::brief ? "vbq" : weight_.name + "_" + part);
  }

  // Ones but for the outputs' axis.
  Shape scale_shape() const {
    Shape shape(weight_.shape.size(), 1);
    const std::size_t count = weight_.scales.size();
    if (count > 1) shape[static_cast<std::size_t>(weight_.output_axis)] = static_cast<std::int64_t>(count);
    return shape;
  }

  const Weight& weight_;
  Scope& scope_;
  Naming naming_;
  Parts parts_;
};

}  // namespace vbq::exporting
