// Plots of dots, for a terminal: braille, eight dots a character, or a letter a character where there is ASCII alone.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "report/text_line.hpp"

namespace vbq {

struct PlotSeries {
  enum class Mark { line, dots, thick_dots };
  std::vector<double> x, y;  // as many of each; what is not finite is left out
  Mark mark = Mark::line;
  Paint paint = Paint::first;
  char letter = '*';  // in ASCII
};

struct TextPlot {
  std::string title;
  std::vector<PlotSeries> series;  // later ones lie above
  std::string x_name;
  int x_digits = 0;          // behind the point, of the labels below
  bool logarithmic = false;  // upwards, where all values are positive
};

// Rows of a plot that are not dots: title and x axis.
inline constexpr int kPlotFrameRows = 2;

// Adds a plot of so many columns to the lines, of which there are more than kPlotFrameRows.
void add_plot(const TextPlot& plot, std::span<TextLine> lines, int width, TextStyle style);

}  // namespace vbq
