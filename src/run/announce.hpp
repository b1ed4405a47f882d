// What is said before a search begins: what it will do, and what that takes.
#pragma once

#include <cstdint>
#include <string>

#include "run/search_run.hpp"

namespace vbq {

// "up to 31 levels within 1 bit a weight".
std::string format_text(const Job& job);
// "900 to search on, 300 to validate on, 597 held out".
std::string images_text(const Problem& problem);
// Networks that a whole search asks for; those that it has met before are not run again.
std::int64_t networks_planned(const Job& job);
// What is known of the time before anything was searched. inference_seconds: of one network over the search's images,
// all workers at it; 0: not measured.
std::string expected_time_text(const Job& job, double inference_seconds);

void announce(const Setup& setup, const ComputeInfo& compute, const RunFolder& folder);

}  // namespace vbq
