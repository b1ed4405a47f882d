#include <algorithm>
#include <span>

#include "config/job.hpp"
#include "config/job_fields.hpp"
#include "core/check.hpp"

namespace vbq {

std::string job_difference(const Job& now, const Job& then) {
  const auto differs = [&](const JobField& field) { return field.part_of_result && field.get(now) != field.get(then); };
  const std::span<const JobField> fields = job_fields();
  const auto first = std::find_if(fields.begin(), fields.end(), differs);
  if (first == fields.end()) return {};
  const std::string mine = first->get(now), theirs = first->get(then);
  if (!mine.empty() && !theirs.empty()) {
    return fmt::format("{} is {}, the run's is {}", first->key, mine, theirs);
  }
  // One of them leaves the key out. Widths it says by another key then, the next that differs.
  const auto second = std::find_if(first + 1, fields.end(), differs);
  if (first->key == "format.bits" && second != fields.end() && second->key == "format.levels") {
    const bool bits = theirs.empty();
    return fmt::format("{} is {}, the run's {} is {}", bits ? first->key : second->key, bits ? mine : second->get(now),
                       bits ? second->key : first->key, bits ? second->get(then) : theirs);
  }
  return fmt::format("{} is {}, the run's is {}", first->key, mine.empty() ? "not set" : mine,
                     theirs.empty() ? "not set" : theirs);
}

}  // namespace vbq
