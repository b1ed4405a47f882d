#include "report/report_workers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "report/axes.hpp"
#include "report/chart.hpp"
#include "report/report_parts.hpp"
#include "report/time_kinds.hpp"

namespace vbq {
namespace {

constexpr std::size_t kMostRows = 64;
constexpr std::size_t kMostStrips = 1600;  // that answer to the pointer, in all rows

using Spent = std::array<double, kTimeKinds.size()>;  // seconds

struct Row {
  double worker = 0, workers = 1;
  std::string host, device;
  double seconds = 0;  // of the generations that it was there
  Spent sum = {};
  std::map<std::size_t, Spent> bars;  // by their place
};

// The bar that each generation is in.
std::map<double, std::size_t> places_of(const Table& timing, const std::vector<TimeBar>& bars) {
  std::map<double, std::size_t> places;
  for (std::size_t b = 0; b < bars.size(); ++b) {
    for (std::size_t k = bars[b].first; k <= bars[b].last; ++k) places[timing["generation"][k]] = b;
  }
  return places;
}

// In the order of their ranks; whoever was moved to another host between two starts has the last one.
std::vector<Row> rows_of(const Table& workers, const std::map<double, std::size_t>& bar_of) {
  std::map<std::pair<double, double>, Row> rows;  // a resume on more or fewer may put others together
  for (std::size_t k = 0; k < workers["worker"].size(); ++k) {
    const auto bar = bar_of.find(workers["generation"][k]);
    if (bar == bar_of.end()) continue;
    Row& row = rows[{workers["worker"][k], workers["workers"][k]}];
    row.worker = workers["worker"][k];
    row.workers = workers["workers"][k];
    row.host = workers.text("host")[k];
    row.device = workers.text("device")[k];
    Spent& own = row.bars[bar->second];
    for (std::size_t kind = 0; kind < kTimeKinds.size(); ++kind) {
      const double seconds = std::clamp(workers[kTimeKinds[kind].seconds][k], 0.0, 1e12);
      own[kind] += seconds;
      row.sum[kind] += seconds;
      row.seconds += seconds;
    }
  }
  std::vector<Row> all;
  all.reserve(rows.size());
  for (auto& [worker, row] : rows) all.push_back(std::move(row));
  return all;
}

std::string name_of(const Row& row) {
  return row.workers > 1 ? fmt::format("{:.0f} to {:.0f}", row.worker, row.worker + row.workers - 1)
                         : fmt::format("{:.0f}", row.worker);
}

// A worker's bars between two heights: a path a kind, and a strip a bar that answers to the pointer.
std::string row_svg(const Frame& frame, const Row& row, const std::vector<TimeBar>& bars, const Span& place) {
  std::array<std::string, kTimeKinds.size()> paths;
  std::string strips;
  const double high = place.high - place.low;
  for (const auto& [at, spent] : row.bars) {
    const TimeBar& bar = bars[at];
    const double left = frame.left(bar.start), width = frame.left(bar.start + bar.seconds) - left;
    if (!(bar.seconds > 0)) continue;
    std::string title = row.workers > 1 ? "workers " : "worker ";
    title += name_of(row) + ", " + bar.name;
    double below = 0;
    for (std::size_t kind = 0; kind < kTimeKinds.size(); ++kind) {
      const double share = std::min(spent[kind] / bar.seconds, 1 - below);
      title += fmt::format("\n{}: {:.1f} %", kTimeKinds[kind].name, 100 * std::min(1.0, spent[kind] / bar.seconds));
      if (share > 0) {
        paths[kind] += fmt::format("M{:.2f},{:.1f}h{:.2f}v{:.1f}h-{:.2f}z", left, place.high - below * high, width,
                                   -share * high, width);
        below += share;
      }
    }
    strips += fmt::format(
        R"(<rect class="strip" x="{:.2f}" y="{:.1f}" width="{:.2f}" height="{:.1f}"><title>{}</title></rect>)", left,
        place.low, width, high, title);
  }
  std::string svg;
  for (std::size_t kind = 0; kind < kTimeKinds.size(); ++kind) {
    if (!paths[kind].empty()) svg += fmt::format(R"(<path class="{}" d="{}"/>)", kTimeKinds[kind].seconds, paths[kind]);
  }
  return svg + strips;
}

std::string chart_html(const std::vector<Row>& rows, const std::vector<TimeBar>& bars) {
  constexpr double kGap = 3, kLetters = 16;
  const double high = rows.size() <= 4 ? 36 : rows.size() <= 8 ? 24 : rows.size() <= 16 ? 16 : 9;
  const double bottom = Frame::kTop + static_cast<double>(rows.size()) * (high + kGap);
  const double right = Frame::kWidth - Frame::kRight;
  Frame frame;
  frame.x.include(0);
  frame.x.include(bars.back().start + bars.back().seconds);
  std::string svg = fmt::format(
      "<figure><figcaption>where the time of each worker went (a row each, by rank)</figcaption>\n"
      R"(<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="where the time of each worker went">)",
      Frame::kWidth, bottom + Frame::kBottom);
  const auto every = static_cast<std::size_t>((kLetters + high + kGap - 1) / (high + kGap));  // with a number
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const double top = Frame::kTop + static_cast<double>(r) * (high + kGap);
    if (r % every == 0) {
      svg += fmt::format(R"(<text x="{}" y="{:.1f}" text-anchor="end">{:.0f}</text>)", Frame::kLeft - 6,
                         top + high / 2 + 4, rows[r].worker);
    }
    svg += row_svg(frame, rows[r], bars, {top, top + high});
  }
  for (const double v : ticks(frame.x)) {
    svg += fmt::format(R"(<text x="{:.1f}" y="{}" text-anchor="middle">{:.6g}</text>)", frame.left(v), bottom + 16, v);
  }
  svg += fmt::format(R"(<line class="axis" x1="{0}" y1="{1}" x2="{2}" y2="{1}"/>)", Frame::kLeft, bottom, right);
  svg += fmt::format(R"(<text x="{}" y="{}" text-anchor="end">seconds of the search</text>)", right, bottom + 34);
  return svg + "</svg>" + time_legend_html() + "</figure>\n";
}

std::string cells(const Spent& sum, double seconds) {
  std::string text;
  for (const double of : sum) {
    text +=
        fmt::format("<td class=\"number\">{}, {:.1f} %</td>", seconds_text(of), seconds > 0 ? 100 * of / seconds : 0);
  }
  return text;
}

// others: those that have no row of their own.
std::string table_html(const std::vector<Row>& rows, const std::vector<Row>& others) {
  std::string text = "<tr><th>worker</th>";
  for (const TimeKind& kind : kTimeKinds) text += fmt::format("<th class=\"number\">{}</th>", kind.name);
  text += "<th>host</th><th>device</th></tr>\n";
  for (const Row& row : rows) {
    text += fmt::format("<tr><td>{}</td>{}<td>{}</td><td>{}</td></tr>\n", name_of(row), cells(row.sum, row.seconds),
                        html_text(row.host), html_text(row.device));
  }
  if (others.empty()) return text;
  Spent sum = {};
  double seconds = 0;
  for (const Row& row : others) {
    seconds += row.seconds;
    for (std::size_t kind = 0; kind < sum.size(); ++kind) sum[kind] += row.sum[kind];
  }
  return text + fmt::format("<tr><td>{} more</td>{}<td colspan=\"2\">together</td></tr>\n", others.size(),
                            cells(sum, seconds));
}

}  // namespace

WorkersHtml workers_html(const Table& timing, const Table& workers) {
  std::vector<TimeBar> bars = time_bars(timing);
  std::vector<Row> rows = rows_of(workers, places_of(timing, bars));
  if (rows.empty()) return {};
  const std::size_t shown = std::min(rows.size(), kMostRows);
  if (const std::size_t most = kMostStrips / shown; bars.size() > most) {
    bars = time_bars(timing, most);
    rows = rows_of(workers, places_of(timing, bars));
  }
  const std::vector<Row> others(rows.begin() + static_cast<std::ptrdiff_t>(shown), rows.end());
  rows.resize(shown);
  const bool means = std::ranges::any_of(rows, [](const Row& row) { return row.workers > 1; });
  return {chart_html(rows, bars),
          scrolling_table(table_html(rows, others)) +
              (means ? "<p class=\"note\">Of workers that share a row: the mean of one of them.</p>\n" : "")};
}

}  // namespace vbq
