// The control: fresh individuals each generation, nothing learnt. What a search does not beat it does not do.
#include <algorithm>
#include <cmath>
#include <utility>

#include "core/check.hpp"
#include "search/recipe.hpp"

namespace vbq {
namespace {

class RandomSearch final : public Recipe {
 public:
  RandomSearch(const SearchOptions& options, const GeneSpace& space) : options_(options), space_(space) {}

  std::vector<Genome> newborns(const SearchState& state) const override {
    std::size_t count = static_cast<std::size_t>(options_.population);
    std::vector<Genome> genomes;
    if (state.generation == 0) {
      genomes = first_genomes(options_, space_);
    } else {
      count -= survivor_count(options_);
    }
    for (std::size_t i = genomes.size(); i < count; ++i) {
      Random random(options_.seed, static_cast<std::uint32_t>(state.generation), static_cast<std::uint32_t>(i),
                    Purpose::seeding);
      const bool uniform = space_.seeds().empty() || i % 2 == 0;
      genomes.push_back(uniform ? space_.uniform_genome(random) : jittered_seed(random));
    }
    return genomes;
  }

  // Keeps the best of all.
  void select(SearchState& state, std::vector<Individual> newborns, std::span<const Objectives>) const override {
    state.population.insert(state.population.end(), std::make_move_iterator(newborns.begin()),
                            std::make_move_iterator(newborns.end()));
    sort_best_first(state.population);
    state.population.resize(static_cast<std::size_t>(options_.population));
  }

  void check(const SearchState& state) const override {
    if (!state.parameters.empty()) fail("a saved search has {} parameters; expected none", state.parameters.size());
  }

 private:
  // A seed, each gene moved by a normal step of 0.01 to 0.5 gaps.
  Genome jittered_seed(Random& random) const {
    Genome genome = space_.seeds()[random.below(space_.seeds().size())];
    const double size = std::exp(random.uniform(std::log(0.01), std::log(0.5)));
    for (std::size_t c = 0; c < genome.chromosomes.size(); ++c) {
      Chromosome& genes = genome.chromosomes[c];
      const std::vector<double> gaps = space_.gaps(genes, c);
      for (std::size_t i = 0; i < genes.size(); ++i) genes[i] += size * gaps[i] * random.normal();
      space_.repair(genes, c);
    }
    return genome;
  }

  const SearchOptions& options_;
  const GeneSpace& space_;
};

}  // namespace

std::unique_ptr<Recipe> random_recipe(const SearchOptions& options, const GeneSpace& space) {
  return std::make_unique<RandomSearch>(options, space);
}

}  // namespace vbq
