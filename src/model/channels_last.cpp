#include "model/channels_last.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "model/passes.hpp"
#include "model/readers.hpp"

namespace vbq {
namespace {

const std::vector<int> kToFirst{2, 0, 1}, kToLast{1, 2, 0};  // of [H, W, C], of [C, H, W]

// Gives an image of the same axes as it was given.
bool keeps_axes(const Operator& op) {
  return is_element_by_element(op) || std::holds_alternative<Binary>(op) || std::holds_alternative<Pad>(op) ||
         std::holds_alternative<Slice>(op) || std::holds_alternative<Concat>(op);
}

// Takes its first axis for the channels.
bool needs_channels_first(const Operator& op) {
  return std::holds_alternative<Conv>(op) || std::holds_alternative<BatchNorm>(op) ||
         std::holds_alternative<MaxPool>(op) || std::holds_alternative<AveragePool>(op) ||
         std::holds_alternative<GlobalAveragePool>(op);
}

// With one channel, exporters write the Transpose as a Reshape.
bool is_to_first(const Operator& op, const Shape& in, const Shape& out) {
  if (const auto* transpose = std::get_if<Transpose>(&op)) return transpose->permutation == kToFirst;
  return std::holds_alternative<Reshape>(op) && in.size() == 3 && in[2] == 1 && out == Shape{1, in[0], in[1]};
}

bool is_channels(std::int64_t extent) { return extent == 1 || extent == 3 || extent == 4; }

const Shape& shape_of(const Network& network, ValueId v) { return network.shapes[static_cast<std::size_t>(v)]; }

// Moves Transposes that one node reads behind it, where that is a function of each element, a Pad, or a function of two
// whose other value is a constant with at most one long axis (whose numbers then stay in their order). Shapes and names
// of values move along.
class Mover {
 public:
  explicit Mover(Draft& draft) : network_(draft.network), readers_(readers_of(draft)) {}

  void run() {
    for (std::size_t k = 0; k < network_.nodes.size(); ++k) {
      Node& node = network_.nodes[k];
      fold_number(node);
      auto* pad = std::get_if<Pad>(&node.op);
      const bool one = pad != nullptr || (node.inputs.size() == 1 && is_element_by_element(node.op));
      if (one && alone<Transpose>(node.inputs[0])) {
        const std::vector<int>& permutation = std::get<Transpose>(maker(node.inputs[0]).op).permutation;
        if (pad != nullptr) {
          pad->before = undone(pad->before, permutation);
          pad->after = undone(pad->after, permutation);
        }
        swap_with(node, node.inputs[0], k);
      } else if (std::holds_alternative<Binary>(node.op)) {
        pass_constant(node, k);
      }
    }
  }

 private:
  Node& maker(ValueId v) { return network_.nodes[static_cast<std::size_t>(v) - 1]; }
  Shape& shape(ValueId v) { return network_.shapes[static_cast<std::size_t>(v)]; }

  // Made by an Op that nothing else reads.
  template <typename Op>
  bool alone(ValueId v) {
    return v != kInputValue && readers_[static_cast<std::size_t>(v)] == 1 && std::holds_alternative<Op>(maker(v).op);
  }

  // A constant times a number, as a subtracted constant is read, is a constant.
  void fold_number(Node& node) {
    const auto* binary = std::get_if<Binary>(&node.op);
    if (binary == nullptr || binary->kind != Binary::Kind::multiply) return;
    if (node.inputs[0] == kInputValue || node.inputs[1] == kInputValue) return;
    const auto* a = std::get_if<Constant>(&maker(node.inputs[0]).op);
    const auto* b = std::get_if<Constant>(&maker(node.inputs[1]).op);
    if (a == nullptr || b == nullptr || a->value.shape.size() != b->value.shape.size()) return;
    if (a->value.data.size() == 1) std::swap(a, b);
    if (b->value.data.size() != 1) return;
    Constant product = *a;
    for (float& v : product.value.data) v *= b->value.data.front();
    node.op = std::move(product);
    node.inputs.clear();
  }

