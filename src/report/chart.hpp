// Charts as inline SVG, for report.html: told apart by dashes and markers as well as by colour; values show under the
// pointer.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vbq {

// Text as it may stand in HTML, inside quotes as well.
std::string html_text(std::string_view text);

// y: as many as the chart's x. What is not finite (or, on a logarithmic axis, not positive) is left out.
struct Series {
  std::string name;
  std::vector<double> y;
  std::vector<double> low = {}, high = {};         // ends of an interval around each y; or none
  std::optional<std::size_t> kind = std::nullopt;  // of its line and marks; none: its place among the series
};

enum class Marks { lines, points, lines_and_points };

// A value that others are to be seen against, as a dotted line.
struct Rule {
  std::string name;
  double y = 0;
};

struct Chart {
  std::string title, x_name;
  std::vector<double> x;  // ascending
  std::vector<Series> series;
  bool logarithmic = false;  // the y axis
  bool from_zero = false;    // the y axis takes in 0
  Marks marks = Marks::lines;
  std::optional<Rule> rule = std::nullopt;
};

// A chart, 480 units wide, with axes, grid and legend; a sentence in its place when there is nothing to draw. Lines
// have the classes line0 ... line7 for the page to colour, marks mark0 ... mark7. Of more than 720 x every so many are
// drawn.
std::string line_chart(const Chart& chart);

// Charts side by side, where there is room.
std::string charts_html(const std::vector<Chart>& charts);

// What tells series k apart from others, around (x, y); title: what it says under the pointer.
std::string mark_svg(std::size_t k, double x, double y, const std::string& title);

// Values as ticks on one line from -limit to limit, which is > 0.
std::string tick_strip(const std::vector<float>& values, double limit);

}  // namespace vbq
