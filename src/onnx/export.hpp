// ONNX writer: the user's own graph with each quantised weight replaced by what it was quantised to.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vbq/network.hpp"

namespace vbq {

enum class ExportForm {
  codebook,    // uint8 indices -> Cast -> Gather(levels) -> [Mul scale]
  packed,      // as many indices a byte as fit, as the opset allows: export_packed.cpp
  dequantize,  // int4 (from opset 21) or int8 -> DequantizeLinear, for levels on an even grid through zero
  qdq,         // int8 -> DequantizeLinear, for such levels, and activations of 8 bits by QuantizeLinear and
               // DequantizeLinear: what runtimes compute in integers
  plain        // FP32 weights that hold the quantised values
};

// A layer's weights as s * level[index], its bias, and what its outputs become after that.
struct ExportLayer {
  std::string name;                           // of the network's node
  std::vector<std::vector<float>> codebooks;  // [1]: the layer's; [O]: one an output; 1..256 levels each
  std::vector<std::uint8_t> indices;          // [O, ...] row-major, as in the network
  std::vector<float> scales;                  // none, [1] or [O]
  std::vector<float> bias;                    // [O]: takes the place of the layer's; empty: as it is
  std::vector<float> gain, shift;  // none or [O]: output y, bias included, becomes gain * y + shift. Gain goes into
                                   // the scale, shift into the bias
  float input_step = 0;  // above 0: the layer sees multiples of it, and its biases are whole multiples of it times the
                         // weights' scales, whose levels are whole numbers
};

struct ExportedModel {
  std::string bytes;             // of the ONNX file
  std::uint64_t fp32_bytes = 0;  // of the same file before, external data included
  std::string weights;  // what stands for the layers' weights in there: indices, tables, shapes, scales, and shifts of
                        // layers without a bias, end to end
};

// Who can read a file of form packed: whatever knows the operators of its opset; or also programs that lack integers of
// 2 and 4 bits, or misread them (onnxruntime 1.24), which then are taken apart bit by bit.
enum class Readers { newest, any };

// How a file is written.
struct ExportStyle {
  ExportForm form;
  std::optional<int> opset = {};  // that the file is raised to; none: its own
  Readers readers = Readers::newest;
};

// path: the file that `network` was read from; its activations are quantised as the network's are. Opset (unless it is
// raised), names and all else of the graph stay; external data is taken in. metadata: keys and values added to the
// model's. Error when a layer cannot be written so: says which, and why.
ExportedModel export_onnx(const std::filesystem::path& path, const Network& network,
                          const std::vector<ExportLayer>& layers, const ExportStyle& style,
                          const std::vector<std::pair<std::string, std::string>>& metadata);

}  // namespace vbq
