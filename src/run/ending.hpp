// When a search is over: generations, a limit of time, or nothing more to gain.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/job.hpp"

namespace vbq {

enum class Ending {
  generations,  // search.generations
  seconds,      // search.seconds
  patience,     // search.patience
  method,       // it has nothing left to try
};

// As summary.json says it.
const char* ending_name(Ending ending);

// How far a search is, at the end of a generation.
struct SearchAge {
  int generation = 0;  // done
  double seconds = 0;  // that they took, over all starts
  bool finished = false;
};

// None while it goes on. history: lines of history.csv.
std::optional<Ending> ending_of(const Job& job, const SearchAge& age, const std::vector<std::string>& history);

// Generations since the last one that was better than all before it; 0 of none. By the third column of history.csv:
// the best fitness, or the hypervolume of a front.
int generations_without_gain(const std::vector<std::string>& history);

// At the pace so far, until generations or time are used up.
double seconds_left(const Job& job, const SearchAge& age);

}  // namespace vbq
