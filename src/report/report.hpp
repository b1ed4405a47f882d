// Pages of vbq report: each one file, with no need of a network.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vbq {

// The page for a run's folder as it is now: running, stopped or ended. Error when the folder holds no run, or when one
// of its files is not what vbq writes.
std::string report_html(const std::filesystem::path& folder);

// For the folder of a sweep: its widths side by side, each with a link to its own report.html.
std::string sweep_html(const std::filesystem::path& folder);

// For the folder of vbq compare: what it comes to, and its tables.
std::string comparison_html(const std::filesystem::path& folder);

// Runs side by side: results, curves, and the keys of their jobs in which they differ; the networks of fronts among
// them are drawn over their sizes, with the rows of comparisons. Links are relative to the folder of `page`, where this
// is to be written.
struct SideBySide {
  std::vector<std::filesystem::path> runs, comparisons;  // folders
};
std::string runs_html(const SideBySide& folders, const std::filesystem::path& page);

// For a best.json alone: its codebooks.
std::string format_html(const std::filesystem::path& file);

}  // namespace vbq
