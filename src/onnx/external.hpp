// External data: bytes of a tensor that lie in a file beside the model.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace vbq {

// Where a model lies, and so where its external data may lie.
struct ModelPlace {
  explicit ModelPlace(const std::filesystem::path& model);
  std::filesystem::path folder;       // that the model was named in, links resolved: data is looked for here
  std::filesystem::path file_folder;  // that the model's file lies in: another one where the model is a link
};

// `bytes` bytes of the file that the tensor names. Error, naming `where`, when the name leaves the model's folder; when
// the file, links followed, lies neither in that folder nor right beside the model's own file (as in the cache of a
// model hub, where both are links to files of one folder); when it is not a regular file, does not hold offset + bytes,
// or the tensor says another length.
std::string read_external(const onnx::TensorProto& proto, const ModelPlace& model, std::int64_t bytes,
                          const std::string& where);

}  // namespace vbq
