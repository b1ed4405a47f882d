#include "report/report_speed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "report/axes.hpp"
#include "report/chart.hpp"
#include "report/report_parts.hpp"
#include "report/report_workers.hpp"
#include "report/time_kinds.hpp"

namespace vbq {
namespace {

constexpr std::size_t kMostBars = 240;

// Several generations together where there are very many.
struct Bar {
  std::size_t first = 0, last = 0;  // lines of the table
  double seconds = 0;
  std::array<double, kTimeKinds.size()> spent = {};  // seconds
};

std::vector<Bar> bars_of(const Table& timing) {
  const std::vector<double>& seconds = timing["seconds"];
  const std::size_t step = std::max<std::size_t>(1, (seconds.size() + kMostBars - 1) / kMostBars);
  std::vector<Bar> bars;
  for (std::size_t k = 0; k < seconds.size(); ++k) {
    if (k % step == 0) bars.push_back({k, k});
    Bar& bar = bars.back();
    bar.last = k;
    const double took = std::max(0.0, seconds[k]);
    bar.seconds += took;
    for (std::size_t kind = 0; kind < kTimeKinds.size(); ++kind) {
      bar.spent[kind] += took * std::clamp(timing[kTimeKinds[kind].share][k], 0.0, 1.0);
    }
  }
  return bars;
}

std::string bar_svg(const Frame& frame, const Table& timing, const Bar& bar, double start) {
  const std::vector<double>& generations = timing["generation"];
  std::string title = bar.first == bar.last
                          ? fmt::format("generation {:.6g}", generations[bar.first])
                          : fmt::format("generations {:.6g} to {:.6g}", generations[bar.first], generations[bar.last]);
  title += ": " + seconds_text(bar.seconds);
  const double left = frame.left(start), width = frame.left(start + bar.seconds) - left;
  std::string svg;
  double below = 0;
  for (std::size_t kind = 0; kind < kTimeKinds.size(); ++kind) {
    const double share = bar.seconds > 0 ? 100 * bar.spent[kind] / bar.seconds : 0;
    const double from = std::min(below, 100.0), to = std::min(below + share, 100.0);
    below += share;
    title += fmt::format("\n{}: {:.1f} %", kTimeKinds[kind].name, share);
    svg += fmt::format(R"(<rect class="{}" x="{:.2f}" y="{:.1f}" width="{:.2f}" height="{:.1f}"/>)",
                       kTimeKinds[kind].seconds, left, frame.top(to), width, frame.top(from) - frame.top(to));
  }
  return "<g><title>" + title + "</title>" + svg + "</g>";
}

std::string timeline_html(const Table& timing, const std::vector<Bar>& bars, double whole) {
  const std::string head = "<figure><figcaption>where time went, % (mean over the workers)</figcaption>\n";
  if (!(whole > 0) || !std::isfinite(whole)) return head + "<p>Nothing to draw yet.</p></figure>\n";
  Frame frame;
  for (const double end : {0.0, whole}) frame.x.include(end);
  for (const double end : {0.0, 100.0}) frame.y.include(end);
  std::string svg = fmt::format(R"(<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="where time went">)",
                                Frame::kWidth, Frame::kHeight);
  svg += time_pattern_svg();
  double start = 0;
  std::string drawn;
  for (const Bar& bar : bars) {
    drawn += bar_svg(frame, timing, bar, start);
    start += bar.seconds;
  }
  return head + svg + axes_svg(frame, "seconds of the search") + drawn + "</svg>" + time_legend_html() + "</figure>\n";
}

}  // namespace

std::string speed_html(const Table& timing, const Table* workers) {
  const std::vector<Bar> bars = bars_of(timing);
  double whole = 0;
  std::array<double, kTimeKinds.size()> spent = {};
  for (const Bar& bar : bars) {
    whole += bar.seconds;
    for (std::size_t kind = 0; kind < kTimeKinds.size(); ++kind) spent[kind] += bar.spent[kind];
  }
  Chart images{
      "images a second", "generation", timing["generation"], {{"images a second", timing["images_per_second"]}}};
  images.from_zero = true;
  std::string rows;
  for (std::size_t kind = 0; kind < kTimeKinds.size(); ++kind) {
    rows += html_row(std::string("time in ") + kTimeKinds[kind].name,
                     fmt::format("{:.1f} %", whole > 0 ? 100 * spent[kind] / whole : 0));
  }
  rows += html_row("generations took", seconds_text(whole));
  const bool drawn = whole > 0 && std::isfinite(whole);
  const WorkersHtml each = workers != nullptr && drawn ? workers_html(timing, *workers) : WorkersHtml{};
  return "<h2>Speed</h2>\n<div class=\"charts\">\n" + timeline_html(timing, bars, whole) + line_chart(images) +
         each.chart + "</div>\n" + pairs_table(rows) + each.table;
}

}  // namespace vbq
