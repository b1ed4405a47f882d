// The window of a Conv or a pool, as ONNX attributes describe it.
#pragma once

#include <array>
#include <cstdint>

#include "onnx/node.hpp"

namespace vbq {

// Height, width.
struct Window {
  std::array<std::int64_t, 2> kernel{1, 1}, stride{1, 1}, dilation{1, 1}, output{1, 1};
  Padding2d pad;
};

// x: NCHW. kernel: of the weight, or nullptr to take the attribute, which must agree. Explicit pads and auto_pad, and
// ceil_mode, become `pad` and `output`. Error when there are not two spatial axes, an attribute is absurd, or the
// kernel is larger than the padded input.
Window window_of(const NodeContext& node, const Shape& x, const std::array<std::int64_t, 2>* kernel);

}  // namespace vbq
