// The rows of vbq compare without a budget: formats that need no search, and the searches, width after width.
#include <optional>
#include <utility>

#include "app/comparison.hpp"
#include "quant/seeds.hpp"
#include "quant/widen.hpp"

namespace vbq {
namespace {

struct Searched {
  const char* name;
  Method method;
  Operators operators;
  bool published;  // with the published format and fitness: nearest, no scale, top-1
};
constexpr Searched kSearches[] = {{"search: random", Method::random, Operators::standard, false},
                                  {"search: nogami2018", Method::genetic, Operators::nogami2018, false},
                                  {"search: 2018-as-published", Method::genetic, Operators::nogami2018, true},
                                  {"search: standard", Method::genetic, Operators::standard, false}};

// All codebooks without a search under one assignment.
void baselines(Comparison& comparison, const Job& job, Assignment assignment, Matching matching) {
  for (const Baseline& baseline : kBaselines) {
    if (!possible(baseline, job.format.levels)) continue;
    Job own = job;
    own.format.assignment = assignment;
    own.format.matching = matching;
    set_encoding(own.format, baseline.encoding, baseline.symmetric);
    const Setup setup = with_job(comparison.base(), own);
    comparison.evaluator().use(own.format);
    const RowWords words{width_name(job.format.levels), baseline.name};
    const Genome genome = seed_genomes(setup.problem.network, own.format)[baseline.seed];
    comparison.add(setup, words, comparison.evaluator().network(genome));
  }
}

// With the job's own population and generations, so that all searches have equal evaluations.
Job job_of_search(Job job, const Searched& search) {
  job.search.method = search.method;
  job.search.operators = search.operators;
  if (search.operators == Operators::nogami2018) {
    const SearchOptions published;
    job.search.mutation = published.mutation;
    job.search.crossover = published.crossover;
    job.search.reproduction = published.reproduction;
  }
  if (search.published) {
    job.fitness = Fitness::top1;
    set_encoding(job.format, Encoding::values, false);
    job.format.scale = ScaleScope::none;
    job.format.assignment = Assignment::nearest;
    job.format.matching = Matching::never;
  }
  return job;
}

}  // namespace

bool compare_widths(Comparison& comparison, const Job& whole) {
  std::optional<std::pair<Genome, Format>> before;  // the default search's best at the width before
  const std::vector<int> widths = whole.sweep.empty() ? std::vector{whole.format.levels} : whole.sweep;
  for (const int levels : widths) {
    const Job job = job_of_width(whole, levels);
    for (const Assignment assignment : {Assignment::nearest, Assignment::compensated, Assignment::sequential}) {
      for (const Matching matching : {Matching::never, Matching::always}) {
        baselines(comparison, job, assignment, matching);
      }
    }
    for (const Searched& search : kSearches) {
      Setup setup = with_job(comparison.base(), job_of_search(job, search));
      const bool ours = std::string(search.name) == "search: standard";
      if (ours && before) setup.starts = {widen(before->first, before->second, setup.problem.format)};
      const Format format = setup.problem.format;
      const std::string folder = width_name(levels) + "-" + std::string(search.name).substr(8);
      const auto result = comparison.search(std::move(setup), {width_name(levels), search.name}, folder);
      if (!result) return false;
      if (ours) before.emplace(result->best.genome, format);
    }
  }
  return true;
}

}  // namespace vbq
