// What lies in an ONNX file and beside it, for those who pass it on or write near it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vbq {

// The file and those that its external data lies in, for whoever is about to write one: as far as they can be told.
std::vector<std::filesystem::path> files_of_onnx(const std::filesystem::path& path);

// The file's bytes, with external data taken into the message where that is possible: what other processes need, so
// that one can read for all. Error when the file cannot be read; what is wrong inside it is parse_onnx()'s to say.
std::string read_onnx_content(const std::filesystem::path& path);

}  // namespace vbq
