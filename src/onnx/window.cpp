#include "onnx/window.hpp"

#include <algorithm>
#include <optional>

#include "core/check.hpp"
#include "model/geometry.hpp"

namespace vbq {
namespace {

// An attribute of `count` numbers, each in least..kLargestExtent.
std::vector<std::int64_t> numbers(const NodeContext& node, const char* name, std::size_t count, std::int64_t least) {
  const auto found = node.integers(name);
  if (!found) return std::vector<std::int64_t>(count, least);
  if (found->size() != count) {
    fail("{} has {} {}: {} were expected", node.where(), found->size(), name, count);
  }
  for (const std::int64_t value : *found) {
    if (value < least || value > kLargestExtent) {
      fail("{} has {} {}: {} to {} was expected", node.where(), name, shape_text(*found), least, kLargestExtent);
    }
  }
  return *found;
}

std::array<std::int64_t, 2> pair(const std::vector<std::int64_t>& values) { return {values[0], values[1]}; }

// Which side takes the pixel more of an odd padding.
enum class Same { upper, lower };

// auto_pad SAME: ceil(extent / stride) positions; what padding that takes, shared out to both sides.
std::array<std::int64_t, 2> same_padding(std::int64_t extent, std::int64_t kernel, std::int64_t stride,
                                         std::int64_t dilation, Same same) {
  const std::int64_t positions = (extent + stride - 1) / stride;
  const std::int64_t span = (kernel - 1) * dilation + 1;
  const std::int64_t total = std::max<std::int64_t>(0, (positions - 1) * stride + span - extent);
  const std::int64_t before = same == Same::lower ? total - total / 2 : total / 2;
  return {before, total - before};
}

}  // namespace

Window window_of(const NodeContext& node, const Shape& x, const std::array<std::int64_t, 2>* kernel) {
  if (x.size() != 4) {
    fail("{} has an input of shape {}: four axes (NCHW) were expected", node.where(), shape_text(x));
  }
  Window w;
  if (kernel == nullptr && !node.integers("kernel_shape")) fail("{} has no kernel_shape", node.where());
  w.kernel = kernel != nullptr ? *kernel : pair(numbers(node, "kernel_shape", 2, 1));
  if (const auto said = node.integers("kernel_shape"); said && *said != std::vector(w.kernel.begin(), w.kernel.end())) {
    fail("{} has kernel_shape {}, where its weight has {}", node.where(), shape_text(*said),
         shape_text({w.kernel[0], w.kernel[1]}));
  }
  w.stride = pair(numbers(node, "strides", 2, 1));
  w.dilation = pair(numbers(node, "dilations", 2, 1));
  std::vector<std::int64_t> pads = numbers(node, "pads", 4, 0);  // top, left, bottom, right

  const std::string mode = node.text("auto_pad", "NOTSET");
  if (mode != "NOTSET" && mode != "VALID" && mode != "SAME_UPPER" && mode != "SAME_LOWER") {
    fail("{} has auto_pad \"{}\": NOTSET, VALID, SAME_UPPER or SAME_LOWER was expected", node.where(), mode);
  }
  const Rounding rounding = node.integer("ceil_mode", 0) != 0 ? Rounding::up : Rounding::down;
  for (std::size_t a = 0; a < 2; ++a) {
    const std::int64_t extent = x[a + 2];
    if ((w.kernel[a] - 1) > kLargestExtent / w.dilation[a]) {
      fail("{} has a kernel of {} with dilation {}, larger than any image", node.where(), w.kernel[a], w.dilation[a]);
    }
    if (mode == "VALID") pads[a] = pads[a + 2] = 0;
    if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
      const auto both = same_padding(extent, w.kernel[a], w.stride[a], w.dilation[a],
                                     mode == "SAME_LOWER" ? Same::lower : Same::upper);
      pads[a] = both[0];
      pads[a + 2] = both[1];
    }
    w.output[a] = window_positions(extent, {w.kernel[a], w.stride[a], w.dilation[a], pads[a], pads[a + 2]}, rounding);
    if (w.output[a] < 1) {
      fail("{} has a kernel of {} with dilation {} over an axis of {} padded by {} and {}: a smaller one was expected",
           node.where(), w.kernel[a], w.dilation[a], extent, pads[a], pads[a + 2]);
    }
  }
  w.pad = {pads[0], pads[1], pads[2], pads[3]};
  return w;
}

}  // namespace vbq
