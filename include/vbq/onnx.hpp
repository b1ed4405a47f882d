// ONNX reader: a file becomes a Network.
#pragma once

#include <filesystem>
#include <string>

#include "vbq/network.hpp"

namespace vbq {

// Opset versions of the default domain whose meaning is known here.
inline constexpr int kOldestOpset = 7, kNewestOpset = 28;

// One output of the file as a network of one input: the one of this name; empty: the first. The batch dimension (the
// first) may be free or fixed; it is left out. An input of images with channels last is transposed once, in front: the
// network's own is [C, H, W]. Constants are folded, identities and dead nodes removed, batch norm kept. Error, naming
// the file, the node and its operator, on anything that is malformed, unsafe or not supported. Reads no file outside
// the model's folder.
Network read_onnx(const std::filesystem::path& path, const std::string& output = {});

// The same of a file's content already in memory. path: names it in messages; external data is looked for beside it.
Network parse_onnx(std::string content, const std::filesystem::path& path, const std::string& output = {});

}  // namespace vbq
