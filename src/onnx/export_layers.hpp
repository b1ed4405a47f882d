// The layers of a file, with what their weights were quantised to.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <vector>

#include "onnx/export.hpp"
#include "onnx/export_source.hpp"
#include "vbq/network.hpp"

namespace vbq::exporting {

// Puts the layers' new weights, and what becomes of their biases and batch norms, in the place of the old. Returns
// ExportedModel::weights. Error as export_onnx().
std::string put_layers_in(onnx::ModelProto& model, const Network& network, const std::vector<ExportLayer>& layers,
                          const Source& source, const ExportStyle& style);

}  // namespace vbq::exporting
