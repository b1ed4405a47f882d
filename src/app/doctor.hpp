// Whether searches can run on this machine.
#pragma once

#include <string>
#include <vector>

#include "run/options.hpp"

namespace vbq {

// note: a run does without it; wrong: it hinders runs.
enum class Health { fine, note, wrong };

struct Finding {
  std::string what;  // "memory"
  Health health = Health::fine;
  std::string found;   // "3,056 MiB free"
  std::string advice;  // what to do; empty where all is fine
};

// Cores, memory, the disk of the working folder, engines.
std::vector<Finding> examine_machine(const EngineOptions& options);

// The MPI library and its launcher: whether it starts two ranks that find each other, which it is made to try. For a
// process that no launcher has started.
Finding examine_launcher();

}  // namespace vbq
