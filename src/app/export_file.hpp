// A quantised ONNX file, from a network and a found format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "model/onnx_export.hpp"

namespace vbq {

struct ExportedFile {
  std::size_t layers = 0;      // quantised
  std::int64_t weights = 0;    // quantised
  int bits = 0;                // of an index into the largest codebook
  std::size_t bytes = 0;       // of the file
  std::size_t fp32_bytes = 0;  // of the network as trained
};

// Writes `output`, whole or not at all. Error when a file is not what it should be, or the form cannot hold the format.
ExportedFile export_file(const std::filesystem::path& network, const std::filesystem::path& format,
                         const std::filesystem::path& output, ExportForm form);

}  // namespace vbq
