// Charts as inline SVG, for report.html.
#pragma once

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
};

struct Chart {
  std::string title, x_name;
  std::vector<double> x;  // ascending
  std::vector<Series> series;
  bool logarithmic = false;  // the y axis
  bool from_zero = false;    // the y axis takes in 0
};

// A line chart, 720 units wide, with axes, grid and legend; a sentence in its place when there is nothing to draw.
// Lines have the classes line0, line1, ... for the page to colour.
std::string line_chart(const Chart& chart);

// Values as ticks on one line from -limit to limit, which is > 0.
std::string tick_strip(const std::vector<float>& values, double limit);

}  // namespace vbq
