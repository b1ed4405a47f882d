#include "vbq/activations.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include "core/check.hpp"

namespace vbq {
namespace {

using Side = ActivationRange::Side;

const Node& node_at(const Network& network, int k) { return network.nodes[static_cast<std::size_t>(k)]; }

std::vector<int> nodes_reading(const Network& network, ValueId value) {
  std::vector<int> readers;
  for (std::size_t k = 0; k < network.nodes.size(); ++k) {
    if (std::ranges::count(network.nodes[k].inputs, value) > 0) readers.push_back(static_cast<int>(k));
  }
  return readers;
}

bool is_constant(const Network& network, ValueId value) {
  return value != kInputValue && std::holds_alternative<Constant>(node_at(network, value - 1).op);
}

// What a layer gives, its batch norm done; none where another norm than one of the file follows, or one that is not
// folded into the layer (of a Linear over the last of several axes), so that a LayerRunner shows something else.
std::optional<ValueId> output_of(const Network& network, int layer) {
  const bool folds = std::holds_alternative<Conv>(node_at(network, layer).op) ||
                     network.shapes[static_cast<std::size_t>(layer) + 1].size() == 1;
  if (const int norm = batch_norm_behind(network, layer); norm >= 0) {
    return folds ? std::optional(norm + 1) : std::nullopt;
  }
  const std::vector<int> readers = nodes_reading(network, layer + 1);
  const bool norm = readers.size() == 1 && std::holds_alternative<BatchNorm>(node_at(network, readers.front()).op);
  return norm ? std::nullopt : std::optional(layer + 1);
}

// A sum of two values, neither of which is a constant.
bool is_sum(const Network& network, int k) {
  const Node& node = node_at(network, k);
  const auto* binary = std::get_if<Binary>(&node.op);
  return binary != nullptr && binary->kind == Binary::Kind::add &&
         std::ranges::none_of(node.inputs, [&](ValueId v) { return is_constant(network, v); });
}

bool feeds_sum(const Network& network, ValueId value) {
  return std::ranges::any_of(nodes_reading(network, value), [&](int k) { return is_sum(network, k); });
}

// Puts the rounding behind a value; gives the network's values new numbers as it goes.
class Inserter {
 public:
  explicit Inserter(const Network& network) : network_(network), result_(network), place_(network.shapes.size(), 0) {
    result_.nodes.clear();
    result_.shapes.resize(1);
    for (const Node& node : network.nodes) names_.insert(node.name);
  }

  // ranges: of each value; nullptr for none.
  Network run(const std::vector<const ActivationRange*>& ranges) {
    if (ranges.front() != nullptr) round(kInputValue, *ranges.front(), network_.input_name);
    for (std::size_t k = 0; k < network_.nodes.size(); ++k) {
      Node node = network_.nodes[k];
      for (ValueId& input : node.inputs) input = place_[static_cast<std::size_t>(input)];
      const std::string name = node.name;
      const ActivationRange* range = ranges[k + 1];
      const bool clipped = range != nullptr && clip_in(node.op, *range);
      place_[k + 1] = add(std::move(node), network_.shapes[k + 1]);
      if (range != nullptr) round(static_cast<ValueId>(k) + 1, *range, name, clipped);
    }
    return std::move(result_);
  }

 private:
  static Clip clip_of(const ActivationRange& range) {
    const int most = (1 << range.bits) - 1;
    const auto end = [&](int q) { return static_cast<float>(q - range.zero_point) * range.scale; };
    return {end(0), end(most)};
  }

  // A ReLU or Clip that ends inside the range's own ends takes these into itself.
  static bool clip_in(Operator& op, const ActivationRange& range) {
    const Clip clip = clip_of(range);
    if (std::holds_alternative<Relu>(op) && clip.minimum <= 0) {
      op = Clip{0.0F, clip.maximum};
      return true;
    }
    auto* own = std::get_if<Clip>(&op);
    if (own == nullptr) return false;
    const Clip both{std::max(own->minimum, clip.minimum), std::min(own->maximum, clip.maximum)};
    if (!(both.minimum <= both.maximum)) return false;
    *own = both;
    return true;
  }

