#include "report/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace vbq {
namespace {

constexpr double kWidth = 720, kHeight = 260, kLeft = 64, kRight = 12, kTop = 12, kBottom = 34;

// The part of an axis that is drawn, and where a value lies on it: 0 at its start, 1 at its end.
struct Axis {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  bool logarithmic = false;

  bool takes(double v) const { return std::abs(v) < 1e300 && (!logarithmic || v > 1e-300); }
  double scaled(double v) const { return logarithmic ? std::log10(v) : v; }
  void include(double v) {
    if (!takes(v)) return;
    low = std::min(low, v);
    high = std::max(high, v);
  }
  bool empty() const { return !(low <= high); }
  double share(double v) const {
    const double span = scaled(high) - scaled(low);
    return span > 0 ? (scaled(v) - scaled(low)) / span : 0.5;
  }
};

// 1, 2 or 5 times a power of ten, so that at most about `count` of them fill the span.
double nice_step(double span, int count) {
  const double rough = span / count;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * power) return factor * power;
  }
  return 10 * power;
}

std::vector<double> ticks(const Axis& axis) {
  std::vector<double> at;
  if (axis.logarithmic && axis.high > 4 * axis.low) {
    const auto decade = [](double v) { return static_cast<int>(std::floor(std::log10(v))); };
    for (int d = decade(axis.low); d <= decade(axis.high); ++d) {
      for (const double factor : {1.0, 2.0, 5.0}) {
        const double v = factor * std::pow(10.0, d);
        if (v >= axis.low && v <= axis.high) at.push_back(v);
      }
    }
    return at;
  }
  if (!(axis.high > axis.low)) return {axis.low};
  const double step = nice_step(axis.high - axis.low, 6);
  const double first = std::ceil(axis.low / step);
  for (int k = 0; (first + k) * step <= axis.high; ++k) at.push_back((first + k) * step);
  return at;
}

struct Frame {
  Axis x, y;
  double left(double v) const { return kLeft + x.share(v) * (kWidth - kLeft - kRight); }
  double top(double v) const { return kHeight - kBottom - y.share(v) * (kHeight - kTop - kBottom); }
};

std::string axes(const Frame& frame, const std::string& x_name) {
  std::string svg;
  for (const double v : ticks(frame.y)) {
    const double y = frame.top(v);
    svg += fmt::format(R"(<line class="grid" x1="{}" y1="{:.1f}" x2="{}" y2="{:.1f}"/>)", kLeft, y, kWidth - kRight, y);
    svg += fmt::format(R"(<text x="{}" y="{:.1f}" text-anchor="end">{:.6g}</text>)", kLeft - 6, y + 4, v);
  }
  for (const double v : ticks(frame.x)) {
    svg += fmt::format(R"(<text x="{:.1f}" y="{}" text-anchor="middle">{:.6g}</text>)", frame.left(v),
                       kHeight - kBottom + 16, v);
  }
  svg += fmt::format(R"(<line class="axis" x1="{0}" y1="{1}" x2="{2}" y2="{1}"/>)", kLeft, kHeight - kBottom,
                     kWidth - kRight);
  svg += fmt::format(R"(<text x="{}" y="{}" text-anchor="end">{}</text>)", kWidth - kRight, kHeight - 4,
                     html_text(x_name));
  return svg;
}

std::string line(const Frame& frame, const std::vector<double>& x, const Series& series, std::size_t number) {
  std::string points;
  for (std::size_t k = 0; k < std::min(x.size(), series.y.size()); ++k) {
    if (!frame.x.takes(x[k]) || !frame.y.takes(series.y[k])) continue;
    points += fmt::format("{:.1f},{:.1f} ", frame.left(x[k]), frame.top(series.y[k]));
  }
  std::string svg = fmt::format(R"(<polyline class="line{}" points="{}"/>)", number, points);
  const double at = kLeft + 10 + 150 * static_cast<double>(number);
  svg += fmt::format(R"(<polyline class="line{0}" points="{1},{2} {3},{2}"/>)", number, at, kHeight - 8, at + 20);
  svg += fmt::format(R"(<text x="{}" y="{}">{}</text>)", at + 26, kHeight - 4, html_text(series.name));
  return svg;
}

}  // namespace

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string line_chart(const Chart& chart) {
  Frame frame;
  frame.y.logarithmic = chart.logarithmic;
  if (chart.from_zero) frame.y.include(0);
  for (const double v : chart.x) frame.x.include(v);
  for (const Series& series : chart.series) {
    for (const double v : series.y) frame.y.include(v);
  }
  const std::string head = fmt::format("<figure><figcaption>{}</figcaption>\n", html_text(chart.title));
  if (frame.x.empty() || frame.y.empty() || chart.x.size() < 2) return head + "<p>Nothing to draw yet.</p></figure>\n";
  std::string svg =
      fmt::format(R"(<svg viewBox="0 0 {} {}" role="img" aria-label="{}">)", kWidth, kHeight, html_text(chart.title));
  svg += axes(frame, chart.x_name);
  for (std::size_t k = 0; k < chart.series.size(); ++k) svg += line(frame, chart.x, chart.series[k], k);
  return head + svg + "</svg></figure>\n";
}

std::string tick_strip(const std::vector<float>& values, double limit) {
  std::string svg = R"(<svg class="strip" viewBox="0 0 400 16"><line class="axis" x1="0" y1="8" x2="400" y2="8"/>)";
  svg += R"(<line class="grid" x1="200" y1="0" x2="200" y2="16"/>)";
  std::set<long> places;  // in halves of a unit: more could not be seen
  for (const float v : values) {
    const double x = 200 + 196 * static_cast<double>(v) / limit;
    if (x >= 0 && x <= 400) places.insert(std::lround(2 * x));
  }
  for (const long place : places) {
    svg +=
        fmt::format(R"(<line class="tick" x1="{0:.1f}" y1="2" x2="{0:.1f}" y2="14"/>)", static_cast<double>(place) / 2);
  }
  return svg + "</svg>";
}

}  // namespace vbq
