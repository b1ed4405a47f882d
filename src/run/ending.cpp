#include "run/ending.hpp"

#include <algorithm>
#include <limits>

#include "core/check.hpp"
#include "run/history.hpp"

namespace vbq {
const char* ending_name(Ending ending) {
  switch (ending) {
    case Ending::generations:
      return "generations";
    case Ending::seconds:
      return "seconds";
    case Ending::patience:
      return "patience";
    case Ending::method:
      return "method";
  }
  fail_internal("ending {} has no name", static_cast<int>(ending));
}

std::optional<Ending> ending_of(const Job& job, const SearchAge& age, const std::vector<std::string>& history) {
  if (age.generation >= job.generations) return Ending::generations;
  if (age.finished) return Ending::method;
  if (age.generation == 0) return std::nullopt;
  if (job.seconds > 0 && age.seconds >= job.seconds) return Ending::seconds;
  if (job.patience > 0 && generations_without_gain(history) >= job.patience) return Ending::patience;
  return std::nullopt;
}

int generations_without_gain(const std::vector<std::string>& history) {
  double best = -std::numeric_limits<double>::infinity();
  int since = 0;
  for (const std::string& line : history) {
    const double now = history_numbers(line).at(2);
    since = now > best ? 0 : since + 1;
    best = std::max(best, now);
  }
  return since;
}

double seconds_left(const Job& job, const SearchAge& age) {
  if (age.generation == 0) return 0;
  const double left = age.seconds / age.generation * (job.generations - age.generation);
  return job.seconds > 0 ? std::clamp(job.seconds - age.seconds, 0.0, left) : left;
}

}  // namespace vbq
