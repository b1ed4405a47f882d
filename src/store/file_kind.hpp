// What a file is, by its first bytes; nothing of it is trusted yet.
#pragma once

#include <filesystem>

namespace vbq {

enum class FileKind {
  dataset,     // an HDF5 file that is not a checkpoint; open_dataset() says what is wrong with it, if anything
  checkpoint,  // as save_checkpoint() writes it
  other,       // anything else, and what cannot be read
};

// Never throws for a bad file.
FileKind identify(const std::filesystem::path& path);

// Whether a file is likely to be ONNX, by its first bytes or its name.
bool looks_like_network(const std::filesystem::path& path);

}  // namespace vbq
