#include "report/codebook_chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "report/axes.hpp"
#include "report/chart.hpp"
#include "report/progress.hpp"

namespace vbq {
namespace {

constexpr double kWidth = 300, kFoot = 84, kTop = 6, kSide = 8;  // bars stand on kFoot

double place(const Axis& axis, double v) { return kSide + axis.share(v) * (kWidth - 2 * kSide); }

// One outline around all bars.
std::string weights_svg(const Axis& axis, const Histogram& weights) {
  const std::int64_t most = *std::ranges::max_element(weights.counts);
  std::string path = fmt::format("M{:.1f},{}", place(axis, weights.low), kFoot);
  const double width = (weights.high - weights.low) / static_cast<double>(weights.counts.size());
  for (std::size_t k = 0; k < weights.counts.size(); ++k) {
    const double share = most > 0 ? static_cast<double>(weights.counts[k]) / static_cast<double>(most) : 0;
    path += fmt::format("V{:.1f}H{:.1f}", kFoot - share * (kFoot - kTop),
                        place(axis, weights.low + width * static_cast<double>(k + 1)));
  }
  return fmt::format(R"(<path class="weights" d="{}V{}z"/>)", path, kFoot);
}

// A line a level, as high as the share of the weights that take it; the pointer finds it anywhere nearer to it than to
// its neighbours.
std::string counted_svg(const Axis& axis, const std::vector<DrawnLevel>& levels) {
  std::int64_t most = 1, all = 0;
  for (const DrawnLevel& level : levels) {
    most = std::max(most, level.weights);
    all += level.weights;
  }
  std::string svg;
  for (std::size_t k = 0; k < levels.size(); ++k) {
    const double x = place(axis, levels[k].value);
    const double y = kFoot - static_cast<double>(levels[k].weights) / static_cast<double>(most) * (kFoot - kTop);
    const double from = k == 0 ? 0 : (place(axis, levels[k - 1].value) + x) / 2;
    const double to = k + 1 == levels.size() ? kWidth : (place(axis, levels[k + 1].value) + x) / 2;
    const double share = all > 0 ? 100 * static_cast<double>(levels[k].weights) / static_cast<double>(all) : 0;
    svg += fmt::format(
        R"(<g><title>level {} of {}: {:.5g}, {} weights ({:.1f} %)</title><rect class="strip" x="{:.1f}" y="0" )"
        R"(width="{:.1f}" height="{}"/><line class="level" x1="{:.1f}" x2="{:.1f}" y1="{}" y2="{:.1f}"/>)"
        R"(<circle class="head" cx="{:.1f}" cy="{:.1f}" r="2.4"/></g>)",
        k + 1, levels.size(), levels[k].value, thousands(levels[k].weights), share, from, std::max(0.0, to - from),
        kFoot, x, x, kFoot, y, x, y);
  }
  return svg;
}

std::string ticks_svg(const Axis& axis, const std::vector<DrawnLevel>& levels) {
  std::set<long> places;  // in halves of a unit: more could not be seen
  for (const DrawnLevel& level : levels) places.insert(std::lround(2 * place(axis, level.value)));
  std::string path;
  for (const long at : places) path += fmt::format("M{:.1f},{}v-14", static_cast<double>(at) / 2, kFoot);
  return fmt::format(R"(<path class="level" d="{}"/>)", path);
}

}  // namespace

Histogram histogram(std::span<const float> values, std::span<const float> others, std::size_t bins) {
  Axis ends;
  for (const float v : values) ends.include(static_cast<double>(v));
  if (ends.empty()) return {};
  for (const float v : others) ends.include(static_cast<double>(v));
  Histogram result{ends.low, ends.high, std::vector<std::int64_t>(bins, 0)};
  for (const float v : values) {
    if (!ends.takes(static_cast<double>(v))) continue;
    const auto bin = static_cast<std::size_t>(ends.share(static_cast<double>(v)) * static_cast<double>(bins));
    ++result.counts[std::min(bin, bins - 1)];
  }
  return result;
}

std::string codebook_chart(const Histogram& weights, const std::vector<DrawnLevel>& levels, LevelsAs shown) {
  if (weights.counts.empty()) return "<p class=\"note\">No weight of it is a finite number.</p>";
  Axis axis;
  axis.include(weights.low);
  axis.include(weights.high);
  std::string svg = fmt::format(R"(<svg class="codebook" viewBox="0 0 {} {}" role="img">)", kWidth, kFoot + 18);
  svg += weights_svg(axis, weights);
  svg += fmt::format(R"(<line class="axis" x1="0" x2="{0}" y1="{1}" y2="{1}"/>)", kWidth, kFoot);
  svg += shown == LevelsAs::counted ? counted_svg(axis, levels) : ticks_svg(axis, levels);
  svg += fmt::format(R"(<text x="{}" y="{}">{:.3g}</text>)", kSide, kFoot + 14, weights.low);
  svg +=
      fmt::format(R"(<text x="{}" y="{}" text-anchor="end">{:.3g}</text>)", kWidth - kSide, kFoot + 14, weights.high);
  const double zero = place(axis, 0);
  if (weights.low < 0 && weights.high > 0 && zero > 60 && zero < kWidth - 60) {
    svg += fmt::format(R"(<text x="{:.1f}" y="{}" text-anchor="middle">0</text>)", zero, kFoot + 14);
  }
  return svg + "</svg>";
}

}  // namespace vbq
