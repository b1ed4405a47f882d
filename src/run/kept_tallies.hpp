// Tallies kept over runs, in the file that a job names as run.cache.
#pragma once

#include <filesystem>
#include <vector>

#include "run/search_run.hpp"
#include "run/setup.hpp"
#include "search/run_state.hpp"

namespace vbq {

class KeptTallies {
 public:
  // folder: the run's; a relative path is taken from the folder that it lies in. Nothing is kept where the job names no
  // file.
  KeptTallies(const Setup& setup, const ComputeInfo& compute, const std::filesystem::path& folder);

  // Those of this network, images, settings and engine. Error when there is a file which is not one of tallies.
  std::vector<ScoredGenome> load() const;

  // Where they cannot be written there is a warning: a run does not end of it.
  void add(const std::vector<ScoredGenome>& scored) const;

 private:
  std::filesystem::path path_;  // empty: none
  std::string key_;
  std::int64_t images_ = 0;
};

}  // namespace vbq
