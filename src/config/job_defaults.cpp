#include "config/job_defaults.hpp"

#include <algorithm>

namespace vbq {
namespace {

constexpr double kSoftening = 8;

// Of every job.toml that a run has left in its folder, and together of no other job.
constexpr const char* kKeysOfRuns[] = {"network.skip",        "data.block",    "data.mean",        "data.std",
                                       "format.encoding",     "format.scope",  "format.symmetric", "format.scale",
                                       "search.method",       "search.preset", "search.fitness",   "search.population",
                                       "search.generations",  "search.seed",   "search.mutation",  "search.crossover",
                                       "search.reproduction", "run.checkpoint"};

bool published(const SearchOptions& search) {
  return search.method == Method::annealing || search.operators == Operators::nogami2018;
}

}  // namespace

void take_best_defaults(Job& job, const std::function<bool(const char*)>& given) {
  // What a run's job leaves out is younger than the run, which was made as Job has it.
  if (std::ranges::all_of(kKeysOfRuns, given) || published(job.search)) return;
  Format& format = job.format;
  // A codebook a channel has its scale in it.
  if (!given("format.scale") && format.scope != Scope::channel) format.scale = ScaleScope::channel;
  if (!given("format.assignment")) format.assignment = Assignment::sequential;
  if (!given("format.matching")) format.matching = Matching::always;
  if (!given("search.temperature") && job.fitness == Fitness::divergence) job.temperature = kSoftening;
}

}  // namespace vbq
