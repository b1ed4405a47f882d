// Recipe: the part in which search methods differ. Both functions depend on the state alone (random numbers are named
// by seed, generation and individual), so a search that is restored goes on as if nothing had happened.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "search/gene_space.hpp"
#include "search/search.hpp"

namespace vbq {

class Recipe {
 public:
  virtual ~Recipe() = default;

  // The genomes to evaluate next. In generation 0 the state is empty.
  virtual std::vector<Genome> newborns(const SearchState& state) const = 0;

  // Makes state.population (in any order) and state.parameters of the next generation out of the old state and its
  // newborns (as newborns() gave them). state.best already counts the newborns; generation is still that of the
  // newborns.
  // told: of each newborn.
  virtual void select(SearchState& state, std::vector<Individual> newborns, std::span<const Objectives> told) const = 0;

  // Error when the parameters of a state that is past generation 0 are not this recipe's.
  virtual void check(const SearchState& state) const = 0;

  // Individuals that it keeps, and whether it has nothing left to try.
  virtual std::size_t population(const SearchOptions& options) const {
    return static_cast<std::size_t>(options.population);
  }
  virtual bool finished(const SearchState&) const { return false; }
  // See SearchMethod.
  virtual std::size_t survivors() const { return 0; }
  virtual std::optional<Genome> centre(const SearchState&) const { return std::nullopt; }
  virtual std::optional<double> foresight(const SearchState&) const { return std::nullopt; }
};

std::unique_ptr<Recipe> nogami2018_recipe(const SearchOptions& options, const GeneSpace& space);
std::unique_ptr<Recipe> standard_recipe(const SearchOptions& options, const GeneSpace& space);
// Where the space has a log_spread and a budget.
std::unique_ptr<Recipe> standard_grids_recipe(const SearchOptions& options, const GeneSpace& space);
std::unique_ptr<Recipe> random_recipe(const SearchOptions& options, const GeneSpace& space);
std::unique_ptr<Recipe> annealing_recipe(const SearchOptions& options, const GeneSpace& space);

// The two methods that are no recipes: for a front (space.range), and for one where surfaces suit the space
// (grid_steps.hpp) and sizes are given.
std::unique_ptr<SearchMethod> nsga2(const SearchOptions& options, SearchSpace space);
std::unique_ptr<SearchMethod> grid_front(const SearchOptions& options, SearchSpace space);

// Error (internal) where there are not as many as were asked for, or one is not finite.
void check_told(std::span<const Objectives> told, std::size_t asked);

// Individuals that survive a generation: reproduction * population, at least 1 and at most population - 1. The others
// are newborns, so a generation costs population - survivors evaluations, and generation 0 costs population.
std::size_t survivor_count(const SearchOptions& options);

// Best first; of equals, the one that was first.
void sort_best_first(std::vector<Individual>& individuals);

// Generation 0: all seeds (as many as the population holds), to be filled up by the recipe.
std::vector<Genome> first_genomes(const SearchOptions& options, const GeneSpace& space);

}  // namespace vbq
