// When and why a search stops before its end: signals, and a batch system's time limit.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace vbq {

// On every rank, at the start: signals become wishes to stop, and the end of a Slurm job is one that comes in time
// before it.
void heed_stops();

// When to stop, so that a checkpoint is written before the job's end; end: SLURM_JOB_END_TIME, seconds since 1970. None
// when it is no such number, or over for more than a minute (left behind by another job); in the past when just over.
std::optional<std::chrono::system_clock::time_point> stop_before(const char* end,
                                                                 std::chrono::system_clock::time_point now);

// "by a signal", as it continues "stopped".
std::string stop_text();

}  // namespace vbq
