// ONNX's own checker, of the installed version: names, types and shapes of a whole model.
#pragma once

#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>

#include <string>

namespace vbq::test {

// What the checker, with strict shape inference, finds wrong; empty where nothing is. Opsets that it does not know yet
// (above 17 in Debian 12) pass unseen: tests/system/export.py has a newer one.
inline std::string checker_finds(onnx::ModelProto model) {
  if (model.opset_import(0).version() > 17) return "";
  try {
    onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(), {true, 1, true});
    // Tests leave out the output's type, which is known now but for shapes that the file computes.
    for (auto& output : *model.mutable_graph()->mutable_output()) {
      output.mutable_type()->mutable_tensor_type()->mutable_shape();
    }
    onnx::checker::check_model(model);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace vbq::test