  // What a Transpose has put in the order of its output's axes, in the order of its input's.
  static std::vector<std::int64_t> undone(const std::vector<std::int64_t>& list, const std::vector<int>& permutation) {
    std::vector<std::int64_t> before(list.size());
    for (std::size_t a = 0; a < list.size(); ++a) before[static_cast<std::size_t>(permutation[a])] = list[a];
    return before;
  }

  // `node`, the k-th, takes the place of the Transpose that gives v, and the Transpose that of `node`.
  void swap_with(Node& node, ValueId v, std::size_t k) {
    Node& transpose = maker(v);
    std::replace(node.inputs.begin(), node.inputs.end(), v, transpose.inputs.front());
    shape(v) = undone(network_.shapes[k + 1], std::get<Transpose>(transpose.op).permutation);
    std::swap(node, transpose);
    node.inputs = {v};
  }

  void pass_constant(Node& node, std::size_t k) {
    for (std::size_t i = 0; i < 2; ++i) {
      ValueId t = node.inputs[i], c = node.inputs[1 - i];
      if (t == c || !alone<Transpose>(t) || !alone<Constant>(c) || shape(t) != network_.shapes[k + 1]) continue;
      const std::vector<int>& permutation = std::get<Transpose>(maker(t).op).permutation;
      Tensor& value = std::get<Constant>(maker(c).op).value;
      const auto is_long = [](std::int64_t extent) { return extent > 1; };
      if (value.shape.size() != permutation.size() || std::ranges::count_if(value.shape, is_long) > 1) continue;
      value.shape = undone(value.shape, permutation);
      shape(c) = value.shape;
      if (c > t) {  // the constant first, so that the Transpose's place is behind it
        std::swap(maker(t), maker(c));
        std::swap(shape(t), shape(c));
        std::swap(t, c);
        node.inputs[i] = t;  // each stays on its side: not all functions commute
        node.inputs[1 - i] = c;
      }
      swap_with(node, t, k);
      return;
    }
  }

  Network& network_;
  std::vector<int> readers_;
};

}  // namespace

Layout input_layout(const Network& network) {
  const Shape& image = network.input_shape();
  if (image.size() != 3) return Layout::nchw;
  std::vector<bool> is_image(network.nodes.size() + 1, false);  // still with the file's axes
  is_image[0] = true;
  bool to_first = false;
  for (std::size_t k = 0; k < network.nodes.size(); ++k) {
    const Node& node = network.nodes[k];
    const auto from =
        std::ranges::find_if(node.inputs, [&](ValueId v) { return is_image[static_cast<std::size_t>(v)]; });
    if (from == node.inputs.end()) continue;
    if (needs_channels_first(node.op)) return Layout::nchw;
    to_first |= is_to_first(node.op, shape_of(network, *from), network.shapes[k + 1]);
    is_image[k + 1] = keeps_axes(node.op) && network.shapes[k + 1].size() == 3;
  }
  const bool by_shape = is_channels(image[2]) && image[0] > 4 && image[1] > 4;
  return to_first || by_shape ? Layout::nhwc : Layout::nchw;
}

void put_channels_first(Draft& draft) {
  Network& network = draft.network;
  const Shape image = network.input_shape();
  for (std::size_t k = 0; k < network.nodes.size(); ++k) {
    Node& node = network.nodes[k];
    if (std::holds_alternative<Reshape>(node.op) &&
        is_to_first(node.op, shape_of(network, node.inputs.front()), network.shapes[k + 1])) {
      node.op = Transpose{kToFirst};
    }
    for (ValueId& v : node.inputs) ++v;
  }
  ++draft.output;
  std::string name = network.input_name + ".channels_last";
  while (std::ranges::any_of(network.nodes, [&](const Node& node) { return node.name == name; })) name += '_';
  network.nodes.insert(network.nodes.begin(), Node{name, Transpose{kToLast}, {kInputValue}, ""});
  network.shapes.insert(network.shapes.begin(), Shape{image[2], image[0], image[1]});
  // Twice: what the first round joins may move on.
  for (int round = 0; round < 2; ++round) {
    Mover(draft).run();
    merge_transposes(draft);
    remove_identities(draft);
    remove_dead_nodes(draft);
  }
}

}  // namespace vbq
