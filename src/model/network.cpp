// Network's small questions, and its hash.
#include "vbq/network.hpp"

#include <array>
#include <span>

#include "core/hash.hpp"

namespace vbq {
namespace {

// Of the operators that have one name; nullptr for those of a table.
constexpr std::array<const char*, std::variant_size_v<Operator>> kNames{
    "Conv",      "Gemm",        "BatchNormalization",
    "Relu",      "Clip",        nullptr,
    "MaxPool",   "AveragePool", "GlobalAveragePool",
    nullptr,     "Concat",      "Reshape",
    "Transpose", "Pad",         "Slice",
    "Softmax",   "Constant",    nullptr};

// Adds what an operator is, apart from its name (which tells kinds of a table apart): every parameter, in the order of
// its declaration.
struct Parameters {
  Hasher& hash;

  template <typename T>
  void list(const std::vector<T>& values) const {
    hash.array(std::span<const T>(values));
  }
  template <typename T, std::size_t N>
  void list(const std::array<T, N>& values) const {
    hash.array(std::span<const T>(values));
  }
  void tensor(const Tensor& t) const {
    list(t.shape);
    list(t.data);
  }
  void pad(const Padding2d& p) const { list(std::array{p.top, p.left, p.bottom, p.right}); }

  void operator()(const Conv& op) const {
    tensor(op.weight);
    list(op.bias);
    list(op.stride);
    list(op.dilation);
    pad(op.pad);
    hash.value(op.group);
  }
  void operator()(const Linear& op) const {
    tensor(op.weight);
    list(op.bias);
  }
  void operator()(const BatchNorm& op) const {
    list(op.scale);
    list(op.shift);
  }
  void operator()(const Clip& op) const {
    hash.value(op.minimum);
    hash.value(op.maximum);
  }
  void operator()(const MaxPool& op) const {
    list(op.kernel);
    list(op.stride);
    list(op.dilation);
    pad(op.pad);
  }
  void operator()(const AveragePool& op) const {
    list(op.kernel);
    list(op.stride);
    pad(op.pad);
    hash.value(static_cast<std::uint8_t>(op.count_include_pad));
  }
  void operator()(const Reduce& op) const { list(op.axes); }
  void operator()(const Concat& op) const { hash.value(op.axis); }
  void operator()(const Transpose& op) const { list(op.permutation); }
  void operator()(const Pad& op) const {
    list(op.before);
    list(op.after);
    hash.value(op.value);
    if (op.mode != Pad::Mode::constant) hash.value(static_cast<std::uint8_t>(op.mode));
  }
  void operator()(const Slice& op) const {
    list(op.start);
    list(op.step);
  }
  void operator()(const Softmax& op) const { hash.value(op.axis); }
  void operator()(const Constant& op) const { tensor(op.value); }
  void operator()(const Unary& op) const {
    hash.value(static_cast<std::uint8_t>(op.kind));
    hash.value(op.alpha);
    hash.value(op.beta);
  }
  void operator()(const Relu&) const {}
  void operator()(const Binary&) const {}
  void operator()(const GlobalAveragePool&) const {}
  void operator()(const Reshape&) const {}
};

}  // namespace

const char* operator_name(const Operator& op) {
  const auto row = [](const auto& table, auto kind) { return table[static_cast<std::size_t>(kind)].name; };
  if (const auto* unary = std::get_if<Unary>(&op)) return row(kUnary, unary->kind);
  if (const auto* binary = std::get_if<Binary>(&op)) return row(kBinary, binary->kind);
  if (const auto* reduce = std::get_if<Reduce>(&op)) return row(kReduce, reduce->kind);
  const auto* softmax = std::get_if<Softmax>(&op);
  if (softmax != nullptr && softmax->form == Softmax::Form::logarithm) return "LogSoftmax";
  return kNames[op.index()];
}

const Tensor* weight_of(const Node& node) {
  if (const auto* conv = std::get_if<Conv>(&node.op)) return &conv->weight;
  if (const auto* linear = std::get_if<Linear>(&node.op)) return &linear->weight;
  return nullptr;
}

Tensor* weight_of(Node& node) { return const_cast<Tensor*>(weight_of(static_cast<const Node&>(node))); }

const std::vector<float>* bias_of(const Node& node) {
  if (const auto* conv = std::get_if<Conv>(&node.op)) return &conv->bias;
  if (const auto* linear = std::get_if<Linear>(&node.op)) return &linear->bias;
  return nullptr;
}

int batch_norm_behind(const Network& network, int node) {
  int reader = -1, reads = 0;
  for (std::size_t k = 0; k < network.nodes.size(); ++k) {
    for (const ValueId value : network.nodes[k].inputs) {
      if (value != node + 1) continue;
      reader = static_cast<int>(k);
      ++reads;
    }
  }
  if (reads != 1) return -1;
  const auto* norm = std::get_if<BatchNorm>(&network.nodes[static_cast<std::size_t>(reader)].op);
  const Tensor* weight = weight_of(network.nodes[static_cast<std::size_t>(node)]);
  const bool own = norm != nullptr && norm->of_file && weight != nullptr &&
                   std::ssize(norm->scale) == weight->shape.front() &&
                   network.shapes[static_cast<std::size_t>(node) + 1].front() == weight->shape.front();
  return own ? reader : -1;
}

std::vector<int> weight_layers(const Network& network) {
  std::vector<int> layers;
  for (std::size_t k = 0; k < network.nodes.size(); ++k) {
    if (weight_of(network.nodes[k]) != nullptr) layers.push_back(static_cast<int>(k));
  }
  return layers;
}

std::string network_hash(const Network& network) {
  Hasher hash;
  const Parameters parameters{hash};
  hash.value(static_cast<std::uint64_t>(network.nodes.size()));
  for (const Shape& shape : network.shapes) parameters.list(shape);
  for (const Node& node : network.nodes) {
    hash.text(operator_name(node.op));
    parameters.list(node.inputs);
    std::visit(parameters, node.op);
  }
  return hash.hex();
}

std::string hash_as_trained(const Network& network) {
  return network.trained_hash.empty() ? network_hash(network) : network.trained_hash;
}

}  // namespace vbq
