// A file's operators as a newer opset spells them.
#pragma once

#include <onnx/onnx_pb.h>

namespace vbq::exporting {

// Makes the model one of this opset; what its operators compute stays the same. Of ONNX's operators, all that a network
// may have are known: those whose definition changed are respelled. Error, naming the node, where one cannot be, or is
// none of them; or where the opset is older than the file's, or not known.
void raise_opset(onnx::ModelProto& model, int opset);

}  // namespace vbq::exporting
