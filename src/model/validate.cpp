// validate(): a Network's invariants, checked operator by operator.
#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_set>

#include "core/check.hpp"
#include "model/geometry.hpp"
#include "vbq/network.hpp"

namespace vbq {
namespace {

using Pair = std::array<std::int64_t, 2>;

// One node: what goes in and what comes out, of one image.
struct Check {
  std::string where;  // `Conv "conv1"`
  std::vector<Shape> in;
  const Shape& out;

  void inputs(std::size_t count) const {
    if (in.size() != count) fail("{} has {} inputs: {} were expected", where, in.size(), count);
  }
  void gives(const Shape& expected) const {
    if (out != expected) fail("{} gives shape {}: {} was expected", where, shape_text(out), shape_text(expected));
  }
  void that(bool condition, const char* expectation) const {
    if (!condition) fail("{} does not fit its input: {}", where, expectation);
  }
  void size(std::size_t found, std::int64_t expected, const char* what) const {
    if (static_cast<std::int64_t>(found) != expected)
      fail("{} has {} {}: {} were expected", where, found, what, expected);
  }
  void tensor(const Tensor& t) const { size(t.data.size(), elements(t.shape), "elements"); }
  void finite(const std::vector<float>& values, const char* what) const {
    for (const float v : values) {
      if (!std::isfinite(v)) fail("{} has a {} of {}: finite numbers were expected", where, what, v);
    }
  }
  void axis(int axis) const {
    that(axis >= 0 && axis < static_cast<int>(in[0].size()), "an axis of an image was expected");
  }
  void lists(std::size_t a, std::size_t b) const {
    that(a == in[0].size() && b == in[0].size(), "one number an axis was expected");
  }

  // Positions of a window over [C, H, W]; up: they may be rounded so, too.
  void window(const Pair& kernel, const Pair& stride, const Pair& dilation, const Padding2d& pad,
              Rounding allowed) const {
    that(in[0].size() == 3 && out.size() == 3, "an image of [C, H, W] was expected");
    const Pair before{pad.top, pad.left}, after{pad.bottom, pad.right};
    for (std::size_t a = 0; a < 2; ++a) {
      const auto within = [](std::int64_t v, std::int64_t least) { return v >= least && v <= kLargestExtent; };
      that(within(kernel[a], 1) && within(stride[a], 1) && within(dilation[a], 1) && within(before[a], 0) &&
               within(after[a], 0),
           "a kernel, stride and dilation of at least 1 and padding of at least 0 were expected");
      const AxisWindow axis{kernel[a], stride[a], dilation[a], before[a], after[a]};
      const std::int64_t positions = window_positions(in[0][a + 1], axis, Rounding::down);
      that(positions >= 1, "a kernel not larger than the padded image was expected");
      that(out[a + 1] == positions || out[a + 1] == window_positions(in[0][a + 1], axis, allowed),
           "as many outputs as the window has positions were expected");
    }
  }

