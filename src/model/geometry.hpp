// Arithmetic of shapes and windows that cannot overflow, whatever a file asks for.
#pragma once

#include <cstdint>
#include <string>

#include "vbq/network.hpp"

namespace vbq {

// Largest extent, kernel, stride, dilation and padding that is accepted: products of two stay below 2^63.
inline constexpr std::int64_t kLargestExtent = 2147483647;
inline constexpr std::size_t kMostAxes = 8;

// "[3, 32, 32]"
std::string shape_text(const Shape& shape);

// A window along one axis, and the padding before and after the image. All at most kLargestExtent; kernel, stride and
// dilation >= 1.
struct AxisWindow {
  std::int64_t kernel, stride, dilation, before, after;
};

// Rounded up, a last window may hang over the far edge, but must start before the far padding does.
enum class Rounding { down, up };

// Positions of the window over an axis of this extent; 0 when it does not fit.
//   span = (kernel - 1) * dilation + 1,  positions = (extent + before + after - span) / stride + 1
std::int64_t window_positions(std::int64_t extent, const AxisWindow& window, Rounding rounding);

// NumPy's broadcast of two shapes, aligned at the last axis. Error, naming `where`, when they do not fit.
Shape broadcast(const Shape& a, const Shape& b, const std::string& where);

}  // namespace vbq
