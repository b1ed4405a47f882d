// One search from job to best.json, on all ranks: what `vbq search` and `vbq compare` have in common.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/commands.hpp"
#include "app/search_run.hpp"
#include "app/setup.hpp"
#include "cluster/mpi.hpp"

namespace vbq {

// Collective. Rank 0 reads the job; the others take it as resolved there.
Job share_job(Communicator& world, const std::filesystem::path& path, const std::vector<std::string>& overrides);

// Collective. The calibration that the problem needs, from `folder`/calibration.h5 where that was made of the same
// network and images, else made by all ranks. null when none is needed.
std::shared_ptr<const Calibration> find_calibration(Communicator& world, const Setup& setup,
                                                    const std::filesystem::path& folder);

// Leaves it in the folder; rank 0 only. Does nothing without one, or where the same one is there.
void keep_calibration(const Setup& setup, const std::filesystem::path& folder);

struct JobOutcome {
  int code = 0;         // 75: stopped after a checkpoint; the same on every rank
  SearchResult result;  // rank 0's
  std::string summary;  // JSON; rank 0's
};

// Collective. The search in its folder, which then holds best.json and summary.json. setup.problem.calibration is there
// already where one is needed.
JobOutcome run_job(Communicator& world, const Setup& setup, const std::filesystem::path& folder, bool resume,
                   const CommonOptions& common);

// The same problem under another job that differs in [format] and [search] only.
Setup with_job(const Setup& setup, Job job);

}  // namespace vbq
