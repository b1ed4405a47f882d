// Network: the trained graph as plain data. Nothing here computes; engines do.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "vbq/functions.hpp"
#include "vbq/layout.hpp"

namespace vbq {

// Extents, outermost first. Shapes of values in a Network are of ONE image: the batch dimension is left out.
using Shape = std::vector<std::int64_t>;

// Number of elements; 1 for a scalar's empty shape.
std::int64_t elements(const Shape& shape);

// Host, FP32, row-major.
struct Tensor {
  Shape shape;
  std::vector<float> data;
};

// A value is the network's input (0) or the output of node k (k + 1).
using ValueId = int;
inline constexpr ValueId kInputValue = 0;

// ---- operators: inputs are values, parameters are here -------------------------------------------------------------
struct Padding2d {
  std::int64_t top = 0, left = 0, bottom = 0, right = 0;
  bool operator==(const Padding2d&) const = default;
};

// Cross-correlation over NCHW. weight: [O, I / group, KH, KW]; bias: [O] or empty. A 1-D convolution is not supported.
struct Conv {
  Tensor weight;
  std::vector<float> bias;
  std::array<std::int64_t, 2> stride{1, 1}, dilation{1, 1};  // height, width
  Padding2d pad;
  std::int64_t group = 1;
};
// y = x W^T + b over the last axis; weight: [O, I]; bias: [O] or empty. (ONNX Gemm, and MatMul by a constant.)
struct Linear {
  Tensor weight;
  std::vector<float> bias;
};
// y = x * scale[c] + shift[c], c the first axis of an image (channel). ONNX BatchNormalization in inference form:
// scale = gamma / sqrt(var + eps), shift = beta - mean * scale, computed in double. scale, shift: [C].
struct BatchNorm {
  std::vector<float> scale, shift;
  bool of_file = true;  // such a node of the file; else multiplications and additions there, which compute the same
};
struct Relu {};
struct Clip {
  float minimum, maximum;
};
// Average pooling divides by the taps inside the padded image when count_include_pad, else inside the image.
// Windows that a ceil_mode export lets hang over the far edge are already part of the output's shape.
struct MaxPool {
  std::array<std::int64_t, 2> kernel{1, 1}, stride{1, 1}, dilation{1, 1};
  Padding2d pad;
};
struct AveragePool {
  std::array<std::int64_t, 2> kernel{1, 1}, stride{1, 1};
  Padding2d pad;
  bool count_include_pad = false;
};
struct GlobalAveragePool {};  // [C, H, W] -> [C, 1, 1]
struct Concat {
  int axis;  // of one image
};
struct Reshape {};  // same elements in the same order (Flatten, Reshape, Squeeze, Unsqueeze)
// Output axis a is input axis permutation[a]; axes of one image.
struct Transpose {
  std::vector<int> permutation;
};
// before, after: one entry an axis of an image, >= 0. What is outside the image is `value`, or as the image would be
// without its edge counted twice (reflect: c b | a b c | b a), or its nearest element (edge).
struct Pad {
  enum class Mode : std::uint8_t { constant, reflect, edge };
  std::vector<std::int64_t> before, after;
  float value = 0;
  Mode mode = Mode::constant;
};
// out[i] = in[start + i * step] on each axis of one image; extents are the output's shape. Steps may be negative.
struct Slice {
  std::vector<std::int64_t> start, step;
};
struct Softmax {
  enum class Form : std::uint8_t { share, logarithm };  // exp(x) / sum(exp(x)), or its logarithm
  int axis;                                             // of one image
  Form form = Form::share;
};
// No inputs: the same tensor for every image.
struct Constant {
  Tensor value;
};

// Unary, Binary and Reduce: functions.hpp.
using Operator = std::variant<Conv, Linear, BatchNorm, Relu, Clip, Binary, MaxPool, AveragePool, GlobalAveragePool,
                              Reduce, Concat, Reshape, Transpose, Pad, Slice, Softmax, Constant, Unary>;

struct Node {
  std::string name;  // as in the file, made up from its output where the file has none; unique
  Operator op;
  std::vector<ValueId> inputs;
  std::string weight_name;  // Conv, Linear: the initialiser's name in the file; else empty
};

// What a layer sees, or what its batch norm (or it itself, without one) gives, in `bits` bits, as ONNX's QuantizeLinear
// and DequantizeLinear define it: y = (q - zero_point) * scale, q = clamp(round(x / scale) + zero_point, 0, 2^bits -
// 1), halves to even.
struct ActivationRange {
  enum class Side : std::uint8_t { input, output };
  std::string layer;  // name of a Conv or Linear node
  Side side = Side::input;
  int bits = 8;        // 4..8
  float scale = 1;     // > 0
  int zero_point = 0;  // 0..2^bits - 1
  bool operator==(const ActivationRange&) const = default;
};
using ActivationRanges = std::vector<ActivationRange>;

// Invariants, made by the reader and checked by validate(): inputs of node k are values 0..k (topological order); every
// value's shape is consistent with its operator; the output is the last node's; no node is dead.
struct Network {
  std::string name, input_name, output_name;
  std::vector<Shape> shapes;  // of each value, one image: shapes[0] the input, shapes[k + 1] of node k
  std::vector<Node> nodes;
  Layout file_layout = Layout::nchw;      // of the file's input; images of three axes are [C, H, W] here in either case
  std::vector<std::string> file_outputs;  // names of all outputs of the file; output_name is one of them
  // What quantise_activations() has put in, and the hash of the network before; empty for one as trained.
  ActivationRanges activations = {};
  std::string trained_hash = {};

  const Shape& input_shape() const { return shapes.front(); }
  const Shape& output_shape() const { return shapes.back(); }
};

// Name of an operator as ONNX spells it ("Conv", "Gemm", ...).
const char* operator_name(const Operator& op);

// Weight tensor of a Conv or Linear node; nullptr for any other.
const Tensor* weight_of(const Node& node);
Tensor* weight_of(Node& node);

// Bias of a Conv or Linear node, [O] or empty; nullptr for any other.
const std::vector<float>* bias_of(const Node& node);

// Indices of the nodes with a weight tensor (Conv, Linear), in graph order: the layers that can be quantised.
std::vector<int> weight_layers(const Network& network);

// Index of the batch norm of the file that alone reads what layer `node` gives, a norm of its output channels; -1 where
// there is none. Numbers by which the layer's outputs are multiplied and shifted cost nothing there: they become part
// of it.
int batch_norm_behind(const Network& network, int node);

// Shape that the operator gives for these input shapes (all of one image); Error where they do not fit.
// Pools, Reshape, Reduce and Slice carry theirs in Network::shapes instead: not for them.
void validate(const Network& network);

// 128-bit XXH3 of structure and weights, as 32 hexadecimal digits. Names of nodes are not hashed.
std::string network_hash(const Network& network);

// That of the network without quantised activations.
std::string hash_as_trained(const Network& network);

}  // namespace vbq
