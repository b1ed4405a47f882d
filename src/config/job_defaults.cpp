#include "config/job_defaults.hpp"

#include <algorithm>

namespace vbq {
namespace {

constexpr double kSoftening = 8;

// Of a search under a budget: blocks small enough for a quarter of 2,000 images to tell a gain from chance.
constexpr std::int64_t kBlock = 50;
// Of one that learns from all candidates, so that each may be known roughly (docs/results.md, "Few images for many
// candidates"): images that make one, and that it is run over; how many a generation, and how many of these.
constexpr std::int64_t kPassImages = 75, kFitnessImages = 400;
constexpr int kPopulation = 20, kGenerations = 60;

// Of every job.toml that a run has left in its folder, and together of no other job.
constexpr const char* kKeysOfRuns[] = {"network.skip",        "data.block",    "data.mean",        "data.std",
                                       "format.encoding",     "format.scope",  "format.symmetric", "format.scale",
                                       "search.method",       "search.preset", "search.fitness",   "search.population",
                                       "search.generations",  "search.seed",   "search.mutation",  "search.crossover",
                                       "search.reproduction", "run.checkpoint"};

bool published(const SearchOptions& search) {
  return search.method == Method::annealing || search.operators == Operators::nogami2018;
}

void take_best_of_budgets(Job& job, const std::function<bool(const char*)>& given) {
  if (!given("data.block")) job.block = kBlock;
  if (!given("data.validation")) job.validation_images = kAuto;
  if (!given("data.augment") && !needs_labels(job.fitness)) job.augment = Augment::mix;
  const bool passes = job.format.matching != Matching::never || job.format.assignment == Assignment::sequential;
  if (!given("format.delivery_images") && passes) job.format.delivery_images = kAuto;
  if (job.format.encoding != Encoding::grid || job.search.method != Method::genetic || !job.search.surrogate) return;
  if (!given("search.population")) job.search.population = kPopulation;
  if (!given("search.generations")) job.generations = kGenerations;
  if (job.front) return;  // few images were not measured there
  if (!given("format.matching_images") && passes) job.format.matching_images = kPassImages;
  if (!given("search.fitness_images")) job.fitness_images = kFitnessImages;
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
  if (job.budget) take_best_of_budgets(job, given);
}

}  // namespace vbq
