#include "cluster/threads.hpp"

#include <sched.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace vbq {

int fair_threads(Communicator& world, bool works) {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (::sched_getaffinity(0, sizeof mask, &mask) != 0) CPU_ZERO(&mask);  // more than CPU_SETSIZE processors: one thread
  std::vector<std::int64_t> users(CPU_SETSIZE);                          // working ranks that may use each processor
  for (std::size_t cpu = 0; cpu < users.size(); ++cpu) users[cpu] = works && CPU_ISSET(cpu, &mask) ? 1 : 0;
  world.sum_on_host(users);
  double part = 0;
  for (std::size_t cpu = 0; cpu < users.size(); ++cpu) {
    if (works && CPU_ISSET(cpu, &mask)) part += 1.0 / static_cast<double>(users[cpu]);
  }
  return std::max(1, static_cast<int>(part + 1e-6));
}

HostPlace place_on_host(Communicator& world, bool works) {
  std::vector<std::int64_t> working(static_cast<std::size_t>(world.size()));
  const auto mine = working.begin() + world.rank();
  *mine = works ? 1 : 0;
  world.sum_on_host(working);
  return {static_cast<int>(std::accumulate(working.begin(), mine, std::int64_t{0})),
          static_cast<int>(std::accumulate(working.begin(), working.end(), std::int64_t{0}))};
}

}  // namespace vbq
