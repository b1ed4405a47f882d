// The nodes and initialisers that stand for one quantised weight, in each form.
#pragma once

#include <onnx/onnx_pb.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "onnx/export.hpp"
#include "onnx/export_names.hpp"

namespace vbq::exporting {

// TensorProto.UINT4, .INT4 and .UINT2, which older headers lack.
inline constexpr int kUint4 = 21, kInt4 = 22, kUint2 = 25;
inline constexpr int kGatherElementsOpset = 11;

// A layer's weight in the layout of the file.
struct Weight {
  std::string name;                           // what the layer reads; new names start with it
  Shape shape;                                // in the file
  std::vector<std::uint8_t> indices;          // in the file's order
  std::vector<std::vector<float>> codebooks;  // one, or one an output
  std::vector<float> scales;                  // gain included: none, [1] or one an output
  int output_axis = 0;                        // of shape, that scales belong to
  std::string where;                          // for messages

  // Output that element i belongs to, and what stands for it.
  std::size_t output_of(std::size_t i) const;
  const std::vector<float>& levels(std::size_t output) const { return codebooks[codebooks.size() == 1 ? 0 : output]; }
};

// What is added in front of the layer, and gives the weight under its name.
struct Parts {
  std::vector<onnx::NodeProto> nodes;
  std::vector<onnx::TensorProto> tensors;
};

// What new nodes are written for, and what they share.
struct Scope {
  UsedNames names;  // of the model; those that are made are added
  int opset;        // of the model
  Readers readers = Readers::newest;
  std::optional<onnx::TensorProto> masks{};  // [8, 1] uint8: bit k alone; there once a weight reads it
};

// Indices and levels numbered anew for a file: the commonest first. So a byte tells how common its value is, in every
// layer alike: zstd's and deflate's blocks, which know no layers, find one distribution.
struct Numbered {
  std::size_t rows = 1, row = 0;      // of `indices`
  std::size_t levels = 0;             // of the largest codebook
  std::vector<std::uint8_t> indices;  // in the file's order; [rows, row], an output's in a row, where each has its own
                                      // codebook
  std::vector<float> table;           // [rows, levels]
};
Numbered numbered(const Weight& weight);

// Numbers the rows of a table anew, the most frequent first, and gives the rows' old numbers in that order.
std::vector<std::size_t> sort_by_frequency(std::span<std::uint8_t> numbers, std::size_t rows);

// scope.names: `weight.name` among them. Error when the form cannot hold these levels.
Parts weight_parts(const Weight& weight, ExportForm form, Scope& scope);

// The same of one way each. type: of an index: UINT8, or kUint4 or kUint2, whose values are wide enough.
Parts by_indices(const Weight& weight, int type, Scope& scope);
enum class IntegerWidth { smallest, int8 };
Parts dequantised(const Weight& weight, Scope& scope, IntegerWidth integers);
Parts packed(const Weight& weight, Scope& scope);
Parts plain(const Weight& weight);

// Numbers below 2^bits (2, 4 or 8), as many a byte as fit, the first in the lowest bits.
std::vector<std::uint8_t> in_bytes(const std::vector<std::uint8_t>& numbers, int bits);

// A matrix of `rows` rows, row-major, the other way round.
std::vector<std::uint8_t> transposed(const std::vector<std::uint8_t>& values, std::size_t rows);

// An initialiser; values: the bytes of its elements.
onnx::TensorProto make_tensor(const std::string& name, int type, const Shape& shape, const void* values,
                              std::size_t bytes);

}  // namespace vbq::exporting
