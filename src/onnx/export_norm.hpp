// What a layer's outputs are multiplied by and shifted by becomes part of the batch norm behind it, where it takes no
// bytes of its own.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <vector>

#include "onnx/export_names.hpp"
#include "vbq/network.hpp"

namespace vbq::exporting {

// The BatchNormalization, of FP32 constants, that alone reads the value, behind Identity nodes or not; nullptr where
// there is none. Not const: its inputs are to be changed.
onnx::NodeProto* batch_norm_reading(onnx::GraphProto& graph, const Reads& reads, const std::string& value);

// Its four constants are read by it no more; gives what they were called. See put_norm_in().
std::vector<std::string> take_norm_out(onnx::NodeProto& node);

// norm of multiply[c] y + shift[c], as a norm of y. multiply, shift: [C].
BatchNorm norm_after(const BatchNorm& norm, const std::vector<float>& multiply, const std::vector<float>& shift);

// Makes `node` compute `norm`: mean 0, variance 1, epsilon 0. names: of its four constants before. Gives the four new
// ones, which it reads from then on.
std::vector<onnx::TensorProto> put_norm_in(onnx::NodeProto& node, const BatchNorm& norm,
                                           const std::vector<std::string>& names, UsedNames& used);

}  // namespace vbq::exporting
