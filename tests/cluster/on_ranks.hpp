// An evaluator over all ranks that the tests run on.
#pragma once

#include <functional>
#include <vector>

#include "cluster/cluster_evaluator.hpp"
#include "cluster/serve.hpp"
#include "world.hpp"

namespace vbq::test {

// The others serve while rank 0 runs `lead`.
inline void on_ranks(const Problem& problem,
                     const std::function<void(Evaluator&, const std::vector<WorkerInfo>&)>& lead) {
  if (world().rank() != 0) {
    serve(world(), problem);
    return;
  }
  const Workforce force = make_evaluator(world(), problem);
  lead(*force.evaluator, force.workers);
}

}  // namespace vbq::test
