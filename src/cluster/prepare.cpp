#include "cluster/prepare.hpp"

#include "cluster/agree.hpp"
#include "cluster/threads.hpp"
#include "evaluate/memory.hpp"

namespace vbq {

EngineOptions prepare(Communicator& world, const Problem& problem) {
  const bool alone = world.size() == 1, works = alone || world.rank() != 0;
  const int threads = fair_threads(world, works);
  const HostPlace place = place_on_host(world, works);
  EngineOptions options = problem.engine;
  if (options.threads == 0) options.threads = threads;
  options.host_worker = place.index;
  options.host_workers = place.count;
  agree(world, [&] {
    const std::int64_t workers = alone ? 1 : world.size() - 1;
    validate(problem);  // what every rank refuses comes first
    if (works) check_memory(worker_memory(problem, {alone ? 0 : world.rank() - 1, workers}, options), place.count);
  });
  return options;
}

}  // namespace vbq
