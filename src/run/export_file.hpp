// A quantised ONNX file, from a network and a found format; and how large it would be in each form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "compress/compressed_size.hpp"
#include "onnx/export.hpp"
#include "vbq/format.hpp"

namespace vbq {

struct ExportedFile {
  std::size_t layers = 0;             // quantised
  std::int64_t weights = 0;           // quantised
  int bits = 0;                       // of an index into the largest codebook
  std::size_t bytes = 0;              // of the file
  std::size_t fp32_bytes = 0;         // of the network as trained
  CompressedSize compressed;          // the file
  CompressedSize weights_compressed;  // all that weight_size() counts: what stands for the weights, and those left FP32
};

// Writes `output`, whole or not at all, and then sees how small it becomes (compressed_size()). Error when a file is
// not what it should be, or the form cannot hold the format. network_output: the one that the format was found for;
// empty: the first. All of the file's are written.
ExportedFile export_file(const std::filesystem::path& network, const std::string& network_output,
                         const std::filesystem::path& format, const std::filesystem::path& output,
                         const ExportStyle& style);

// Bytes of a network's file as trained, and of the exported one in each form.
struct FileSizes {
  struct Form {
    ExportForm form;
    std::int64_t bytes = 0;  // 0: not possible
    std::string why_not;
  };
  std::int64_t as_trained = 0;
  std::vector<Form> forms;  // of all forms, in their order; qdq where activations are quantised

  // The smallest that any onnxruntime runs exactly: forms dequantize and qdq are none (docs/onnx.md).
  ExportForm smallest_exact() const;
};

// By making each file in memory. network: as read from the file. opset: that files are raised to; none: the file's own.
// Error when the file cannot be read.
FileSizes file_sizes(const std::filesystem::path& file, const Network& network, const NetworkFormat& formats,
                     std::optional<int> opset = {});

}  // namespace vbq