  void round(ValueId value, const ActivationRange& range, const std::string& name, bool clipped = false) {
    ValueId& at = place_[static_cast<std::size_t>(value)];
    const Shape& shape = network_.shapes[static_cast<std::size_t>(value)];
    if (!clipped) at = add({fresh(name + "/clipped"), clip_of(range), {at}, ""}, shape);
    at = add({fresh(name + "/rounded"), Unary{Unary::Kind::round_to, range.scale, 0}, {at}, ""}, shape);
  }

  ValueId add(Node node, const Shape& shape) {
    result_.nodes.push_back(std::move(node));
    result_.shapes.push_back(shape);
    return static_cast<ValueId>(result_.nodes.size());
  }

  std::string fresh(const std::string& wanted) {
    std::string name = wanted;
    for (int k = 2; !names_.insert(name).second; ++k) name = fmt::format("{}_{}", wanted, k);
    return name;
  }

  const Network& network_;
  Network result_;
  std::vector<ValueId> place_;  // of each value: where it is read now
  std::unordered_set<std::string> names_;
};

void check_range(const ActivationRange& range) {
  const bool bits = range.bits >= 4 && range.bits <= 8;
  const bool good = bits && std::isnormal(range.scale) && range.scale > 0 && range.scale < 1e30F &&
                    range.zero_point >= 0 && range.zero_point < 1 << range.bits;
  if (good) return;
  fail(
      "activations of layer \"{}\" have {} bits, scale {} and zero point {}: 4 to 8 bits, a scale above zero and a "
      "zero point that fits were expected",
      range.layer, range.bits, range.scale, range.zero_point);
}

}  // namespace

std::vector<ActivationPlace> activation_places(const Network& network, std::span<const int> layers) {
  std::vector<ActivationPlace> places;
  std::vector<bool> taken(network.shapes.size());
  const auto take = [&](int layer, Side side, ValueId value) {
    const auto at = static_cast<std::size_t>(value);
    if (taken[at] || is_constant(network, value) || at + 1 == taken.size()) return;
    taken[at] = true;
    places.push_back({layer, side, value});
  };
  // Inputs first, of all layers: a value that one sees and another gives is the same.
  for (const int layer : layers) take(layer, Side::input, node_at(network, layer).inputs.front());
  for (const int layer : layers) {
    const std::optional<ValueId> output = output_of(network, layer);
    if (output && feeds_sum(network, *output)) take(layer, Side::output, *output);
  }
  std::ranges::stable_sort(places, {}, [](const ActivationPlace& p) { return std::pair(p.layer, p.side); });
  return places;
}

int activation_bits(const ActivationPlace& place, int bits) { return place.value == kInputValue ? 8 : bits; }

Network quantise_activations(const Network& network, const ActivationRanges& ranges) {
  if (!network.activations.empty()) fail_internal("activations were to be quantised twice");
  std::vector<const ActivationRange*> of_value(network.shapes.size(), nullptr);
  for (const ActivationRange& range : ranges) {
    check_range(range);
    const auto node = std::ranges::find(network.nodes, range.layer, &Node::name);
    if (node == network.nodes.end() || weight_of(*node) == nullptr) {
      fail("activations name layer \"{}\", which the network does not have", range.layer);
    }
    const std::optional<ValueId> value = range.side == Side::input
                                             ? std::optional(node->inputs.front())
                                             : output_of(network, static_cast<int>(node - network.nodes.begin()));
    if (!value || is_constant(network, *value) || static_cast<std::size_t>(*value) + 1 == of_value.size()) {
      fail("activations name the {} of layer \"{}\", which cannot be quantised",
           range.side == Side::input ? "input" : "output", range.layer);
    }
    const ActivationRange*& place = of_value[static_cast<std::size_t>(*value)];
    if (place != nullptr) fail("activations of layers \"{}\" and \"{}\" are the same", place->layer, range.layer);
    place = &range;
  }
  Network result = Inserter(network).run(of_value);
  result.activations = ranges;
  result.trained_hash = network_hash(network);
  validate(result);
  return result;
}

}  // namespace vbq
