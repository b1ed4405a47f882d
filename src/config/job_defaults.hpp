// What a job takes that does not say: by its measurements (docs/results.md), the best.
#pragma once

#include <functional>

#include "config/job.hpp"

namespace vbq {

// Sets how weights are scaled, assigned and matched, what softens the divergence and, under a budget, which images lead
// and judge, as far as the job does not say (`given`: whether it says a key) and it goes with the rest. Methods of
// others stay as they were published, and a run's own job.toml as it was written, by whatever version.
void take_best_defaults(Job& job, const std::function<bool(const char*)>& given);

}  // namespace vbq
