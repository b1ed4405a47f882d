#include "report/text_plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace vbq {
namespace {

constexpr int kLabelColumns = 9;

struct Extent {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
  bool empty() const { return low > high; }
  void take(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  // 0..1; the middle where there is no extent.
  double share(double value) const {
    if (high <= low) return 0.5;
    if (logarithmic && low > 0) return std::log(value / low) / std::log(high / low);
    return (value - low) / (high - low);
  }
  bool logarithmic = false;
};

struct Cell {
  unsigned dots = 0;  // of braille, as Unicode numbers them
  char letter = ' ';
  Paint paint = Paint::plain;
};

class Canvas {
 public:
  Canvas(int columns, int rows, bool unicode)
      : columns_(columns), rows_(rows), wide_(unicode ? 2 : 1), high_(unicode ? 4 : 1) {
    cells_.resize(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows));
  }

  void draw(const PlotSeries& series, const Extent& x, const Extent& y) {
    bool first = true;
    int before_x = 0, before_y = 0;
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (!std::isfinite(series.x[i]) || !std::isfinite(series.y[i])) continue;
      const int at_x = static_cast<int>(std::lround(x.share(series.x[i]) * (columns_ * wide_ - 1)));
      const int at_y = static_cast<int>(std::lround((1 - y.share(series.y[i])) * (rows_ * high_ - 1)));
      const bool joined = !first && series.mark == PlotSeries::Mark::line;
      const int steps = joined ? std::max(std::abs(at_x - before_x), std::abs(at_y - before_y)) : 0;
      for (int k = 0; k < steps; ++k) {
        const double part = static_cast<double>(k) / steps;
        dot(before_x + static_cast<int>(std::lround(part * (at_x - before_x))),
            before_y + static_cast<int>(std::lround(part * (at_y - before_y))), series);
      }
      dot(at_x, at_y, series);
      if (series.mark == PlotSeries::Mark::thick_dots && wide_ > 1) {  // four, all in the same character
        dot(at_x ^ 1, at_y, series);
        dot(at_x, at_y ^ 1, series);
        dot(at_x ^ 1, at_y ^ 1, series);
      }
      first = false;
      before_x = at_x;
      before_y = at_y;
    }
  }

  void add_row(int row, TextLine& line) const {
    for (int column = 0; column < columns_; ++column) {
      const Cell& cell = cells_[index(row, column)];
      line.add(text_of(cell), cell.paint);
    }
  }

 private:
  void dot(int x, int y, const PlotSeries& series) {
    constexpr unsigned kBits[2][4] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};
    Cell& cell = cells_[index(y / high_, x / wide_)];
    cell.dots |= kBits[x % wide_][y % high_];
    cell.letter = series.letter;
    cell.paint = series.paint;
  }

  std::size_t index(int row, int column) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns_) + static_cast<std::size_t>(column);
  }

  std::string text_of(const Cell& cell) const {
    if (cell.letter == ' ' || high_ == 1) return {cell.letter};
    const unsigned code = 0x2800U + cell.dots;  // three bytes of UTF-8
    return {static_cast<char>(0xE0U | (code >> 12U)), static_cast<char>(0x80U | ((code >> 6U) & 0x3FU)),
            static_cast<char>(0x80U | (code & 0x3FU))};
  }

  int columns_, rows_;
  int wide_, high_;  // dots of a cell
  std::vector<Cell> cells_;
};

std::string label(const Extent& y, int row, int rows) {
  if (y.empty() || (row != 0 && row != rows - 1) || (y.low == y.high && row != 0)) return "";
  return fmt::format("{:.4g}", row == 0 ? y.high : y.low);
}

}  // namespace

void add_plot(const TextPlot& plot, std::span<TextLine> lines, int width, TextStyle style) {
  Extent x, y;
  y.logarithmic = plot.logarithmic;
  for (const PlotSeries& series : plot.series) {
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (!std::isfinite(series.x[i]) || !std::isfinite(series.y[i])) continue;
      x.take(series.x[i]);
      y.take(series.y[i]);
    }
  }
  const int begin = lines.front().columns(), rows = static_cast<int>(lines.size()) - kPlotFrameRows;
  Canvas canvas(std::max(1, width - kLabelColumns - 1), rows, style.unicode);
  for (const PlotSeries& series : plot.series) canvas.draw(series, x, y);
  lines.front().add(plot.title, Paint::faint, width);
  const std::string wall = style.unicode ? "│" : "|";
  for (int row = 0; row < rows; ++row) {
    TextLine& line = lines[static_cast<std::size_t>(row) + 1];
    line.add(fmt::format("{:>{}}", label(y, row, rows), kLabelColumns), Paint::faint, kLabelColumns);
    line.add(wall, Paint::faint);
    canvas.add_row(row, line);
  }
  if (x.empty()) return;
  const std::string left = fmt::format("{:.{}f}", x.low, plot.x_digits),
                    right = fmt::format("{:.{}f}", x.high, plot.x_digits);
  TextLine& below = lines.back();
  below.fill_to(begin + kLabelColumns + 1).add(left, Paint::faint).add(" " + plot.x_name, Paint::faint);
  if (x.high > x.low) below.fill_to(begin + width - static_cast<int>(right.size())).add(right, Paint::faint);
}

}  // namespace vbq
