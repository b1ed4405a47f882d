#include "run/finalists.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "run/deliver.hpp"

namespace vbq {
namespace {

constexpr std::size_t kFinalists = 5;

// The best first, no two alike.
std::vector<Genome> finalists_of(const SearchState& state, const Genome& start) {
  std::vector<Individual> ranked = state.population;
  std::ranges::stable_sort(ranked, [](const Individual& a, const Individual& b) { return a.fitness > b.fitness; });
  std::vector<Genome> genomes{state.best.genome};
  for (Individual& one : ranked) {
    if (genomes.size() == kFinalists) break;
    if (one.genome == start || std::ranges::find(genomes, one.genome) != genomes.end()) continue;
    genomes.push_back(std::move(one.genome));
  }
  return genomes;
}

}  // namespace

Searched best_finalist(const Setup& setup, Evaluator& evaluator, const SearchState& state, const Genome& start) {
  if (setup.problem.split.validation.empty()) return {deliver(setup, evaluator, state.best.genome)};
  Searched searched;
  double best = 0;
  for (const Genome& genome : finalists_of(state, start)) {
    QuantisedNetwork network = deliver(setup, evaluator, genome);
    searched.validated.push_back(evaluator.score_blocks(ImageSet::validation, network));
    Tally all;
    for (const Tally& block : searched.validated.back()) all += block;
    const double own = fitness(all, setup.job.fitness);
    if (searched.validated.size() > 1 && own <= best) continue;
    best = own;
    searched.network = std::move(network);
  }
  return searched;
}

}  // namespace vbq
