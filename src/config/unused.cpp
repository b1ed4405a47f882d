#include "config/unused.hpp"

#include <algorithm>
#include <span>

#include "config/job_fields.hpp"
#include "config/names.hpp"
#include "core/log.hpp"
#include "quant/encoding.hpp"

namespace vbq {
namespace {

// A key, and, where it has no effect, why.
struct Unused {
  const char* key;
  bool unused;
  std::string because;
};

const JobField& field_of(const std::string& key) {
  const std::span<const JobField> fields = job_fields();
  const auto found = std::ranges::find(fields, key, &JobField::key);
  if (found == fields.end()) fail_internal("{} is not a key of a job", key);
  return *found;
}

std::vector<std::string> sentences(const Job& job, const std::vector<Unused>& candidates) {
  std::vector<std::string> found;
  for (const Unused& candidate : candidates) {
    const JobField& field = field_of(candidate.key);
    const std::string value = field.get(job);
    if (!candidate.unused || value == field.get(Job{})) continue;
    found.push_back(fmt::format("{} is {}, which has no effect: {}", candidate.key, value, candidate.because));
  }
  return found;
}

}  // namespace

std::vector<std::string> unused_keys(const Job& job) {
  const Format& format = job.format;
  const bool needs_images = format.matching != Matching::never || format.assignment == Assignment::sequential;
  const bool genetic = job.search.method == Method::genetic;
  const bool published = genetic && job.search.operators == Operators::nogami2018;
  const bool annealing = job.search.method == Method::annealing;
  const std::string method = fmt::format("search.method is \"{}\"", name_of<Method>(job.search.method, kMethods));
  const std::string recipe = genetic ? "it is of search.preset = \"nogami2018\"" : method;
  return sentences(job,
                   {{"format.scale_by", format.scale == ScaleScope::none, "format.scale is \"none\""},
                    {"format.matching_images", !needs_images,
                     "format.matching is \"never\", and format.assignment is not \"sequential\""},
                    {"format.delivery_images", !needs_images,
                     "format.matching is \"never\", and format.assignment is not \"sequential\""},
                    {"format.rate", format.assignment == Assignment::nearest, "format.assignment is \"nearest\""},
                    {"format.refit", format.assignment == Assignment::nearest, "format.assignment is \"nearest\""},
                    {"format.refit",
                     format.assignment != Assignment::nearest && format.scale == ScaleScope::none &&
                         movable(format) == Movable::scales && format.level_values == LevelValues::floating,
                     "format.scale is \"none\", and the levels of this encoding and scope stay"},
                    {"search.temperature", job.fitness != Fitness::divergence, "search.fitness is not \"divergence\""},
                    {"search.preset", !genetic, method},
                    {"search.population", annealing, method + ", whose generations are one candidate"},
                    {"search.mutation", !published, recipe},
                    {"search.crossover", !published, recipe},
                    {"search.reproduction", !published, recipe},
                    {"search.surrogate", !genetic || published || format.encoding != Encoding::grid || !job.budget,
                     "it is of searches of grids under a budget, with search.preset = \"standard\""},
                    {"search.racing", job.racing > 0 && !races(job),
                     "it is of search.method = \"genetic\" with search.preset = \"standard\", without a budget"},
                    {"run.cache", races(job), "candidates race (search.racing), so that few have a score to keep"},
                    {"data.allow_different_normalisation", !job.calibration, "there is no data.calibration"}});
}

std::vector<std::string> unused_keys_of_compare(const Job& job) {
  const std::string because = "vbq compare runs every method by itself";
  return sentences(job, {{"search.method", true, because}, {"search.preset", true, because}});
}

std::vector<std::string> unused_engine_options(const EngineOptions& given) {
  if (given.kind != EngineKind::reference || given.threads == 0) return {};
  return {"--threads has no effect on engine reference, which computes on one thread"};
}

void warn_unused_engine_options(const EngineOptions& given, const std::string& what) {
  const EngineOptions none;
  std::vector<const char*> options;
  if (given.kind != none.kind) options.push_back("--engine");
  if (given.precision != none.precision) options.push_back("--precision");
  if (given.threads != none.threads) options.push_back("--threads");
  if (!options.empty()) log::warning("{} has no effect on {}", fmt::join(options, ", "), what);
}

}  // namespace vbq
