#include "model/passes.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace vbq {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Keeps the nodes with keep[k]; readers of value v read stand_in[v] instead, which must be kept.
void keep_nodes(Draft& draft, const std::vector<bool>& keep, const std::vector<ValueId>& stand_in) {
  Network& network = draft.network;
  std::vector<ValueId> place(network.nodes.size() + 1, kInputValue);  // new id of each kept value
  std::vector<Node> nodes;
  std::vector<Shape> shapes{network.shapes.front()};
  for (std::size_t k = 0; k < network.nodes.size(); ++k) {
    if (!keep[k]) continue;
    Node& node = network.nodes[k];
    for (ValueId& input : node.inputs)
      input = place[static_cast<std::size_t>(stand_in[static_cast<std::size_t>(input)])];
    shapes.push_back(std::move(network.shapes[k + 1]));
    nodes.push_back(std::move(node));
    place[k + 1] = static_cast<ValueId>(nodes.size());
  }
  draft.output = place[static_cast<std::size_t>(stand_in[static_cast<std::size_t>(draft.output)])];
  network.nodes = std::move(nodes);
  network.shapes = std::move(shapes);
}

template <typename Values>
bool all_equal(const Values& values, std::int64_t to) {
  return std::all_of(values.begin(), values.end(), [&](std::int64_t v) { return v == to; });
}

struct IsIdentity {
  const Shape &in, &out;

  bool operator()(const Reshape&) const { return in == out; }
  bool operator()(const Transpose& op) const { return std::is_sorted(op.permutation.begin(), op.permutation.end()); }
  bool operator()(const Pad& op) const { return all_equal(op.before, 0) && all_equal(op.after, 0); }
  bool operator()(const Slice& op) const { return in == out && all_equal(op.start, 0) && all_equal(op.step, 1); }
  bool operator()(const Clip& op) const { return op.minimum == -kInfinity && op.maximum == kInfinity; }
  bool operator()(const Concat&) const { return in == out; }  // of one input: see below
  bool operator()(const ReduceMean&) const { return in == out; }
  bool operator()(const MaxPool& op) const { return all_equal(op.kernel, 1) && in == out; }
  bool operator()(const AveragePool& op) const { return all_equal(op.kernel, 1) && in == out; }
  bool operator()(const GlobalAveragePool&) const { return in == out; }
  bool operator()(const auto&) const { return false; }
};

}  // namespace

void remove_identities(Draft& draft) {
  const Network& network = draft.network;
  std::vector<bool> keep(network.nodes.size(), true);
  std::vector<ValueId> stand_in(network.nodes.size() + 1);
  stand_in[0] = kInputValue;
  for (std::size_t k = 0; k < network.nodes.size(); ++k) {
    const Node& node = network.nodes[k];
    stand_in[k + 1] = static_cast<ValueId>(k + 1);
    if (node.inputs.size() != 1) continue;
    const auto input = static_cast<std::size_t>(node.inputs.front());
    if (!std::visit(IsIdentity{network.shapes[input], network.shapes[k + 1]}, node.op)) continue;
    keep[k] = false;
    stand_in[k + 1] = stand_in[input];
  }
  keep_nodes(draft, keep, stand_in);
}

void remove_dead_nodes(Draft& draft) {
  const std::vector<Node>& nodes = draft.network.nodes;
  std::vector<bool> keep(nodes.size(), false);
  std::vector<ValueId> stand_in(nodes.size() + 1);
  for (std::size_t v = 0; v < stand_in.size(); ++v) stand_in[v] = static_cast<ValueId>(v);
  if (draft.output != kInputValue) keep[static_cast<std::size_t>(draft.output) - 1] = true;
  for (std::size_t k = nodes.size(); k-- > 0;) {
    if (!keep[k]) continue;
    for (const ValueId input : nodes[k].inputs) {
      if (input != kInputValue) keep[static_cast<std::size_t>(input) - 1] = true;
    }
  }
  keep_nodes(draft, keep, stand_in);
}

}  // namespace vbq
