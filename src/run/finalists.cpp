#include "run/finalists.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "run/deliver.hpp"

namespace vbq {
namespace {

constexpr std::size_t kFinalists = 5;  // beside the centre

// The best first, then the centre; no two alike.
std::vector<Genome> finalists_of(const SearchMethod& search, const Genome& start) {
  std::vector<Genome> genomes{search.state().best.genome};
  const auto add = [&](const Genome& genome) {
    if (genome != start && std::ranges::find(genomes, genome) == genomes.end()) genomes.push_back(genome);
  };
  for (const Individual& one : search.state().population) {
    if (genomes.size() < kFinalists) add(one.genome);
  }
  if (const std::optional<Genome> centre = search.centre()) add(*centre);
  return genomes;
}

}  // namespace

Searched best_finalist(const Setup& setup, Evaluator& evaluator, const SearchMethod& search, const Genome& start) {
  if (setup.problem.split.validation.empty()) return {deliver(setup, evaluator, search.state().best.genome)};
  Searched searched;
  double best = 0;
  for (const Genome& genome : finalists_of(search, start)) {
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
