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
#include "app/sizes.hpp"
#include "cluster/mpi.hpp"

namespace vbq {

// Collective. Rank 0 reads the job; the others take it as resolved there.
Job share_job(Communicator& world, const std::filesystem::path& path, const std::vector<std::string>& overrides);

// Collective. Sets problem.calibration, where one is needed: from `folder`/calibration.h5 if that was made of the same
// network and images, else made by all ranks; then keep_calibration says that it is still to be left there.
void find_calibration(Communicator& world, Setup& setup, const std::filesystem::path& folder);

// Leaves it there (rank 0; the folder must exist by now), if that is still to be done.
void keep_calibration(Setup& setup);

struct JobOutcome {
  int code = 0;         // 75: stopped after a checkpoint; the same on every rank
  SearchResult result;  // rank 0's
  Choices choices;      // of the best; rank 0's
  Sizes sizes;          // of the best; rank 0's
  std::string summary;  // JSON; rank 0's
};

// Collective. The search in its folder, which then holds best.json and summary.json. setup.problem.calibration is there
// already where one is needed.
JobOutcome run_job(Communicator& world, Setup& setup, const std::filesystem::path& folder, bool resume,
                   const CommonOptions& common);

// The same problem under another job that differs in [format] and [search] only.
Setup with_job(const Setup& setup, Job job);

}  // namespace vbq
