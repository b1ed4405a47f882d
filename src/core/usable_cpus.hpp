// How many threads are worth starting.
#pragma once

namespace vbq {

// Processors that this process may run on (taskset, a batch system's share, a container's cpuset), which may be fewer
// than the machine has. At least 1.
int usable_cpus();

}  // namespace vbq
