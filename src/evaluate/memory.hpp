// Memory that a worker will need, known before it takes any.
#pragma once

#include <cstdint>
#include <string>

#include "evaluate/problem.hpp"
#include "evaluate/worker.hpp"

namespace vbq {

// Bytes on the host: what a worker's process has at its largest, all that it was given included. Estimates of the large
// parts.
struct WorkerMemory {
  std::int64_t images = 0;    // imported ones, its shard of the search images, pieces of held-out images, FP32 outputs
  std::int64_t engine = 0;    // the network in all copies, and activations, those of a pass over images included
  std::int64_t choosing = 0;  // factors and what they are made of, sampled inputs, levels of a generation's genomes
  std::int64_t program = 0;   // code, libraries, stacks
  std::int64_t kept = 0;      // of networks that it made, at most, and only where there is room: not in total()
  std::int64_t total() const { return images + engine + choosing + program; }
};

// Bytes of the factors that compensated assignment keeps: 0 under another, and where no levels are to be found.
std::int64_t factor_bytes(const Problem& problem);

// Error where the problem's parts do not fit together.
WorkerMemory worker_memory(const Problem& problem, WorkerPlace place, const EngineOptions& options);
inline WorkerMemory worker_memory(const Problem& problem, WorkerPlace place) {
  return worker_memory(problem, place, problem.engine);
}

// Bytes that a pass may keep of networks that it makes: Problem::memory, but half of this worker's share of what the
// machine has free at most; 0 where networks take no pass.
std::int64_t memory_to_keep(const Problem& problem);

// Bytes that processes of this machine can still have: of memory, or of this process's control group where that is
// less. -1 where the system does not say.
std::int64_t available_memory();

// Bytes of this process that are in memory now; 0 where the system does not say.
std::int64_t resident_memory();

// Error where `workers` of this machine, each in need of as much and holding what this process holds already, would not
// find the rest.
void check_memory(const WorkerMemory& need, std::int64_t workers);

// Error where `processes` of this machine would not find the memory to read a file of so many bytes, of which each
// holds `copies` at its largest. what: "network net.onnx"; instead: what to do.
void check_reading(const std::string& what, std::int64_t bytes, std::int64_t copies, std::int64_t processes,
                   const std::string& instead);

}  // namespace vbq
