// Our own search where a chromosome is a few positive numbers (a grid's step and rate) and sizes are bound to a budget.
//
// There every candidate's fitness is noisy: the least change of a step makes other levels of many weights, which moves
// a network's divergence by some per cent, as much as a good step of a layer gains. So nothing is learned from one
// candidate, and the best ever is a lucky one. This search learns from all of them instead: response surfaces
// (response_surface.hpp) of the harm and of the size, over logarithms of the genes, are fitted to all that was ever
// told, and each generation's centre is where they have the least harm within the budget. Newborns are that centre;
// pairs on either side of it; and children of good parents, chromosomes mixed and some of them moved. Survivors are the
// best ever, whoever made them.
#include <algorithm>
#include <cmath>
#include <utility>

#include "core/check.hpp"
#include "search/grid_steps.hpp"
#include "search/recipe.hpp"

namespace vbq {
namespace {

constexpr double kShareOfPairs = 0.7;  // of newborns; the others are children

class StandardGrids final : public Recipe {
 public:
  StandardGrids(const SearchOptions& options, const GeneSpace& space) : options_(options), space_(space) {}

  std::vector<Genome> newborns(const SearchState& state) const override {
    const Roles roles = roles_of(state);
    std::vector<Genome> genomes = state.generation == 0 ? first_genomes(options_, space_) : std::vector<Genome>();
    const Genome middle = centre_of(state);
    if (state.generation > 0) genomes.push_back(middle);
    for (std::size_t k = 0; k < roles.pairs; ++k) {
      Random random(options_.seed, static_cast<std::uint32_t>(state.generation), static_cast<std::uint32_t>(k),
                    Purpose::mutation);
      for (Genome& one : mirrored_pair(space_, middle, random)) genomes.push_back(std::move(one));
    }
    while (genomes.size() < roles.count) {
      Random random(options_.seed, static_cast<std::uint32_t>(state.generation),
                    static_cast<std::uint32_t>(genomes.size()), Purpose::crossover);
      genomes.push_back(child(state, random));
    }
    return genomes;
  }

  void select(SearchState& state, std::vector<Individual> newborns, std::span<const Objectives> told) const override {
    Genome middle = centre_of(state);
    for (std::size_t i = 0; i < newborns.size(); ++i) {
      state.archive.push_back({newborns[i].genome, told[i].unpriced, told[i].bits});
    }
    if (state.generation == 0) middle = std::ranges::max_element(newborns, {}, &Individual::fitness)->genome;
    state.parameters = genes_of(least_harmful(space_, state.archive, {}, middle, space_.budget()));
    sort_best_first(state.population);
    state.population.resize(std::min(state.population.size(), survivor_count(options_)));
    state.population.insert(state.population.end(), std::make_move_iterator(newborns.begin()),
                            std::make_move_iterator(newborns.end()));
  }

  void check(const SearchState& state) const override {
    if (state.archive.empty()) {
      fail(
          "the saved search remembers no candidates: it was begun by an earlier vbq, which searched otherwise; "
          "expected "
          "a run of this one, so begin anew in another folder");
    }
    if (state.parameters.size() != space_.chromosomes() * space_.genes()) {
      fail("a saved search has {} parameters; expected {}", state.parameters.size(),
           space_.chromosomes() * space_.genes());
    }
    check_candidates(space_, state.archive);
    space_.check(centre_of(state), "the centre of a saved search");
  }

  std::optional<Genome> centre(const SearchState& state) const override {
    if (state.generation == 0) return std::nullopt;
    return centre_of(state);
  }

  std::optional<double> foresight(const SearchState& state) const override {
    const auto population = static_cast<std::size_t>(options_.population);
    return foresight_of(space_, state.archive, population, population - survivor_count(options_));
  }

 private:
  // Which newborn is what: [seeds in generation 0, else the centre] [pairs: +, -, +, -, ...] [children].
  struct Roles {
    std::size_t count, pairs;
  };

  Roles roles_of(const SearchState& state) const {
    const auto population = static_cast<std::size_t>(options_.population);
    if (state.generation == 0) return {population, (population - std::min(space_.seeds().size(), population)) / 2};
    const std::size_t count = population - survivor_count(options_);
    return {count, static_cast<std::size_t>(kShareOfPairs * static_cast<double>(count - 1) / 2)};
  }

  // In generation 0 the first seed.
  Genome centre_of(const SearchState& state) const {
    return state.generation == 0 ? space_.seeds().front() : genome_of(space_, state.parameters);
  }

  // Two parents among the survivors, the better likelier.
  Genome child(const SearchState& state, Random& random) const {
    if (state.generation == 0) return some_moved(space_, space_.seeds().front(), random);
    const std::uint64_t mates = std::min(survivor_count(options_), state.population.size());
    const auto pick = [&] { return static_cast<std::size_t>(std::min(random.below(mates), random.below(mates))); };
    const Genome& mother = state.population[pick()].genome;
    return some_moved(space_, mixed(mother, state.population[pick()].genome, random), random);
  }

  const SearchOptions& options_;
  const GeneSpace& space_;
};

}  // namespace

std::unique_ptr<Recipe> standard_grids_recipe(const SearchOptions& options, const GeneSpace& space) {
  return std::make_unique<StandardGrids>(options, space);
}

}  // namespace vbq
