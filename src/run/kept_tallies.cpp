#include "run/kept_tallies.hpp"

#include <cstdint>
#include <span>

#include "core/check.hpp"
#include "core/hash.hpp"
#include "core/log.hpp"
#include "run/scores.hpp"
#include "store/tallies_file.hpp"

namespace vbq {
namespace {

constexpr int kTalliesVersion = 1;  // of what the same genes under the same settings score

std::string key_of_tallies(const Setup& setup, const ComputeInfo& compute) {
  Hasher hasher;
  hasher.value(kTalliesVersion);
  hash_scoring(hasher, setup, compute.identity);
  // A GPU's, which each run chooses for itself: others round otherwise.
  for (const auto& kernel : compute.kernels) hasher.array(std::span<const std::int64_t>(kernel));
  return hasher.hex();
}

}  // namespace

KeptTallies::KeptTallies(const Setup& setup, const ComputeInfo& compute, const std::filesystem::path& folder) {
  if (setup.job.cache.empty() || setup.problem.races) return;
  path_ = std::filesystem::absolute(folder).parent_path() / setup.job.cache;
  key_ = key_of_tallies(setup, compute);
  images_ = std::ssize(images_of(setup.problem, ImageSet::search));
}

std::vector<ScoredGenome> KeptTallies::load() const {
  if (path_.empty()) return {};
  if (!std::filesystem::is_directory(path_.parent_path())) {  // told now, not when there is something to keep
    fail("run.cache is {}: its folder is not there", path_.string());
  }
  std::vector<ScoredGenome> kept;
  try {
    kept = load_tallies(path_, key_);
  } catch (const Error& error) {
    fail("{}; run.cache names it, where a file of tallies, or none yet, was expected", error.what());
  }
  // A file may hold anything; and a run that goes on from a checkpoint of before may have added tallies without bits.
  std::erase_if(kept,
                [&](const ScoredGenome& one) { return one.scored.bits < 1 || !is_tally(one.scored.tally, images_); });
  log::info("{} tallies of runs before in {}", kept.size(), path_.string());
  return kept;
}

void KeptTallies::add(const std::vector<ScoredGenome>& scored) const {
  if (path_.empty() || scored.empty()) return;
  try {
    add_tallies(path_, key_, scored);
  } catch (const Error& error) {
    log::warning("{}; this run's tallies are not kept for others", error.what());
  }
}

}  // namespace vbq
