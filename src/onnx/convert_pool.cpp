// Pools and means.
#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "model/geometry.hpp"
#include "onnx/convert.hpp"
#include "onnx/window.hpp"

namespace vbq::converting {
namespace {

// A pool's window; every position of it must reach the image, not padding alone.
Window pool_window(const NodeContext& node, const Shape& x) {
  const Window w = window_of(node, x, nullptr);
  const std::array<std::int64_t, 2> before{w.pad.top, w.pad.left}, after{w.pad.bottom, w.pad.right};
  for (std::size_t a = 0; a < 2; ++a) {
    const std::int64_t most = (w.kernel[a] - 1) * w.dilation[a];
    const std::int64_t pad = std::max(before[a], after[a]);
    if (pad > most || (pad > 0 && w.dilation[a] > x[a + 2])) {
      fail(
          "{} has a kernel of {} with padding {}: smaller padding was expected, so that no window lies outside the "
          "image",
          node.where(), w.kernel[a], pad);
    }
  }
  return w;
}

const Shape& image_of(const NodeContext& node) {
  const Shape& x = node.activation(0).shape;
  if (x.size() != 4) fail("{} has an input of shape {}: four axes (NCHW) were expected", node.where(), shape_text(x));
  return x;
}

}  // namespace

Value max_pool(NodeContext& node, Builder& builder) {
  const Shape& x = image_of(node);
  const Window w = pool_window(node, x);
  return builder.emit(node, MaxPool{w.kernel, w.stride, w.dilation, w.pad}, {node.activation(0).id},
                      {x[0], x[1], w.output[0], w.output[1]});
}

Value average_pool(NodeContext& node, Builder& builder) {
  const Shape& x = image_of(node);
  const Window w = pool_window(node, x);
  if (w.dilation != std::array<std::int64_t, 2>{1, 1}) fail("{} is dilated, which is not supported", node.where());
  return builder.emit(node, AveragePool{w.kernel, w.stride, w.pad, node.integer("count_include_pad", 0) != 0},
                      {node.activation(0).id}, {x[0], x[1], w.output[0], w.output[1]});
}

Value global_average_pool(NodeContext& node, Builder& builder) {
  const Shape& x = image_of(node);
  return builder.emit(node, GlobalAveragePool{}, {node.activation(0).id}, {x[0], x[1], 1, 1});
}

Value global_max_pool(NodeContext& node, Builder& builder) {
  const Shape& x = image_of(node);
  return builder.emit(node, MaxPool{{x[2], x[3]}, {1, 1}, {1, 1}, {}}, {node.activation(0).id}, {x[0], x[1], 1, 1});
}

Value reduce(NodeContext& node, Builder& builder) {
  const Value& x = node.activation(0);
  const auto axes = node.list("axes", 1, node.type() == "ReduceSum" ? 13 : 18);
  if (!axes || axes->empty()) {
    if (node.integer("noop_with_empty_axes", 0) != 0) return x;
    fail("{} reduces all axes, images too, where axes of one image were expected", node.where());
  }
  Reduce op;
  op.kind = find_row(kReduce, node.type())->kind;
  for (const std::int64_t axis : *axes) op.axes.push_back(image_axis(node, axis, x.shape.size()));
  std::sort(op.axes.begin(), op.axes.end());
  if (std::adjacent_find(op.axes.begin(), op.axes.end()) != op.axes.end()) fail("{} names an axis twice", node.where());
  const bool keep = node.integer("keepdims", 1) != 0;
  Shape shape = x.shape;
  for (auto axis = op.axes.rbegin(); axis != op.axes.rend(); ++axis) {
    const auto place = shape.begin() + *axis + 1;
    if (keep) {
      *place = 1;
    } else {
      shape.erase(place);
    }
  }
  return builder.emit(node, std::move(op), {x.id}, shape);
}

}  // namespace vbq::converting
