#include "model/passes.hpp"
#include "model/readers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
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
  bool operator()(const Reduce&) const { return in == out; }
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

namespace {

// The node that makes value v, if it is an Op; else nullptr.
template <typename Op>
const Op* maker(const Network& network, ValueId v) {
  return v == kInputValue ? nullptr : std::get_if<Op>(&network.nodes[static_cast<std::size_t>(v) - 1].op);
}

// Of a node with two inputs: the one that is not a constant, and the other's numbers, one a channel of it. Nothing
// where the constant is of another shape.
struct PerChannel {
  ValueId x;
  const std::vector<float>* numbers;
};
std::optional<PerChannel> per_channel(const Network& network, const Node& node, const Shape& out) {
  for (std::size_t i = 0; i < 2; ++i) {
    const Constant* constant = maker<Constant>(network, node.inputs[i]);
    const ValueId x = node.inputs[1 - i];
    if (constant == nullptr || maker<Constant>(network, x) != nullptr) continue;
    const Shape& shape = constant->value.shape;
    if (out.size() != 3 || network.shapes[static_cast<std::size_t>(x)] != out) return std::nullopt;
    if (shape != Shape{out.front(), 1, 1}) return std::nullopt;
    return PerChannel{x, &constant->value.data};
  }
  return std::nullopt;
}

bool is_binary(const Operator& op, Binary::Kind kind) {
  const auto* binary = std::get_if<Binary>(&op);
  return binary != nullptr && binary->kind == kind;
}

}  // namespace

void recognise_batch_norm(Draft& draft) {
  Network& network = draft.network;
  const std::vector<int> readers = readers_of(draft);
  for (std::size_t k = 0; k < network.nodes.size(); ++k) {
    Node& node = network.nodes[k];
    const Shape& out = network.shapes[k + 1];
    const bool adds = is_binary(node.op, Binary::Kind::add);
    if (!adds && !is_binary(node.op, Binary::Kind::multiply)) continue;
    const auto found = per_channel(network, node, out);
    if (!found) continue;
    BatchNorm norm{{}, {}, false};
    norm.scale.assign(found->numbers->size(), 1.0F);
    norm.shift.assign(found->numbers->size(), 0.0F);
    (adds ? norm.shift : norm.scale) = *found->numbers;
    ValueId x = found->x;
    // A Mul before has become a batch norm of its own by now.
    const BatchNorm* before = adds ? maker<BatchNorm>(network, x) : nullptr;
    if (before != nullptr && readers[static_cast<std::size_t>(x)] == 1) {
      norm.scale = before->scale;
      for (std::size_t c = 0; c < norm.shift.size(); ++c) norm.shift[c] += before->shift[c];
      x = network.nodes[static_cast<std::size_t>(x) - 1].inputs.front();
    }
    node.op = std::move(norm);
    node.inputs = {x};
  }
}

namespace {

bool near(float a, double b) { return std::abs(a - b) <= 1e-5 * std::abs(b); }

// A value as number * (the product of other values).
struct Product {
  double number = 1;
  std::vector<ValueId> factors;
};

// The number that a constant of one element holds.
std::optional<float> number_of(const Network& network, ValueId v) {
  const Constant* constant = maker<Constant>(network, v);
  if (constant == nullptr || constant->value.data.size() != 1) return std::nullopt;
  return constant->value.data.front();
}

// Gathers what a tree of Muls multiplies; an inner one that something else reads as well is a factor of its own.
// Not deeper than any spelling is: a file may hold a chain of a hundred thousand.
void gather_factors(const Network& network, const std::vector<int>& readers, const Node& node, Product& product,
                    int depth = 0) {
  constexpr int kDeepest = 3;
  for (const ValueId v : node.inputs) {
    const Node* inner = v == kInputValue ? nullptr : &network.nodes[static_cast<std::size_t>(v) - 1];
    if (const auto number = number_of(network, v)) {
      product.number *= *number;
    } else if (inner != nullptr && readers[static_cast<std::size_t>(v)] == 1 &&
               is_binary(inner->op, Binary::Kind::multiply) && depth < kDeepest) {
      gather_factors(network, readers, *inner, product, depth + 1);
    } else {
      product.factors.push_back(v);
    }
  }
}

// v = x op number for some x: that x.
std::optional<ValueId> with_number(const Network& network, Binary::Kind op, ValueId v, double number) {
  const Binary* binary = maker<Binary>(network, v);
  if (binary == nullptr || binary->kind != op) return std::nullopt;
  const std::vector<ValueId>& inputs = network.nodes[static_cast<std::size_t>(v) - 1].inputs;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto found = number_of(network, inputs[i]);
    if (found && near(*found, number)) return inputs[1 - i];
  }
  return std::nullopt;
}

