// Whether a checkpoint is of the run that is to be gone on with.
#pragma once

#include "run/search_run.hpp"
#include "run/setup.hpp"
#include "search/run_state.hpp"

namespace vbq {

// Error, naming the first difference, where the checkpoint is of another job, network, images or engine. A warning
// where the number of generations is another.
void check_same_run(const RunState& state, const Setup& setup, const ComputeInfo& compute);

}  // namespace vbq
