#include "report/time_kinds.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "report/progress.hpp"

namespace vbq {
namespace {

constexpr double kLongest = 1e12;  // seconds that are told

}  // namespace

std::string time_pattern_svg() {
  return "<defs><pattern id=\"hatched\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
         "patternTransform=\"rotate(45)\"><line class=\"hatch\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\"/></pattern></defs>";
}

std::string time_legend_html() {
  std::string text = "<p class=\"legend\">";
  for (const TimeKind& kind : kTimeKinds) {
    text += fmt::format(
        R"(<span><svg class="key" viewBox="0 0 30 12"><rect class="{}" x="0" y="1" width="30" height="10"/></svg> )"
        "{}</span> ",
        kind.seconds, kind.name);
  }
  return text + "</p>";
}

std::string seconds_text(double seconds) {
  return seconds < 60 ? fmt::format("{:.1f} s", seconds) : duration_text(std::min(seconds, kLongest));
}

std::vector<TimeBar> time_bars(const Table& timing, std::size_t most) {
  const std::vector<double>&generations = timing["generation"], &seconds = timing["seconds"];
  const std::size_t step = std::max<std::size_t>(1, (seconds.size() + most - 1) / most);
  std::vector<TimeBar> bars;
  double start = 0;
  for (std::size_t k = 0; k < seconds.size(); ++k) {
    if (k % step == 0) bars.push_back({k, k, start, 0, {}});
    bars.back().last = k;
    bars.back().seconds += std::max(0.0, seconds[k]);
    start += std::max(0.0, seconds[k]);
  }
  for (TimeBar& bar : bars) {
    const double first = generations[bar.first], last = generations[bar.last];
    bar.name = (first == last ? fmt::format("generation {:.6g}: ", first)
                              : fmt::format("generations {:.6g} to {:.6g}: ", first, last)) +
               seconds_text(bar.seconds);
  }
  return bars;
}

}  // namespace vbq
