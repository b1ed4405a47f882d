#include "run/objectives.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "core/check.hpp"
#include "search/fitness.hpp"
#include "vbq/engine.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

double fitness_of(const Setup& setup, const CachedTally& network) {
  if (!setup.budget_bits) return fitness(network.tally, setup.job.fitness);
  if (setup.range) return fitness_within(network.tally, setup.job.fitness, 0, Budgeting::bound);
  const auto weights = static_cast<double>(weight_count(setup.problem.network));
  const double over = static_cast<double>(network.bits - *setup.budget_bits) / weights;
  const Budgeting budgeting = setup.problem.format.widths == Widths::own ? Budgeting::bound : Budgeting::traded;
  return fitness_within(network.tally, setup.job.fitness, over, budgeting);
}

}  // namespace

std::vector<Objectives> score_generation(const Setup& setup, Scorer& scorer, std::span<const Genome> asked) {
  std::vector<Objectives> told;
  told.reserve(asked.size());
  for (const CachedTally& of : scorer.tallies(asked)) {
    const double unpriced = fitness_within(of.tally, setup.job.fitness, 0, Budgeting::traded);
    told.push_back({fitness_of(setup, of), of.bits, unpriced});
  }
  return told;
}

bool races(const Setup& setup, const SearchMethod& search, std::string_view engine) {
  if (!setup.problem.races || !races(setup.job) || search.survivors() == 0) return false;
  if (!tells_images(engine)) {
    fail(
        "search.racing is {}, and engine {} does not tell images apart: engine cpu, or search.racing = 0, was expected",
        setup.job.racing, engine);
  }
  return true;
}

std::vector<Objectives> race_generation(const Setup& setup, const SearchMethod& search, Scorer& scorer,
                                        std::span<const Genome> asked) {
  const Fitness kind = setup.job.fitness;
  const RaceRules rules{setup.job.racing, search.survivors(), std::ssize(images_of(setup.problem, ImageSet::search)),
                        setup.problem.engine.block, kind};
  const std::vector<Raced> raced = scorer.race(asked, rules);
  std::vector<double> whole;
  const std::vector<Individual>& population = search.state().population;
  for (std::size_t i = 0; i < std::min(population.size(), rules.survivors); ++i) whole.push_back(population[i].fitness);
  for (const Raced& one : raced) {
    if (!one.foretold) whole.push_back(fitness(one.scored.tally, kind));
  }
  std::ranges::sort(whole, std::greater<>());
  const double last = whole.at(std::min(rules.survivors, whole.size()) - 1);
  std::vector<Objectives> told;
  for (const Raced& one : raced) {
    const double most = std::nextafter(last, -std::numeric_limits<double>::infinity());
    const double own =
        one.foretold ? std::min(most, fitness_of_harm(*one.foretold, kind)) : fitness(one.scored.tally, kind);
    told.push_back({own, one.scored.bits});
  }
  return told;
}

}  // namespace vbq
