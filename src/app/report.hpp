// report.html: one file that shows a run, with no need of a network.
#pragma once

#include <filesystem>
#include <string>

namespace vbq {

// The page for a run's folder as it is now: running, stopped or ended. Error when the folder holds no run, or when one
// of its files is not what vbq writes.
std::string report_html(const std::filesystem::path& folder);

}  // namespace vbq
