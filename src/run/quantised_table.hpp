// What `vbq quantise` ends with: accuracy and size before and after, and where the files are.
#pragma once

#include <filesystem>
#include <string>

#include "run/run_job.hpp"

namespace vbq {

// Lines of text.
std::string quantised_table(const Setup& setup, const JobOutcome& outcome, const std::filesystem::path& folder);

}  // namespace vbq
