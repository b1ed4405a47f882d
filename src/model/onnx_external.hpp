// External data: bytes of a tensor that lie in a file beside the model.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace vbq {

// `bytes` bytes of the file that the tensor names. Error, naming `where`, when the file is not inside `folder`, is not
// a regular file, does not hold offset + bytes, or the tensor says another length.
std::string read_external(const onnx::TensorProto& proto, const std::filesystem::path& folder, std::int64_t bytes,
                          const std::string& where);

}  // namespace vbq
