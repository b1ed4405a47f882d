// workers.csv: what each worker did with its time, generation by generation.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "run/pace.hpp"

namespace vbq {

// Who computes.
struct ComputingRank {
  int rank = 0;  // 0: the one that is alone
  std::string host, device;
};

inline constexpr const char* kWorkersHeader = "generation,worker,workers,host,device,making,inference,waiting";

// Of one generation, which took so many seconds: the seconds of each worker. Of more than 64 workers neighbours share a
// line, which has their means. Tasks that a device does at once are told by their share of the generation.
std::vector<std::string> worker_lines(int generation, double seconds, const Pace& pace,
                                      std::span<const ComputingRank> workers);
inline constexpr std::size_t kMostWorkerLines = 64;

// What an earlier start has left in the file of generations 1 to `generation`; nothing where it cannot be read: no
// result hangs on it.
std::vector<std::string> kept_worker_lines(const std::filesystem::path& file, int generation);

}  // namespace vbq
