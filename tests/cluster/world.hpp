// The ranks that the tests of this folder run on.
#pragma once

#include <sys/resource.h>

#include <chrono>

#include "cluster/communicator.hpp"

namespace vbq::test {

Communicator& world();

// Processor time of this process, all its threads, as a share of the time since the watch was made: 1 is one core.
class CpuShare {
 public:
  double wall() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  double share() const { return (cpu() - cpu_) / wall(); }

 private:
  using Clock = std::chrono::steady_clock;
  static double cpu() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const timeval &user = usage.ru_utime, &system = usage.ru_stime;
    return static_cast<double>(user.tv_sec + system.tv_sec) + 1e-6 * static_cast<double>(user.tv_usec + system.tv_usec);
  }
  Clock::time_point start_ = Clock::now();
  double cpu_ = cpu();
};

}  // namespace vbq::test
