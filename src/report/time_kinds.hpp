// What a search's time goes into, as the charts of report.html show it.
#pragma once

#include <array>
#include <string>

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

}  // namespace vbq
