#include "core/usable_cpus.hpp"

#include <sched.h>

#include <algorithm>
#include <thread>

namespace vbq {

int usable_cpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(CPU_COUNT(&set), 1);
  return static_cast<int>(std::max(std::thread::hardware_concurrency(), 1U));  // more CPUs than a cpu_set_t holds
}

}  // namespace vbq
