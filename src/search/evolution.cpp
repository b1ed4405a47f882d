// The loop that all search methods share: ask, tell, best ever, state.
#include <algorithm>
#include <cmath>
#include <utility>

#include "core/check.hpp"
#include "search/grid_steps.hpp"
#include "search/recipe.hpp"

namespace vbq {
namespace {

class Evolution final : public SearchMethod {
 public:
  Evolution(const SearchOptions& options, SearchSpace space) : options_(options), space_(std::move(space)) {
    if (options_.method == Method::random) {
      recipe_ = random_recipe(options_, space_);
    } else if (options_.method == Method::annealing) {
      recipe_ = annealing_recipe(options_, space_);
    } else if (options_.operators == Operators::nogami2018) {
      recipe_ = nogami2018_recipe(options_, space_);
    } else if (options_.surrogate && surfaces_suit(space_) && space_.budget() > 0) {
      recipe_ = standard_grids_recipe(options_, space_);
    } else {
      recipe_ = standard_recipe(options_, space_);
    }
  }

  std::vector<Genome> ask() override {
    if (asked_.empty()) asked_ = recipe_->newborns(state_);
    return asked_;
  }

  void tell(std::span<const Objectives> told) override {
    ask();
    check_told(told, asked_.size());
    std::vector<Individual> newborns;
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      newborns.push_back({std::move(asked_[i]), told[i].fitness});
      if (state_.best.genome.chromosomes.empty() || told[i].fitness > state_.best.fitness) {
        state_.best = newborns.back();
      }
    }
    asked_.clear();
    recipe_->select(state_, std::move(newborns), told);
    sort_best_first(state_.population);
    ++state_.generation;
  }

  const SearchState& state() const override { return state_; }
  bool finished() const override { return recipe_->finished(state_); }
  std::size_t survivors() const override { return recipe_->survivors(); }
  std::optional<Genome> centre() const override { return recipe_->centre(state_); }
  std::optional<double> foresight() const override { return recipe_->foresight(state_); }

  void restore(SearchState state) override {
    if (state.generation < 0) fail("a saved search has generation {}; expected 0 or more", state.generation);
    if (state.generation == 0) {
      if (!state.population.empty() || !state.parameters.empty()) fail("a saved search of generation 0 is not empty");
      state = {};
    } else {
      const std::size_t population = recipe_->population(options_);
      if (state.population.size() != population) {
        fail("a saved search has {} individuals; expected {}", state.population.size(), population);
      }
      for (const Individual& individual : state.population) check(individual);
      check(state.best);
      for (std::size_t i = 1; i < population; ++i) {
        if (state.population[i - 1].fitness < state.population[i].fitness) {
          fail("a saved search has individual {} below the next; expected the best first", i - 1);
        }
      }
      if (state.best.fitness < state.population.front().fitness)
        fail("a saved search has a best below its population's");
      recipe_->check(state);
    }
    state_ = std::move(state);
    asked_.clear();
  }

 private:
  void check(const Individual& individual) const {
    space_.check(individual.genome, "an individual of a saved search");
    if (!std::isfinite(individual.fitness)) {
      fail("an individual of a saved search has fitness {}; expected a finite number", individual.fitness);
    }
  }

  SearchOptions options_;
  GeneSpace space_;
  std::unique_ptr<Recipe> recipe_;  // refers to options_ and space_
  SearchState state_;
  std::vector<Genome> asked_;
};

void check_share(double value, const char* name) {
  if (!(value >= 0 && value <= 1)) fail("the search's {} is {}; expected 0 to 1", name, value);
}

}  // namespace

void check_told(std::span<const Objectives> told, std::size_t asked) {
  if (told.size() != asked) fail_internal("{} genomes were told {} fitnesses", asked, told.size());
  for (const Objectives& one : told) {
    if (!std::isfinite(one.fitness)) {
      fail_internal("a genome was told fitness {}; expected a finite number", one.fitness);
    }
  }
}

std::size_t survivor_count(const SearchOptions& options) {
  const double share = std::round(options.reproduction * options.population);
  return static_cast<std::size_t>(std::clamp(share, 1.0, options.population - 1.0));
}

void sort_best_first(std::vector<Individual>& individuals) {
  std::stable_sort(individuals.begin(), individuals.end(),
                   [](const Individual& a, const Individual& b) { return a.fitness > b.fitness; });
}

std::vector<Genome> first_genomes(const SearchOptions& options, const GeneSpace& space) {
  const auto count = std::min(space.seeds().size(), static_cast<std::size_t>(options.population));
  return {space.seeds().begin(), space.seeds().begin() + static_cast<std::ptrdiff_t>(count)};
}

std::unique_ptr<SearchMethod> make_search(const SearchOptions& options, SearchSpace space) {
  if (options.population < 2) fail("the search's population is {}; expected at least 2", options.population);
  check_share(options.mutation, "mutation");
  check_share(options.crossover, "crossover");
  check_share(options.reproduction, "reproduction");
  if (!(options.mutation + options.crossover > 0))
    fail("the search's mutation and crossover are both 0; expected one above 0");
  if (space.range) {
    const bool learns = options.surrogate && !space.sizes.empty() && surfaces_suit(GeneSpace(space));
    return learns ? grid_front(options, std::move(space)) : nsga2(options, std::move(space));
  }
  return std::make_unique<Evolution>(options, std::move(space));
}

}  // namespace vbq
