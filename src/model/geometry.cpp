#include "model/geometry.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/check.hpp"

namespace vbq {

std::string shape_text(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::int64_t elements(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(count, extent, &count)) {
      fail("a shape is {}: extents >= 0 whose product is below 2^63 were expected", shape_text(shape));
    }
  }
  return count;
}

std::int64_t window_positions(std::int64_t extent, const AxisWindow& window, Rounding rounding) {
  const std::int64_t span = (window.kernel - 1) * window.dilation + 1;
  const std::int64_t rest = extent + window.before + window.after - span;
  if (rest < 0) return 0;
  std::int64_t positions = rest / window.stride + 1;
  const bool hangs_over = rest % window.stride != 0 && positions * window.stride < extent + window.before;
  if (rounding == Rounding::up && hangs_over) ++positions;
  return positions;
}

Shape broadcast(const Shape& a, const Shape& b, const std::string& where) {
  Shape out(std::max(a.size(), b.size()));
  for (std::size_t k = 0; k < out.size(); ++k) {  // k-th axis from the last
    const std::int64_t x = k < a.size() ? a[a.size() - 1 - k] : 1;
    const std::int64_t y = k < b.size() ? b[b.size() - 1 - k] : 1;
    if (x != y && x != 1 && y != 1) {
      fail("{} joins shapes {} and {}: extents that are equal or 1 were expected", where, shape_text(a), shape_text(b));
    }
    out[out.size() - 1 - k] = x == 1 ? y : x;
  }
  return out;
}

}  // namespace vbq
