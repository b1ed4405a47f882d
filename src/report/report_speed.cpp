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

using Spent = std::array<double, kTimeKinds.size()>;  // seconds

Spent spent_in(const Table& timing, const TimeBar& bar) {
  Spent spent = {};
  for (std::size_t k = bar.first; k <= bar.last; ++k) {
    const double took = std::max(0.0, timing["seconds"][k]);
    for (std::size_t kind = 0; kind < kTimeKinds.size(); ++kind) {
      spent[kind] += took * std::clamp(timing[kTimeKinds[kind].share][k], 0.0, 1.0);
    }
  }
  return spent;
}

std::string bar_svg(const Frame& frame, const Table& timing, const TimeBar& bar) {
  const Spent spent = spent_in(timing, bar);
  std::string title = bar.name;
  const double left = frame.left(bar.start), width = frame.left(bar.start + bar.seconds) - left;
  std::string svg;
  double below = 0;
  for (std::size_t kind = 0; kind < kTimeKinds.size(); ++kind) {
    const double share = bar.seconds > 0 ? 100 * spent[kind] / bar.seconds : 0;
    const double from = std::min(below, 100.0), to = std::min(below + share, 100.0);
    below += share;
    title += fmt::format("\n{}: {:.1f} %", kTimeKinds[kind].name, share);
    svg += fmt::format(R"(<rect class="{}" x="{:.2f}" y="{:.1f}" width="{:.2f}" height="{:.1f}"/>)",
                       kTimeKinds[kind].seconds, left, frame.top(to), width, frame.top(from) - frame.top(to));
  }
  return "<g><title>" + title + "</title>" + svg + "</g>";
}

std::string timeline_html(const Table& timing, const std::vector<TimeBar>& bars, double whole) {
  const std::string head = "<figure><figcaption>where time went, % (mean over the workers)</figcaption>\n";
  if (!(whole > 0) || !std::isfinite(whole)) return head + "<p>Nothing to draw yet.</p></figure>\n";
  Frame frame;
  for (const double end : {0.0, whole}) frame.x.include(end);
  for (const double end : {0.0, 100.0}) frame.y.include(end);
  std::string svg = fmt::format(R"(<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="where time went">)",
                                Frame::kWidth, Frame::kHeight);
  svg += time_pattern_svg();
  std::string drawn;
  for (const TimeBar& bar : bars) drawn += bar_svg(frame, timing, bar);
  return head + svg + axes_svg(frame, "seconds of the search") + drawn + "</svg>" + time_legend_html() + "</figure>\n";
}

}  // namespace

std::string speed_html(const Table& timing, const Table* workers) {
  const std::vector<TimeBar> bars = time_bars(timing);
  double whole = 0;
  Spent spent = {};
  for (const TimeBar& bar : bars) {
    whole += bar.seconds;
    const Spent own = spent_in(timing, bar);
    for (std::size_t kind = 0; kind < kTimeKinds.size(); ++kind) spent[kind] += own[kind];
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
