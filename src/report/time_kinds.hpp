// What a search's time goes into, as the charts of report.html show it.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "report/table.hpp"

namespace vbq {

struct TimeKind {
  const char* share;    // column of timing.csv
  const char* seconds;  // column of workers.csv, and its style
  const char* name;
};
inline constexpr std::array<TimeKind, 3> kTimeKinds = {{{"quantise", "making", "making networks"},
                                                        {"inference", "inference", "inference"},
                                                        {"communication", "waiting", "communication and waiting"}}};

// The pattern that inference is drawn in: once a page.
std::string time_pattern_svg();

std::string time_legend_html();

// Seconds that are told: "3.2 s", "1:05 min".
std::string seconds_text(double seconds);

// Some generations in a row of timing.csv, drawn as one.
struct TimeBar {
  std::size_t first = 0, last = 0;  // lines of the table
  double start = 0, seconds = 0;    // of the search
  std::string name;                 // "generations 3 to 5: 2.1 s"
};

// timing: has generation and seconds. No more than `most` bars: each is of several generations where there are very
// many.
std::vector<TimeBar> time_bars(const Table& timing, std::size_t most = 240);

}  // namespace vbq