// x g(x) times a number, told by what g is.
std::optional<Unary> function_of(const Network& network, ValueId x, ValueId g, double number) {
  using Kind = Unary::Kind;
  const auto input_of = [&](ValueId v) { return network.nodes[static_cast<std::size_t>(v) - 1].inputs.front(); };
  if (const Unary* unary = maker<Unary>(network, g); unary != nullptr && input_of(g) == x && near(1, number)) {
    if (unary->kind == Kind::sigmoid) return Unary{Kind::swish, 1};
    if (unary->kind == Kind::hard_sigmoid && near(unary->alpha, 1.0 / 6) && unary->beta == 0.5F)
      return Unary{Kind::hard_swish};
  }
  if (const Clip* clip = maker<Clip>(network, g); clip != nullptr && clip->minimum == 0 && clip->maximum == 6) {
    const auto shifted = with_number(network, Binary::Kind::add, input_of(g), 3);
    if (shifted == x && near(static_cast<float>(number), 1.0 / 6)) return Unary{Kind::hard_swish};
  }
  if (const auto inner = with_number(network, Binary::Kind::add, g, 1);
      inner && near(static_cast<float>(number), 0.5)) {
    const Unary* erf = maker<Unary>(network, *inner);
    if (erf == nullptr || erf->kind != Kind::erf) return std::nullopt;
    if (with_number(network, Binary::Kind::multiply, input_of(*inner), 0.7071067811865476) == x)
      return Unary{Kind::gelu};
  }
  return std::nullopt;
}

}  // namespace

void recognise_functions(Draft& draft) {
  Network& network = draft.network;
  const std::vector<int> readers = readers_of(draft);
  for (std::size_t k = 0; k < network.nodes.size(); ++k) {
    Node& node = network.nodes[k];
    if (!is_binary(node.op, Binary::Kind::multiply)) continue;
    Product product;
    gather_factors(network, readers, node, product);
    if (product.factors.size() != 2) continue;
    for (const auto& [x, g] :
         {std::pair{product.factors[0], product.factors[1]}, std::pair{product.factors[1], product.factors[0]}}) {
      if (network.shapes[static_cast<std::size_t>(x)] != network.shapes[k + 1]) continue;
      const auto function = function_of(network, x, g, product.number);
      if (!function) continue;
      node.op = *function;
      node.inputs = {x};
      break;
    }
  }
}

// One sweep is enough, because Transposes only move on.
void merge_transposes(Draft& draft) {
  Network& network = draft.network;
  std::vector<int> readers = readers_of(draft);  // dead nodes count
  const auto count = [&](ValueId v) -> int& { return readers[static_cast<std::size_t>(v)]; };
  const auto shape = [&](ValueId v) -> Shape& { return network.shapes[static_cast<std::size_t>(v)]; };
  const auto input_of = [&](ValueId v) { return network.nodes[static_cast<std::size_t>(v) - 1].inputs.front(); };
  const auto movable = [&](ValueId v) -> const Transpose* {
    const Transpose* op = count(v) == 1 ? maker<Transpose>(network, v) : nullptr;
    return op == nullptr || std::ranges::is_sorted(op->permutation) ? nullptr : op;
  };
  for (Node& node : network.nodes) {
    if (Transpose* outer = std::get_if<Transpose>(&node.op)) {
      ValueId& x = node.inputs.front();
      const Transpose* inner = maker<Transpose>(network, x);
      if (inner == nullptr) continue;
      for (int& axis : outer->permutation) axis = inner->permutation[static_cast<std::size_t>(axis)];
      --count(x);
      x = input_of(x);
      ++count(x);
      continue;
    }
    const bool one = node.inputs.size() == 1 && is_element_by_element(node.op);
    const bool two = std::holds_alternative<Binary>(node.op) && node.inputs[0] != node.inputs[1];
    const Transpose* first = one || two ? movable(node.inputs[0]) : nullptr;
    if (first == nullptr) continue;
    if (two) {
      const Transpose* second = movable(node.inputs[1]);
      if (second == nullptr || second->permutation != first->permutation) continue;
      if (shape(node.inputs[0]) != shape(node.inputs[1])) continue;
    }
    // The later Transpose's place is taken by the node, the node's by the Transpose; an earlier one is dead.
    const ValueId place = *std::ranges::max_element(node.inputs);
    for (ValueId& v : node.inputs) {
      if (v != place) ++count(input_of(v));
      v = input_of(v);
    }
    Node& moved = network.nodes[static_cast<std::size_t>(place) - 1];
    std::swap(node, moved);
    shape(place) = shape(moved.inputs.front());
    node.inputs = {place};
  }
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
