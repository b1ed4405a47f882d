// The rows of vbq compare without a budget: formats that need no search, and the searches, width after width.
#include <algorithm>
#include <iterator>
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

// How weights take their levels, and how good the best of the codebooks is then.
struct Assigned {
  Assignment assignment = Assignment::nearest;
  Matching matching = Matching::never;
  double fitness = 0;
};

// All codebooks without a search under one assignment. Gives the best fitness on the search's images.
double baselines(ComparedRows& comparison, const Job& job, Assignment assignment, Matching matching) {
  std::optional<double> best;
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
    const double found = comparison.add(setup, words, comparison.evaluator().network(genome));
    best = std::max(best.value_or(found), found);
  }
  return *best;
}

// The assignment that suits codebooks without a search best.
Assigned all_baselines(ComparedRows& comparison, const Job& job) {
  std::optional<Assigned> best;
  for (const Assignment assignment : {Assignment::nearest, Assignment::compensated, Assignment::sequential}) {
    for (const Matching matching : {Matching::never, Matching::always}) {
      const Assigned found{assignment, matching, baselines(comparison, job, assignment, matching)};
      if (!best || found.fitness > best->fitness) best = found;
    }
  }
  return *best;
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

// The default search once more, under the best assignment where the job has another one. false: it was asked to stop.
bool search_as(ComparedRows& comparison, const Job& job, const Assigned& best) {
  if (job.format.assignment == best.assignment && job.format.matching == best.matching) return true;
  Job own = job_of_search(job, std::end(kSearches)[-1]);
  own.format.assignment = best.assignment;
  own.format.matching = best.matching;
  const std::string width = width_name(job.format.levels);
  return comparison.search(with_job(comparison.base(), own), {width, "search: standard"}, width + "-best-assignment")
      .has_value();
}

}  // namespace

bool compare_widths(ComparedRows& comparison, const Job& whole) {
  std::optional<std::pair<Genome, Format>> before;  // the default search's best at the width before
  const std::vector<int> widths = whole.sweep.empty() ? std::vector{whole.format.levels} : whole.sweep;
  for (const int levels : widths) {
    const Job job = job_of_width(whole, levels);
    const Assigned best = all_baselines(comparison, job);
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
    if (!search_as(comparison, job, best)) return false;
  }
  return true;
}

}  // namespace vbq
