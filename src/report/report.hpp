// Pages of vbq report: each one file, with no need of a network.
#pragma once

#include <filesystem>
#include <string>

namespace vbq {

// The page for a run's folder as it is now: running, stopped or ended. Error when the folder holds no run, or when one
// of its files is not what vbq writes.
std::string report_html(const std::filesystem::path& folder);

// For the folder of a sweep: its widths side by side, each with a link to its own report.html.
std::string sweep_html(const std::filesystem::path& folder);

// For the folder of vbq compare: what it comes to, and its tables.
std::string comparison_html(const std::filesystem::path& folder);

// For a best.json alone: its codebooks.
std::string format_html(const std::filesystem::path& file);

}  // namespace vbq