  void operator()(const Conv& op) const {
    inputs(1);
    tensor(op.weight);
    finite(op.weight.data, "weight");
    finite(op.bias, "bias");
    const Shape& w = op.weight.shape;
    that(w.size() == 4 && op.group >= 1 && in[0].size() == 3,
         "a weight of [O, I, KH, KW] and an image of [C, H, W] were expected");
    that(w[0] >= 1 && w[0] % op.group == 0 && in[0][0] % op.group == 0 && in[0][0] / op.group == w[1],
         "groups that divide the channels were expected");
    if (!op.bias.empty()) size(op.bias.size(), w[0], "biases");
    window({w[2], w[3]}, op.stride, op.dilation, op.pad, Rounding::down);
    that(out[0] == w[0], "one output channel a row of the weight was expected");
  }
  void operator()(const Linear& op) const {
    inputs(1);
    tensor(op.weight);
    finite(op.weight.data, "weight");
    finite(op.bias, "bias");
    that(op.weight.shape.size() == 2 && !in[0].empty() && in[0].back() == op.weight.shape[1],
         "a weight of [O, I] was expected");
    if (!op.bias.empty()) size(op.bias.size(), op.weight.shape[0], "biases");
    Shape expected = in[0];
    expected.back() = op.weight.shape[0];
    gives(expected);
  }
  void operator()(const BatchNorm& op) const {
    inputs(1);
    that(!in[0].empty(), "channels were expected");
    size(op.scale.size(), in[0][0], "scales");
    size(op.shift.size(), in[0][0], "shifts");
    finite(op.scale, "scale");
    finite(op.shift, "shift");
    gives(in[0]);
  }
  void operator()(const Relu&) const { same(); }
  void operator()(const Unary& op) const {
    same();
    that(known(kUnary, op.kind) && std::isfinite(op.alpha) && std::isfinite(op.beta),
         "a known function with finite numbers was expected");
    that(op.kind != Unary::Kind::round_to || op.alpha > 0, "a step above zero was expected");
  }
  void operator()(const Clip& op) const {
    same();
    that(op.minimum <= op.maximum, "a minimum not above the maximum was expected");
  }
  void operator()(const Softmax& op) const {
    same();
    axis(op.axis);
    that(op.form <= Softmax::Form::logarithm, "a known form was expected");
  }
  void operator()(const Binary& op) const {
    that(known(kBinary, op.kind), "a known function was expected");
    inputs(2);
    gives(broadcast(in[0], in[1], where));
  }
  void operator()(const MaxPool& op) const {
    inputs(1);
    window(op.kernel, op.stride, op.dilation, op.pad, Rounding::up);
    that(out[0] == in[0][0], "as many channels were expected");
  }
  void operator()(const AveragePool& op) const {
    inputs(1);
    window(op.kernel, op.stride, {1, 1}, op.pad, Rounding::up);
    that(out[0] == in[0][0], "as many channels were expected");
  }
  void operator()(const GlobalAveragePool&) const {
    inputs(1);
    that(in[0].size() == 3, "an image of [C, H, W] was expected");
    gives({in[0][0], 1, 1});
  }
  void operator()(const Reduce& op) const {
    inputs(1);
    that(known(kReduce, op.kind), "a known function was expected");
    Shape kept = in[0], dropped;
    for (const int a : op.axes) {
      axis(a);
      kept[static_cast<std::size_t>(a)] = 1;
    }
    for (std::size_t a = 0; a < in[0].size(); ++a) {
      if (std::find(op.axes.begin(), op.axes.end(), static_cast<int>(a)) == op.axes.end()) dropped.push_back(in[0][a]);
    }
    if (out != dropped) gives(kept);
  }
  void operator()(const Concat& op) const {
    that(!in.empty(), "something to join was expected");
    axis(op.axis);
    const auto at = static_cast<std::size_t>(op.axis);
    Shape expected = in[0];
    expected[at] = 0;
    for (const Shape& part : in) {
      Shape rest = part;
      that(rest.size() == in[0].size(), "the same number of axes was expected");
      rest[at] = in[0][at];
      that(rest == in[0], "shapes that differ on the joined axis alone were expected");
      expected[at] += part[at];
    }
    gives(expected);
  }
  void operator()(const Reshape&) const {
    inputs(1);
    that(elements(in[0]) == elements(out), "as many elements were expected");
  }
  void operator()(const Transpose& op) const {
    inputs(1);
    lists(op.permutation.size(), in[0].size());
    std::vector<int> sorted = op.permutation;
    std::sort(sorted.begin(), sorted.end());
    Shape expected;
    for (std::size_t a = 0; a < sorted.size(); ++a) {
      that(sorted[a] == static_cast<int>(a), "each axis once was expected");
      expected.push_back(in[0][static_cast<std::size_t>(op.permutation[a])]);
    }
    gives(expected);
  }
  void operator()(const Pad& op) const {
    inputs(1);
    lists(op.before.size(), op.after.size());
    that(op.mode <= Pad::Mode::edge, "a known way of padding was expected");
    Shape expected = in[0];
    for (std::size_t a = 0; a < expected.size(); ++a) {
      that(op.before[a] >= 0 && op.before[a] <= kLargestExtent && op.after[a] >= 0 && op.after[a] <= kLargestExtent,
           "padding of at least 0 was expected");
      expected[a] += op.before[a] + op.after[a];
    }
    gives(expected);
  }
  void operator()(const Slice& op) const {
    inputs(1);
    lists(op.start.size(), op.step.size());
    that(out.size() == in[0].size(), "as many axes were expected");
    for (std::size_t a = 0; a < out.size(); ++a) {
      that(op.step[a] >= -kLargestExtent && op.step[a] <= kLargestExtent && op.start[a] >= 0 && op.start[a] < in[0][a],
           "a start inside the image was expected");
      const std::int64_t last = op.start[a] + (out[a] - 1) * op.step[a];
      that(last >= 0 && last < in[0][a], "an end inside the image was expected");
    }
  }
  void operator()(const Constant& op) const {
    inputs(0);
    tensor(op.value);
    gives(op.value.shape);
  }

 private:
  void same() const {
    inputs(1);
    gives(in[0]);
  }
  template <typename Table, typename Kind>
  static bool known(const Table& table, Kind kind) {
    return static_cast<std::size_t>(kind) < table.size();
  }
};

void check_shape(const Shape& shape, const std::string& where) {
  const bool sane = shape.size() <= kMostAxes && std::all_of(shape.begin(), shape.end(), [](std::int64_t e) {
                      return e >= 1 && e <= kLargestExtent;
                    });
  if (!sane || elements(shape) > kLargestExtent) {
    fail("{} has shape {}: extents of at least 1 and at most {} elements were expected", where, shape_text(shape),
         kLargestExtent);
  }
}

}  // namespace

void validate(const Network& network) {
  const std::size_t count = network.nodes.size();
  if (count == 0 || network.shapes.size() != count + 1) {
    fail("the network has {} nodes and {} shapes: at least one node and a shape for each and the input were expected",
         count, network.shapes.size());
  }
  check_shape(network.shapes.front(), "the input");
  std::vector<bool> read(count + 1, false);
  read[count] = true;  // the output
  std::unordered_set<std::string> names;
  for (std::size_t k = 0; k < count; ++k) {
    const Node& node = network.nodes[k];
    Check check{fmt::format("{} \"{}\"", operator_name(node.op), node.name), {}, network.shapes[k + 1]};
    if (node.name.empty() || !names.insert(node.name).second)
      fail("{} has a name that is empty or not its own", check.where);
    check_shape(check.out, check.where);
    for (const ValueId input : node.inputs) {
      if (input < 0 || static_cast<std::size_t>(input) > k) {
        fail("{} reads value {}: a value before it was expected", check.where, input);
      }
      read[static_cast<std::size_t>(input)] = true;
      check.in.push_back(network.shapes[static_cast<std::size_t>(input)]);
    }
    std::visit(check, node.op);
  }
  for (std::size_t v = 0; v <= count; ++v) {
    if (!read[v])
      fail("nothing reads {}", v == 0 ? "the network's input" : "the output of \"" + network.nodes[v - 1].name + "\"");
  }
}

}  // namespace vbq
