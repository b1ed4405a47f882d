#include "report/screen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "report/interval.hpp"
#include "report/progress.hpp"
#include "report/score_json.hpp"
#include "report/text_plot.hpp"

namespace vbq {
namespace {

constexpr int kNarrow = 50;  // columns below which names stand close to what they name
constexpr int kNameColumns = 12;
constexpr int kMostWorkers = 16;               // lines of them
constexpr int kLeastPlot = 6, kMostPlot = 16;  // rows
constexpr int kLeastPlotColumns = 32;
constexpr int kBarColumns = 10;

struct Page {
  ScreenSize size;
  TextStyle style;
  std::vector<TextLine> lines;

  TextLine& line() { return lines.emplace_back(size.columns, style); }
  // A line that begins with what it tells of.
  TextLine& named(const std::string& name) {
    TextLine& made = line().add(name, Paint::faint);
    return size.columns < kNarrow ? made.add(" ") : made.add(" ").fill_to(kNameColumns);
  }
  int left() const { return size.rows - static_cast<int>(lines.size()); }
};

// Eighths of a character where there is Unicode.
std::string bar(double share, int columns, const TextStyle& style) {
  const double filled = std::clamp(share, 0.0, 1.0) * columns;
  std::string text;
  for (int i = 0; i < columns; ++i) {
    const int eighths = std::clamp(static_cast<int>(std::lround((filled - i) * 8)), 0, 8);
    if (!style.unicode) {
      text += eighths >= 4 ? '#' : '.';
    } else if (eighths == 0) {
      text += "░";
    } else {
      text += std::string("\xE2\x96") + static_cast<char>(0x90 - eighths);  // U+2588 whole to U+258F an eighth
    }
  }
  return text;
}

std::string percent_of(const ScreenShare& share) { return fmt::format("{:.2f} %", percent(share.count, share.of)); }

void add_generation(Page& page, const ScreenState& state) {
  if (!state.phase.empty() || state.generation == 0) {
    page.named("now").add(state.phase.empty() ? "starting" : state.phase, Paint::strong);
    return;
  }
  TextLine& line = page.named("generation").add(fmt::format("{}", state.generation), Paint::strong);
  if (state.generations > 0) line.add(fmt::format(" of {}", state.generations));
  if (state.networks == 0) return;
  if (page.size.columns >= kNarrow) {
    const auto done = static_cast<double>(state.made + state.run) / static_cast<double>(2 * state.networks);
    line.add("  ").add(bar(done, kBarColumns, page.style), Paint::first);
  }
  line.add(fmt::format("  {} networks, {} made, {} run", state.networks, state.made, state.run));
}

void add_fitness(Page& page, const ScreenState& state) {
  TextLine& line = page.named(state.fitness_name.empty() ? "fitness" : state.fitness_name);
  if (state.best.empty()) {
    line.add("after the first generation");
    return;
  }
  line.add(fmt::format("{:.5g}", state.best.back()), Paint::strong);
  if (state.median.empty()) return;
  line.add(" best", Paint::first).add(fmt::format(", {:.5g} ", state.median.back())).add("median", Paint::second);
  if (!state.detail.empty()) line.add(", " + state.detail);
}

void add_share(Page& page, const ScreenState& state) {
  if (state.share_name.empty() || state.share.of == 0) return;
  const Interval interval = wilson95(state.share.count, state.share.of);
  TextLine& line = page.named(state.share_name).add(percent_of(state.share), Paint::strong);
  line.add(fmt::format("  (95 % interval {:.2f} to {:.2f})", interval.low, interval.high));
  if (state.as_trained.of > 0) line.add(", FP32 " + percent_of(state.as_trained));
}

void add_time(Page& page, const ScreenState& state) {
  TextLine& line = page.named("time");
  if (state.seconds_left) {
    line.add(duration_text(*state.seconds_left), Paint::strong).add(" left");
    if (state.seconds_without_gain && *state.seconds_without_gain < *state.seconds_left) {
      line.add(" at most, " + duration_text(*state.seconds_without_gain) + " if nothing is gained");
    }
    line.add(", ");
  } else if (state.generation > 0 && state.phase.empty()) {
    line.add("being measured with the first networks, ");
  }
  line.add(duration_text(state.seconds) + " so far");
}

void add_figures(Page& page, const ScreenState& state) {
  page.line().add(state.title, Paint::strong);
  add_generation(page, state);
  add_fitness(page, state);
  add_share(page, state);
  add_time(page, state);
  TextLine& speed = page.named("networks").add(thousands(state.evaluations));
  if (state.images_a_second > 0) {
    speed.add(fmt::format(" run, {} images/s", thousands(static_cast<long long>(state.images_a_second))));
  }
  if (!state.front_bits.empty()) {
    page.named("front").add(fmt::format("{} networks, {:.2f} to {:.2f} bits a weight", state.front_bits.size(),
                                        state.front_bits.front(), state.front_bits.back()));
  }
  if (!state.images.empty()) page.named("images").add(state.images);
}

void add_worker(Page& page, const ScreenWorker& worker) {
  const std::string busy = fmt::format("{:>4.0f} % busy", 100 * std::clamp(worker.busy, 0.0, 1.0));
  const int bars = page.size.columns < kNarrow ? 0 : kBarColumns, end = static_cast<int>(busy.size()) + bars;
  TextLine& line = page.line();
  line.add(worker.name, Paint::plain, std::max(0, page.size.columns - end - 1)).fill_to(page.size.columns - end);
  if (bars > 0) line.add(bar(worker.busy, bars, page.style), Paint::first);
  line.add(busy);
}

// So many lines of them, the last of which stands for all that have none.
void add_workers(Page& page, std::span<const ScreenWorker> workers, int rows) {
  const auto shown = static_cast<std::size_t>(std::max(rows, 0));
  if (workers.size() <= std::min<std::size_t>(shown, kMostWorkers)) {
    for (const ScreenWorker& worker : workers) add_worker(page, worker);
    return;
  }
  if (shown == 0) return;
  for (const ScreenWorker& worker : workers.first(shown - 1)) add_worker(page, worker);
  double sum = 0, least = 1, most = 0;
  for (const ScreenWorker& worker : workers.subspan(shown - 1)) {
    sum += worker.busy;
    least = std::min(least, worker.busy);
    most = std::max(most, worker.busy);
  }
  const auto others = static_cast<double>(workers.size() - shown + 1);
  page.line().add(fmt::format("{}{:.0f} workers{}, {:.0f} to {:.0f} % busy, {:.0f} in the mean",
                              shown > 1 ? "and " : "", others, shown > 1 ? " more" : "", 100 * least, 100 * most,
                              100 * sum / others));
}

TextPlot curve_of(const ScreenState& state) {
  TextPlot plot;
  const bool front = state.median.empty();
  plot.title = state.fitness_name + (front ? "" : ": best and median (dots)");
  plot.x_name = "generation";
  plot.logarithmic = true;
  for (const bool best : {false, true}) {
    PlotSeries& series = plot.series.emplace_back();
    series.y = best ? state.best : state.median;
    for (std::size_t i = 0; i < series.y.size(); ++i) series.x.push_back(static_cast<double>(i) + 1);
    if (best) continue;
    series.mark = PlotSeries::Mark::dots;
    series.paint = Paint::second;
    series.letter = '.';
  }
  return plot;
}

TextPlot front_of(const ScreenState& state) {
  PlotSeries series{state.front_bits, state.front_fitness, PlotSeries::Mark::thick_dots, Paint::first, 'o'};
  return {"front: fitness of the best of each size", {std::move(series)}, "bits a weight", 2, false};
}

// Side by side where there is room, one below the other, or the curve alone.
void add_plots(Page& page, const ScreenState& state, int rows) {
  std::vector<TextPlot> plots{curve_of(state)};
  if (!state.front_bits.empty()) plots.push_back(front_of(state));
  const int columns = page.size.columns;
  const bool beside = plots.size() > 1 && columns >= 2 * kLeastPlotColumns + 2;
  const bool below = plots.size() > 1 && !beside && rows >= 2 * kLeastPlot;
  if (plots.size() > 1 && !beside && !below) plots.erase(plots.begin());  // the front has the last generation in it
  const int high = std::min(kMostPlot, below ? rows / 2 : rows);
  const int wide = beside ? (columns - 2) / 2 : columns;
  for (std::size_t i = 0; i < plots.size(); ++i) {
    if (i == 0 || !beside) {
      for (int row = 0; row < high; ++row) page.line();
    }
    const std::span<TextLine> lines = std::span(page.lines).last(static_cast<std::size_t>(high));
    if (i > 0 && beside) {
      for (TextLine& line : lines) line.fill_to(wide + 2);
    }
    add_plot(plots[i], lines, wide, page.style);
  }
}

}  // namespace

std::vector<TextLine> screen_lines(const ScreenState& state, const ScreenSize& size, const TextStyle& style) {
  Page page{size, style, {}};
  add_figures(page, state);
  if (page.left() <= 0) {
    page.lines.resize(static_cast<std::size_t>(std::max(size.rows, 0)), TextLine(size.columns, style));
    return page.lines;
  }
  const bool plots = size.columns >= kLeastPlotColumns && page.left() > kLeastPlot;
  const int workers = std::min({static_cast<int>(std::min<std::size_t>(state.workers.size(), kMostWorkers + 1)),
                                page.left(), plots ? std::max(1, (page.left() - kLeastPlot) / 2) : kMostWorkers + 1});
  const int rows = page.left() - workers;
  if (plots && rows >= kLeastPlot) add_plots(page, state, rows);
  add_workers(page, state.workers, workers);
  return page.lines;
}

}  // namespace vbq
