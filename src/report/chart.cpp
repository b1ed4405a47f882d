#include "report/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "report/axes.hpp"

namespace vbq {
namespace {

constexpr std::size_t kKinds = 8;         // of lines and marks
constexpr std::size_t kMostPlaces = 720;  // on an x axis: more could not be seen
constexpr std::size_t kMostStrips = 240;  // that answer to the pointer

std::size_t kind_of(const Chart& chart, std::size_t number) {
  return chart.series[number].kind.value_or(number) % kKinds;
}

// Every so many of a chart's x, and the last.
Chart thinned(const Chart& chart) {
  if (chart.x.size() <= kMostPlaces) return chart;
  const std::size_t step = (chart.x.size() + kMostPlaces - 1) / kMostPlaces;
  const auto some = [&](const std::vector<double>& all) {
    std::vector<double> kept;
    for (std::size_t k = 0; k < all.size(); k += step) kept.push_back(all[k]);
    if (!all.empty() && (all.size() - 1) % step != 0) kept.push_back(all.back());
    return kept;
  };
  Chart few = chart;
  few.x = some(chart.x);
  for (Series& series : few.series) {
    series.y = some(series.y);
    series.low = some(series.low);
    series.high = some(series.high);
  }
  return few;
}

Frame frame_of(const Chart& chart) {
  Frame frame;
  frame.y.logarithmic = chart.logarithmic;
  if (chart.from_zero) frame.y.include(0);
  if (chart.rule) frame.y.include(chart.rule->y);
  for (const double v : chart.x) frame.x.include(v);
  for (const Series& series : chart.series) {
    for (const std::vector<double>* values : {&series.y, &series.low, &series.high}) {
      for (const double v : *values) frame.y.include(v);
    }
  }
  if (chart.marks != Marks::lines) {  // which have a width
    frame.x.widen(0.03);
    frame.y.widen(0.04);
  }
  return frame;
}

bool drawn(const Frame& frame, const Chart& chart, const Series& series, std::size_t k) {
  return k < series.y.size() && frame.x.takes(chart.x[k]) && frame.y.takes(series.y[k]);
}

std::string line_svg(const Frame& frame, const Chart& chart, std::size_t number) {
  const Series& series = chart.series[number];
  std::string points;
  for (std::size_t k = 0; k < chart.x.size(); ++k) {
    if (!drawn(frame, chart, series, k)) continue;
    points += fmt::format("{:.1f},{:.1f} ", frame.left(chart.x[k]), frame.top(series.y[k]));
  }
  return fmt::format(R"(<polyline class="line{}" points="{}"/>)", kind_of(chart, number), points);
}

std::string points_svg(const Frame& frame, const Chart& chart, std::size_t number) {
  const Series& series = chart.series[number];
  const bool interval = series.low.size() == series.y.size() && series.high.size() == series.y.size();
  std::string svg;
  for (std::size_t k = 0; k < chart.x.size(); ++k) {
    if (!drawn(frame, chart, series, k)) continue;
    const double x = frame.left(chart.x[k]), y = frame.top(series.y[k]);
    std::string title = fmt::format("{}: {:.5g} at {:.5g}", series.name, series.y[k], chart.x[k]);
    if (interval && frame.y.takes(series.low[k]) && frame.y.takes(series.high[k])) {
      svg += fmt::format(R"(<line class="line{0} whisker" x1="{1:.1f}" x2="{1:.1f}" y1="{2:.1f}" y2="{3:.1f}"/>)",
                         kind_of(chart, number), x, frame.top(series.low[k]), frame.top(series.high[k]));
      title += fmt::format(" (95 %: {:.5g} to {:.5g})", series.low[k], series.high[k]);
    }
    svg += mark_svg(kind_of(chart, number), x, y, title);
  }
  return svg;
}

// Strips from top to bottom, each with all values of its x for the pointer; those of many are several x wide.
std::string strips_svg(const Frame& frame, const Chart& chart) {
  const std::size_t step = (chart.x.size() + kMostStrips - 1) / kMostStrips;
  const auto edge = [&](std::size_t a, std::size_t b) { return (frame.left(chart.x[a]) + frame.left(chart.x[b])) / 2; };
  std::string svg;
  for (std::size_t k = 0; k < chart.x.size(); k += step) {
    if (!frame.x.takes(chart.x[k])) continue;
    std::string title = fmt::format("{} {:.6g}", chart.x_name, chart.x[k]);
    for (const Series& series : chart.series) {
      if (drawn(frame, chart, series, k)) title += fmt::format("\n{}: {:.5g}", series.name, series.y[k]);
    }
    const double from = k < step ? Frame::kLeft : edge(k - step, k);
    const double to = k + step >= chart.x.size() ? Frame::kWidth - Frame::kRight : edge(k, k + step);
    svg += fmt::format(R"(<rect class="strip" x="{:.1f}" y="{}" width="{:.1f}" height="{}"><title>{}</title></rect>)",
                       from, Frame::kTop, std::max(0.0, to - from), Frame::kHeight - Frame::kTop - Frame::kBottom,
                       html_text(title));
  }
  return svg;
}

std::string rule_svg(const Frame& frame, const Rule& rule) {
  const double y = frame.top(rule.y);
  return fmt::format(
      R"(<line class="rule" x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}"><title>{3}: {4:.5g}</title></line>)",
      Frame::kLeft, Frame::kWidth - Frame::kRight, y, html_text(rule.name), rule.y);
}

std::string key_html(const std::string& svg, const std::string& name) {
  return R"(<span><svg class="key" viewBox="0 0 30 12">)" + svg + "</svg> " + html_text(name) + "</span> ";
}

std::string legend_html(const Chart& chart) {
  const bool named = chart.series.size() > 1 || (chart.series.size() == 1 && chart.series.front().kind);
  std::string text;
  for (std::size_t k = 0; named && k < chart.series.size(); ++k) {
    const std::size_t kind = kind_of(chart, k);
    std::string svg;
    if (chart.marks != Marks::points) svg += fmt::format(R"(<polyline class="line{}" points="0,6 30,6"/>)", kind);
    if (chart.marks != Marks::lines) svg += mark_svg(kind, 15, 6, "");
    text += key_html(svg, chart.series[k].name);
  }
  if (chart.rule) text += key_html(R"(<line class="rule" x1="0" x2="30" y1="6" y2="6"/>)", chart.rule->name);
  return text.empty() ? "" : "<p class=\"legend\">" + text + "</p>";
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

std::string mark_svg(std::size_t k, double x, double y, const std::string& title) {
  // Circle, square, triangle, diamond, cross, triangle upside down, plus, bar; around 0, 0.
  static constexpr std::array<const char*, kKinds> kShapes = {"m-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z",
                                                              "m-3.5,-3.5h7v7h-7z",
                                                              "m0,-4.5l4.5,8h-9z",
                                                              "m0,-5l5,5l-5,5l-5,-5z",
                                                              "m-4,-4l8,8m0,-8l-8,8",
                                                              "m0,4.5l4.5,-8h-9z",
                                                              "m-5,0h10m-5,-5v10",
                                                              "m-5,-2h10v4h-10z"};
  const std::string inside = title.empty() ? "" : "<title>" + html_text(title) + "</title>";
  return fmt::format(R"(<path class="mark{}" d="M{:.1f},{:.1f}{}">{}</path>)", k % kKinds, x, y, kShapes[k % kKinds],
                     inside);
}

std::string line_chart(const Chart& whole) {
  const Chart chart = thinned(whole);
  const Frame frame = frame_of(chart);
  const std::string head = fmt::format("<figure><figcaption>{}</figcaption>\n", html_text(chart.title));
  if (frame.x.empty() || frame.y.empty() || chart.x.size() < (chart.marks == Marks::lines ? 2U : 1U)) {
    return head + "<p>Nothing to draw yet.</p></figure>\n";
  }
  std::string svg = fmt::format(R"(<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">)", Frame::kWidth,
                                Frame::kHeight, html_text(chart.title));
  svg += axes_svg(frame, chart.x_name);
  if (chart.rule) svg += rule_svg(frame, *chart.rule);
  for (std::size_t k = 0; k < chart.series.size(); ++k) {
    if (chart.marks != Marks::points) svg += line_svg(frame, chart, k);
  }
  if (chart.marks == Marks::lines) svg += strips_svg(frame, chart);
  for (std::size_t k = 0; k < chart.series.size(); ++k) {
    if (chart.marks != Marks::lines) svg += points_svg(frame, chart, k);
  }
  return head + svg + "</svg>" + legend_html(chart) + "</figure>\n";
}

std::string charts_html(const std::vector<Chart>& charts) {
  std::string text = "<div class=\"charts\">\n";
  for (const Chart& chart : charts) text += line_chart(chart);
  return text + "</div>\n";
}

std::string tick_strip(const std::vector<float>& values, double limit) {
  std::string svg = R"(<svg class="ticks" viewBox="0 0 400 16"><line class="axis" x1="0" y1="8" x2="400" y2="8"/>)";
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
