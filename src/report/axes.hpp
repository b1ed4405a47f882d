// Axes of charts: what part of them is drawn, where a value lies, where numbers stand.
#pragma once

#include <limits>
#include <string>
#include <vector>

namespace vbq {

// The part of an axis that is drawn, and where a value lies on it: 0 at its start, 1 at its end.
struct Axis {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  bool logarithmic = false;

  bool takes(double v) const;  // else it is left out: not finite, or, on a logarithmic axis, not positive
  void include(double v);
  void widen(double share);  // by so much of itself at either end
  bool empty() const { return !(low <= high); }
  double share(double v) const;
};

// Round numbers on it, about six.
std::vector<double> ticks(const Axis& axis);

// A chart's frame in its own units; y grows upwards.
struct Frame {
  static constexpr double kWidth = 480, kHeight = 240, kLeft = 64, kRight = 14, kTop = 12, kBottom = 40;
  Axis x, y;
  double left(double v) const { return kLeft + x.share(v) * (kWidth - kLeft - kRight); }
  double top(double v) const { return kHeight - kBottom - y.share(v) * (kHeight - kTop - kBottom); }
};

// Both axes with their grid and numbers, as SVG.
std::string axes_svg(const Frame& frame, const std::string& x_name);

}  // namespace vbq
