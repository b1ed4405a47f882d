#include "report/axes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/chart.hpp"

namespace vbq {
namespace {

double scaled(const Axis& axis, double v) { return axis.logarithmic ? std::log10(v) : v; }

// 1, 2 or 5 times a power of ten, so that at most about `count` of them fill the span.
double nice_step(double span, int count) {
  const double rough = span / count;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * power) return factor * power;
  }
  return 10 * power;
}

std::vector<double> even_ticks(const Axis& axis) {
  const double step = nice_step(axis.high - axis.low, 6);
  // A span that is nothing beside its numbers has no round numbers in it.
  if (!(step > 1e-12 * std::max(std::abs(axis.low), std::abs(axis.high)))) return {axis.low};
  std::vector<double> at;
  const double first = std::ceil(axis.low / step);
  for (int k = 0; (first + k) * step <= axis.high; ++k) at.push_back((first + k) * step);
  return at;
}

}  // namespace

bool Axis::takes(double v) const { return std::abs(v) < 1e300 && (!logarithmic || v > 1e-300); }

void Axis::include(double v) {
  if (!takes(v)) return;
  low = std::min(low, v);
  high = std::max(high, v);
}

void Axis::widen(double share) {
  if (!(high > low)) return;
  const double more = share * (scaled(*this, high) - scaled(*this, low));
  low = logarithmic ? low / std::pow(10.0, more) : low - more;
  high = logarithmic ? high * std::pow(10.0, more) : high + more;
}

double Axis::share(double v) const {
  const double span = scaled(*this, high) - scaled(*this, low);
  return span > 0 ? (scaled(*this, v) - scaled(*this, low)) / span : 0.5;
}

std::vector<double> ticks(const Axis& axis) {
  if (!(axis.high > axis.low)) return {axis.low};
  if (!axis.logarithmic || axis.high <= 4 * axis.low) return even_ticks(axis);
  const auto decade = [](double v) { return static_cast<int>(std::floor(std::log10(v))); };
  const int first = decade(axis.low), last = decade(axis.high);
  const int step = std::max(1, (last - first) / 6);
  std::vector<double> at;
  for (int d = first; d <= last; d += step) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double v = factor * std::pow(10.0, d);
      if (v >= axis.low && v <= axis.high && (last - first < 4 || factor == 1.0)) at.push_back(v);
    }
  }
  return at;
}

std::string axes_svg(const Frame& frame, const std::string& x_name) {
  constexpr double bottom = Frame::kHeight - Frame::kBottom, right = Frame::kWidth - Frame::kRight;
  std::string svg;
  for (const double v : ticks(frame.y)) {
    const double y = frame.top(v);
    svg += fmt::format(R"(<line class="grid" x1="{}" y1="{:.1f}" x2="{}" y2="{:.1f}"/>)", Frame::kLeft, y, right, y);
    svg += fmt::format(R"(<text x="{}" y="{:.1f}" text-anchor="end">{:.6g}</text>)", Frame::kLeft - 6, y + 4, v);
  }
  for (const double v : ticks(frame.x)) {
    svg += fmt::format(R"(<text x="{:.1f}" y="{}" text-anchor="middle">{:.6g}</text>)", frame.left(v), bottom + 16, v);
  }
  svg += fmt::format(R"(<line class="axis" x1="{0}" y1="{1}" x2="{2}" y2="{1}"/>)", Frame::kLeft, bottom, right);
  svg +=
      fmt::format(R"(<text x="{}" y="{}" text-anchor="end">{}</text>)", right, Frame::kHeight - 6, html_text(x_name));
  return svg;
}

}  // namespace vbq
