// The nodes and initialisers that stand for one quantised weight, in each form.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <vector>

#include "onnx/export.hpp"
#include "onnx/export_names.hpp"

namespace vbq::exporting {

inline constexpr int kInt4 = 22;  // TensorProto.INT4, which older headers lack

// A layer's weight in the layout of the file.
struct Weight {
  std::string name;                           // what the layer reads; new names start with it
  Shape shape;                                // in the file
  std::vector<std::uint8_t> indices;          // in the file's order
  std::vector<std::vector<float>> codebooks;  // one, or one an output
  std::vector<float> scales;                  // gain included: none, [1] or one an output
  int output_axis = 0;                        // of shape, that scales belong to
  std::string where;                          // for messages

  // Output that element i belongs to, and what stands for it.
  std::size_t output_of(std::size_t i) const;
  const std::vector<float>& levels(std::size_t output) const { return codebooks[codebooks.size() == 1 ? 0 : output]; }
};

// What is added in front of the layer, and gives the weight under its name.
struct Parts {
  std::vector<onnx::NodeProto> nodes;
  std::vector<onnx::TensorProto> tensors;
};

// names: of the model, `weight.name` among them; those that are made are added. opset: of the model. Error when the
// form cannot hold these levels.
Parts weight_parts(const Weight& weight, ExportForm form, UsedNames& names, int opset);

// The same of form dequantize alone.
Parts dequantised(const Weight& weight, UsedNames& names, int opset);

// A matrix of `rows` rows, row-major, the other way round.
std::vector<std::uint8_t> transposed(const std::vector<std::uint8_t>& values, std::size_t rows);

// An initialiser; values: the bytes of its elements.
onnx::TensorProto make_tensor(const std::string& name, int type, const Shape& shape, const void* values,
                              std::size_t bytes);

}  // namespace vbq::exporting
