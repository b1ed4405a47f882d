// What a job must say to be like another one.
#pragma once

#include <string>

#include "config/job.hpp"

namespace vbq {

// The lines of [format], or of [search] too, that a job needs to be like this one: those that differ from what a job
// has that says nothing, and those whose defaults depend on others. TOML.
enum class JobPart { format, format_and_search };
std::string job_lines(const Job& job, JobPart part);

}  // namespace vbq
