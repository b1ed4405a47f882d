// The nodes and initialisers that stand for one quantised weight, in each form.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <vector>

#include "model/onnx_export.hpp"

namespace vbq::exporting {

// A layer's weight in the layout of the file.
struct Weight {
  std::string prefix;                 // of new names
  Shape shape;                        // in the file
  std::vector<std::uint8_t> indices;  // in the file's order
  std::vector<float> levels;
  std::vector<float> scales;  // gain included: none, [1] or one an output
  int output_axis = 0;        // of shape, that scales belong to
  std::string where;          // for messages
};

// What is added in front of the layer; `value` is the weight's new name.
struct Parts {
  std::vector<onnx::NodeProto> nodes;
  std::vector<onnx::TensorProto> tensors;
  std::string value;
};

// opset: of the model. Error when the form cannot hold these levels.
Parts weight_parts(const Weight& weight, ExportForm form, int opset);

// An initialiser; values: the bytes of its elements.
onnx::TensorProto make_tensor(const std::string& name, int type, const Shape& shape, const void* values,
                              std::size_t bytes);

}  // namespace vbq::exporting
