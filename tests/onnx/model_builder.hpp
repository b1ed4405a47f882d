// ModelBuilder: ONNX models for tests, made in a few lines.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <utility>
#include <vector>

#include "core/check.hpp"
#include "support/graph.hpp"
#include "support/networks.hpp"
#include "vbq/network.hpp"
#include "vbq/onnx.hpp"

namespace vbq::test {

using Ints = std::vector<std::int64_t>;

// A node under construction; attributes chain.
struct NodeMaker {
  onnx::NodeProto* proto;

  NodeMaker& integer(const std::string& name, std::int64_t value) {
    auto* a = add(name, onnx::AttributeProto::INT);
    a->set_i(value);
    return *this;
  }
  NodeMaker& integers(const std::string& name, const Ints& values) {
    auto* a = add(name, onnx::AttributeProto::INTS);
    for (const auto v : values) a->add_ints(v);
    return *this;
  }
  NodeMaker& real(const std::string& name, float value) {
    auto* a = add(name, onnx::AttributeProto::FLOAT);
    a->set_f(value);
    return *this;
  }
  NodeMaker& text(const std::string& name, const std::string& value) {
    auto* a = add(name, onnx::AttributeProto::STRING);
    a->set_s(value);
    return *this;
  }
  onnx::TensorProto& tensor(const std::string& name) { return *add(name, onnx::AttributeProto::TENSOR)->mutable_t(); }
  NodeMaker& name(const std::string& value) {
    proto->set_name(value);
    return *this;
  }

 private:
  onnx::AttributeProto* add(const std::string& name, onnx::AttributeProto::AttributeType type) {
    auto* a = proto->add_attribute();
    a->set_name(name);
    a->set_type(type);
    return a;
  }
};

// Input "x" of the given shape (0: a free extent), output "y", float.
struct ModelBuilder {
  onnx::ModelProto model;

  explicit ModelBuilder(int opset = 13, const Shape& input = {0, 3, 8, 8}) {
    model.set_ir_version(7);
    model.add_opset_import()->set_version(opset);
    graph().set_name("test");
    declare(*graph().add_input(), "x", input);
    graph().add_output()->set_name("y");
  }

  onnx::GraphProto& graph() { return *model.mutable_graph(); }

  static void declare(onnx::ValueInfoProto& info, const std::string& name, const Shape& shape) {
    info.set_name(name);
    auto* type = info.mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto::FLOAT);
    type->mutable_shape();
    for (const auto extent : shape) {
      auto* dim = type->mutable_shape()->add_dim();
      if (extent == 0) {
        dim->set_dim_param("batch");
      } else {
        dim->set_dim_value(extent);
      }
    }
  }

  NodeMaker node(const std::string& type, const Names& inputs, const std::string& output = "y") {
    auto* proto = graph().add_node();
    proto->set_op_type(type);
    proto->set_name(type + "_" + output);
    for (const auto& input : inputs) proto->add_input(input);
    proto->add_output(output);
    return {proto};
  }

  static void fill(onnx::TensorProto& t, const Shape& shape, const std::vector<float>& values) {
    t.set_data_type(onnx::TensorProto::FLOAT);
    for (const auto extent : shape) t.add_dims(extent);
    t.set_raw_data(values.data(), values.size() * sizeof(float));
  }
  static void fill(onnx::TensorProto& t, const Shape& shape, const Ints& values) {
    t.set_data_type(onnx::TensorProto::INT64);
    for (const auto extent : shape) t.add_dims(extent);
    for (const auto v : values) t.add_int64_data(v);
  }
  // Initialisers. A list of integers has one axis.
  onnx::TensorProto& tensor(const std::string& name, const Shape& shape, const std::vector<float>& values) {
    auto* t = graph().add_initializer();
    t->set_name(name);
    fill(*t, shape, values);
    return *t;
  }
  onnx::TensorProto& normal(const std::string& name, const Shape& shape, std::uint64_t seed = 1) {
    return tensor(name, shape, support::normals(static_cast<std::size_t>(elements(shape)), seed));
  }
  onnx::TensorProto& list(const std::string& name, const Ints& values) {
    auto* t = graph().add_initializer();
    t->set_name(name);
    fill(*t, {static_cast<std::int64_t>(values.size())}, values);
    return *t;
  }
  onnx::TensorProto& scalar(const std::string& name, float value) { return tensor(name, {}, {value}); }
  onnx::TensorProto& scalar(const std::string& name, std::int64_t value) {
    auto* t = graph().add_initializer();
    t->set_name(name);
    fill(*t, {}, Ints{value});
    return *t;
  }

  std::string bytes() const { return model.SerializeAsString(); }
  Network read() const {
    Network network = parse_onnx(bytes(), "test.onnx");
    validate(network);
    return network;
  }
  // The message of the Error that reading throws; empty when it does not.
  std::string refusal() const {
    try {
      read();
    } catch (const Error& error) {
      return error.fault() == Fault::input ? error.what() : "internal: " + std::string(error.what());
    }
    return "";
  }
};

// conv 3x3 -> batch norm -> ReLU -> pad, slice by computed shapes -> pool -> flatten by Shape/Gather/Concat -> Gemm: a
// bit of all that real exports hold.
inline ModelBuilder small_export() {
  ModelBuilder b;
  b.normal("w", {4, 3, 3, 3});
  b.normal("gamma", {4}, 2);
  b.normal("beta", {4}, 3);
  b.normal("mean", {4}, 4);
  b.tensor("var", {4}, {1, 2, 3, 4});
  b.normal("fc", {5, 64}, 5);
  b.normal("fc_bias", {5}, 6);
  b.node("Conv", {"x", "w"}, "c").integers("pads", {1, 1, 1, 1}).integers("kernel_shape", {3, 3});
  b.node("BatchNormalization", {"c", "gamma", "beta", "mean", "var"}, "n").real("epsilon", 1e-5F);
  b.node("Relu", {"n"}, "r");
  b.node("Dropout", {"r"}, "d");
  b.node("MaxPool", {"d"}, "p").integers("kernel_shape", {2, 2}).integers("strides", {2, 2});
  b.list("first", {0});
  b.list("rest", {-1});
  b.node("Shape", {"p"}, "shape");
  b.node("Gather", {"shape", "first"}, "batch");
  b.node("Concat", {"batch", "rest"}, "target").integer("axis", 0);
  b.node("Reshape", {"p", "target"}, "f");
  b.node("Gemm", {"f", "fc", "fc_bias"}, "y").integer("transB", 1);
  return b;
}

}  // namespace vbq::test
