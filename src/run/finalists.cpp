#include "run/finalists.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "run/deliver.hpp"
#include "run/scores.hpp"

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

Searched best_finalist(const Setup& setup, Evaluator& evaluator, const SearchMethod& search, const Genome* start) {
  const bool chooses = start != nullptr && !setup.problem.split.validation.empty();
  std::vector<Genome> genomes = chooses ? finalists_of(search, *start) : std::vector{search.state().best.genome};
  const std::size_t finalists = genomes.size();
  if (start != nullptr) genomes.push_back(*start);
  std::vector<QuantisedNetwork> networks = deliver(setup, evaluator, genomes);
  Searched searched;
  double best = 0;
  for (std::size_t k = 0; k < finalists; ++k) {
    searched.validated.push_back(validate(setup, evaluator, networks[k]));
    Tally all;
    for (const Tally& block : searched.validated.back()) all += block;
    const double own = fitness(all, setup.job.fitness);
    if (k > 0 && own <= best) continue;
    best = own;
    searched.network = std::move(networks[k]);
    searched.place = k;
  }
  if (start != nullptr) searched.begun = std::move(networks.back());
  return searched;
}

}  // namespace vbq
