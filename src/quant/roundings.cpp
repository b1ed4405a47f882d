#include "quant/roundings.hpp"

#include <algorithm>
#include <cstddef>
#include <variant>
#include <vector>

namespace vbq {
namespace {

float step_of(const Node& node) {
  const auto* rounding = std::get_if<Unary>(&node.op);
  return rounding != nullptr && rounding->kind == Unary::Kind::round_to ? rounding->alpha : 0;
}

}  // namespace

bool only_moves(const Operator& op) {
  if (const Pad* pad = std::get_if<Pad>(&op)) return pad->value == 0 || pad->mode != Pad::Mode::constant;
  return std::holds_alternative<Slice>(op) || std::holds_alternative<Reshape>(op) ||
         std::holds_alternative<Transpose>(op) || std::holds_alternative<MaxPool>(op);
}

float input_step(const Network& network, int node) {
  const ValueId input = network.nodes[static_cast<std::size_t>(node)].inputs.front();
  if (network.activations.empty() || input == kInputValue) return 0;
  return step_of(network.nodes[static_cast<std::size_t>(input) - 1]);
}

float output_step(const Network& network, int node) {
  if (network.activations.empty()) return 0;
  const int norm = batch_norm_behind(network, node);
  std::vector<bool> given(network.shapes.size(), false);  // values with the layer's own numbers in them
  given[static_cast<std::size_t>(norm < 0 ? node : norm) + 1] = true;
  for (std::size_t k = static_cast<std::size_t>(node) + 1; k < network.nodes.size(); ++k) {
    const Node& reader = network.nodes[k];
    if (std::ranges::none_of(reader.inputs, [&](ValueId v) { return given[static_cast<std::size_t>(v)]; })) continue;
    if (const float step = step_of(reader); step > 0) return step;
    const bool stays = only_moves(reader.op) || std::holds_alternative<Relu>(reader.op) ||
                       std::holds_alternative<Clip>(reader.op) || std::holds_alternative<Concat>(reader.op);
    if (stays) given[k + 1] = true;
  }
  return 0;
}

}  // namespace vbq
