// What of an exported file stands beside its nodes and weights: the IR version, what it asks for, and metadata.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>

namespace vbq::exporting {

// Makes the model valid for its own IR version, which is raised only where a type in it asks for that.
void settle_version(onnx::ModelProto& model);

// In the place of whatever the key had.
void set_metadata(onnx::ModelProto& model, const std::string& key, const std::string& value);

}  // namespace vbq::exporting
