// What an export finds in the file that it is made of.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "onnx/export.hpp"
#include "onnx/external.hpp"
#include "onnx/tensor.hpp"

namespace vbq::exporting {

struct Source {
  std::unordered_map<std::string, const onnx::NodeProto*> layers;  // the node that each layer was read from
  int opset;
};

// Branches of Ifs that hold some of `layers` are put in their places first. output: the one that the network is of.
Source source_of(onnx::ModelProto& model, const std::string& output, const std::vector<ExportLayer>& layers,
                 const TensorReader& reader);

// External data becomes part of the message, so that the new file stands alone. Gives its bytes.
std::uint64_t take_in(onnx::TensorProto& tensor, const ModelPlace& place);

}  // namespace vbq::exporting
