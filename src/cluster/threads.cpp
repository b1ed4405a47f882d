#include "cluster/threads.hpp"

#include <sched.h>

#include <algorithm>
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

}  // namespace vbq
