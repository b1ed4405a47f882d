#include "engine/common/fuse.hpp"

#include <algorithm>
#include <optional>

namespace vbq {
namespace {

template <typename T>
const T* get(const Node& node) {
  return std::get_if<T>(&node.op);
}

std::optional<Activation> activation_of(const Node& node) {
  if (get<Relu>(node) != nullptr) return Activation{true, 0.0F, std::numeric_limits<float>::infinity()};
  if (const Clip* clip = get<Clip>(node)) return Activation{true, clip->minimum, clip->maximum};
  return std::nullopt;
}

class Fuser {
 public:
  Fuser(const Network& network, const FuseOptions& options)
      : network_(network),
        options_(options),
        uses_(network.shapes.size()),
        user_(network.shapes.size(), -1),
        taken_(network.nodes.size()),
        pads_(network.nodes.size()) {
    for (std::size_t k = 0; k < network.nodes.size(); ++k) {
      for (const ValueId v : network.nodes[k].inputs) {
        ++uses_[at(v)];
        user_[at(v)] = static_cast<int>(k);
      }
    }
    ++uses_.back();  // the network's output
  }

  std::vector<Group> groups() {
    std::vector<Group> result;
    for (int k = 0; k < static_cast<int>(network_.nodes.size()); ++k) {
      if (taken_[at(k)]) continue;
      if (pad_before_conv(k)) continue;
      result.push_back(group(k));
    }
    std::sort(result.begin(), result.end(), [](const Group& a, const Group& b) { return a.output < b.output; });
    return result;
  }

 private:
  static std::size_t at(int i) { return static_cast<std::size_t>(i); }
  const Node& node(int k) const { return network_.nodes[at(k)]; }
  const Shape& shape(ValueId v) const { return network_.shapes[at(v)]; }

  // The node that alone uses the value, or -1.
  int sole_user(ValueId v) const { return uses_[at(v)] == 1 ? user_[at(v)] : -1; }

  // A batch norm that alone uses the value and whose channels are the layer's outputs, or -1.
  int foldable(int k) const {
    if (get<Conv>(node(k)) == nullptr && (get<Linear>(node(k)) == nullptr || shape(k + 1).size() != 1)) return -1;
    const int next = sole_user(k + 1);
    return next >= 0 && get<BatchNorm>(node(next)) != nullptr ? next : -1;
  }

  // Zeros around the image before a Conv are the Conv's own padding; not for bare layers, whose inputs are looked at.
  bool pad_before_conv(int k) {
    if (options_.bare_layers) return false;
    const Pad* pad = get<Pad>(node(k));
    const int next = sole_user(k + 1);
    if (pad == nullptr || next < 0 || get<Conv>(node(next)) == nullptr || pad->value != 0.0F) return false;
    if (pad->mode != Pad::Mode::constant) return false;
    if (pad->before.size() != 3 || pad->before[0] != 0 || pad->after[0] != 0) return false;
    pads_[at(next)] = k;
    return true;
  }

  // The convolution at whose end an Add of this value can be done: it, or the batch norm folded into it, makes the
  // value and nothing else uses it. -1 when there is none.
  int conv_ending_in(ValueId v) const {
    if (v == kInputValue || uses_[at(v)] != 1) return -1;
    int k = v - 1;
    if (get<BatchNorm>(node(k)) != nullptr) {
      const ValueId x = node(k).inputs[0];
      if (x == kInputValue || foldable(x - 1) != k) return -1;
      k = x - 1;
    }
    return get<Conv>(node(k)) != nullptr ? k : -1;
  }

  void take(Group& g, int k) {
    taken_[at(k)] = true;
    g.output = k + 1;
  }

  Group group(int k) {
    Group g;
    g.node = k;
    g.inputs = node(k).inputs;
    take(g, k);
    if (const auto own = activation_of(node(k))) g.activation = *own;
    if (get<Slice>(node(k)) != nullptr || get<Pad>(node(k)) != nullptr) {
      extend_copy(g);
      return g;
    }
    if (const Conv* conv = get<Conv>(node(k))) {
      g.pad = conv->pad;
      if (pads_[at(k)]) add_pad(g, *pads_[at(k)]);
    }
    if (const int norm = foldable(k); norm >= 0) {
      g.batch_norm = norm;
      take(g, norm);
    }
    if (options_.bare_layers && weight_of(node(k)) != nullptr) return g;
    if (get<Conv>(node(k)) != nullptr) extend_residual(g);
    extend_activation(g);
    return g;
  }

  void add_pad(Group& g, int k) {
    const Pad& pad = *get<Pad>(node(k));
    g.inputs = node(k).inputs;
    g.pad.top += pad.before[1];
    g.pad.left += pad.before[2];
    g.pad.bottom += pad.after[1];
    g.pad.right += pad.after[2];
  }

  // Slices and Pads that follow each other, as long as there is one padding value. A Pad by the image's own elements is
  // alone.
  void extend_copy(Group& g) {
    std::optional<float> value;
    const auto fits = [&](int k) {
      if (k < 0) return false;
      if (const Pad* pad = get<Pad>(node(k))) {
        if (pad->mode != Pad::Mode::constant) return false;
        if (value && *value != pad->value) return false;
        value = pad->value;
        return true;
      }
      return get<Slice>(node(k)) != nullptr;
    };
    g.copies.push_back(g.node);
    if (!fits(g.node)) return;
    for (int k = sole_user(g.node + 1); fits(k) && !pad_before_conv(k); k = sole_user(k + 1)) {
      g.copies.push_back(k);
      take(g, k);
    }
  }

  void extend_residual(Group& g) {
    const int next = sole_user(g.output);
    const Binary* binary = next < 0 ? nullptr : get<Binary>(node(next));
    if (binary == nullptr || binary->kind != Binary::Kind::add) return;
    const auto& inputs = node(next).inputs;
    const ValueId other = inputs[0] == g.output ? inputs[1] : inputs[0];
    if (shape(other) != shape(g.output)) return;
    if (conv_ending_in(other) > g.node) return;  // the later of two convolutions adds
    g.residual = other;
    take(g, next);
  }

  void extend_activation(Group& g) {
    const Node& n = node(g.node);
    const bool can = get<Conv>(n) || get<Linear>(n) || get<BatchNorm>(n) || get<Binary>(n);
    const int next = sole_user(g.output);
    if (!can || next < 0) return;
    if (const auto after = activation_of(node(next))) {
      g.activation = *after;
      take(g, next);
      return;
    }
    const Unary* unary = get<Unary>(node(next));
    if (unary == nullptr || weight_of(n) == nullptr || options_.takes_function == nullptr) return;
    if (!options_.takes_function(*unary)) return;
    g.function = *unary;
    take(g, next);
  }

  const Network& network_;
  FuseOptions options_;
  std::vector<int> uses_, user_;          // of each value: how often it is used, and the last node that does
  std::vector<bool> taken_;               // nodes that are in a group
  std::vector<std::optional<int>> pads_;  // of each Conv: the Pad that it does itself
};

}  // namespace

std::vector<Group> fuse(const Network& network, const FuseOptions& options) { return Fuser(network, options).groups(); }

}  // namespace vbq
