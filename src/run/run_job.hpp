// One search from job to best.json, on all ranks: what `vbq search` and `vbq compare` have in common.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/communicator.hpp"
#include "run/options.hpp"
#include "run/run_place.hpp"
#include "run/search_run.hpp"
#include "run/setup.hpp"
#include "run/sizes.hpp"

namespace vbq {

// Collective. run_place() of rank 0, where the files are; empty on the others.
RunPlace share_place(Communicator& world, const std::string& command, const SearchArguments& arguments,
                     const CommonOptions& common);

// Collective. Rank 0 reads the job, or makes it; the others take it as resolved there.
Job share_job(Communicator& world, const std::filesystem::path& path, const std::vector<std::string>& overrides);
Job share_job(Communicator& world, const std::function<Job()>& make);

// Collective, before all else that is found: quantises the activations of the problem's network, should its format have
// it so.
void find_activations(Communicator& world, Setup& setup);

// Collective. Sets problem.calibration, where one is needed: from `folder`/calibration.h5 if that was made of the same
// network and images, else made by all ranks; then keep_calibration says that it is still to be left there.
void find_calibration(Communicator& world, Setup& setup, const std::filesystem::path& folder);

// Leaves it there (rank 0; the folder must exist by now), if that is still to be done.
void keep_calibration(Setup& setup);

struct JobOutcome {
  int code = 0;         // 75: stopped after a checkpoint; the same on every rank
  SearchResult result;  // rank 0's
  Sizes sizes;          // of the best; rank 0's
  std::string summary;  // JSON; rank 0's
};

// Collective. The search in place.folder, which then holds best.json and summary.json. setup.problem.calibration is
// there already where one is needed. begun: called on rank 0 once the folder is this run's and nothing else can refuse.
JobOutcome run_job(Communicator& world, Setup& setup, const RunPlace& place, const CommonOptions& common,
                   const std::function<void()>& begun = {});

// Rank 0's part of it, with an evaluator that is there and uses setup.problem.format.
JobOutcome lead_job(Setup& setup, Evaluator& evaluator, const ComputeInfo& compute, const RunPlace& place,
                    const CommonOptions& common, const std::function<void()>& begun = {});

// Tells, on rank 0, that a command has stopped and how it goes on; under --json as an object.
void tell_stopped(const RunPlace& place, const CommonOptions& common);

}  // namespace vbq
