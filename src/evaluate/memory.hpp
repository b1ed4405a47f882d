// Memory that a worker will need, known before it takes any.
#pragma once

#include <cstdint>

#include "evaluate/problem.hpp"
#include "evaluate/workbench.hpp"

namespace vbq {

// Bytes on the host. Estimates of the large parts; what a process holds besides (code, libraries) is some 100 MiB.
struct WorkerMemory {
  std::int64_t images = 0;    // its shard of the search images, the pieces of held-out images, FP32 outputs
  std::int64_t engine = 0;    // weights and activations, those of a pass over calibration images included
  std::int64_t choosing = 0;  // factors, sampled inputs, levels of a generation's genomes
  std::int64_t total() const { return images + engine + choosing; }
};

// Bytes of the factors that compensated assignment keeps: 0 under another, and where no levels are to be found.
std::int64_t factor_bytes(const Problem& problem);

// Error where the problem's parts do not fit together.
WorkerMemory worker_memory(const Problem& problem, Post post);

// Bytes that processes of this machine can still have: of memory, or of this process's control group where that is
// less. -1 where the system does not say.
std::int64_t available_memory();

// Error where `workers` of this machine, each in need of as much, would not find it.
void check_memory(const WorkerMemory& need, std::int64_t workers);

}  // namespace vbq
