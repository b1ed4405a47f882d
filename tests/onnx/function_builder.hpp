// Local functions of a file, and what nodes within them or in a branch are made of.
#pragma once

#include <string>

#include "onnx/model_builder.hpp"

namespace vbq::test {

inline onnx::FunctionProto& function(ModelBuilder& b, const std::string& name, const Names& inputs,
                                     const Names& outputs) {
  auto& f = *b.model.add_functions();
  f.set_domain("own");
  f.set_name(name);
  for (const auto& i : inputs) f.add_input(i);
  for (const auto& o : outputs) f.add_output(o);
  f.add_opset_import()->set_version(b.model.opset_import(0).version());
  if (b.model.opset_import_size() == 1) {
    b.model.add_opset_import()->set_domain("own");
    b.model.mutable_opset_import(1)->set_version(1);
  }
  b.model.set_ir_version(8);
  return f;
}

// Into a function or a branch.
template <typename To>
onnx::NodeProto& put_node(To& to, const std::string& type, const Names& inputs, const Names& outputs,
                          const std::string& domain = "") {
  auto& node = *to.add_node();
  node.set_op_type(type);
  node.set_domain(domain);
  for (const auto& i : inputs) node.add_input(i);
  for (const auto& o : outputs) node.add_output(o);
  return node;
}

inline onnx::AttributeProto& attribute(onnx::NodeProto& node, const std::string& name,
                                       onnx::AttributeProto::AttributeType t) {
  auto& a = *node.add_attribute();
  a.set_name(name);
  a.set_type(t);
  return a;
}

inline void refer(onnx::NodeProto& node, const std::string& name, onnx::AttributeProto::AttributeType t,
                  const std::string& to) {
  attribute(node, name, t).set_ref_attr_name(to);
}

}  // namespace vbq::test
