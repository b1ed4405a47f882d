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
#include "search/recipe.hpp"
#include "search/response_surface.hpp"

namespace vbq {
namespace {

constexpr double kShareOfPairs = 0.7;               // of newborns; the others are children
constexpr double kCrossover = 0.7, kMoved = 0.2;    // shares: of children with two parents, of chromosomes that move
constexpr double kReach = 0.6;                      // of the centre's moves, in units of the space's spread
constexpr SurfacePrior kHarmPrior{12, 77, 0.006};   // measured on ResNet-20; noise 7 %, slopes 2 %
constexpr SurfacePrior kSizePrior{0.04, 0.4, 0.0};  // sizes have next to no noise

class StandardGrids final : public Recipe {
 public:
  StandardGrids(const SearchOptions& options, const GeneSpace& space) : options_(options), space_(space) {}

  std::vector<Genome> newborns(const SearchState& state) const override {
    const Roles roles = roles_of(state);
    std::vector<Genome> genomes = state.generation == 0 ? first_genomes(options_, space_) : std::vector<Genome>();
    const Genome middle = centre_of(state);
    if (state.generation > 0) genomes.push_back(middle);
    for (std::size_t k = 0; k < roles.pairs; ++k) {
      std::vector<double> numbers = normal_numbers(state, k);
      genomes.push_back(moved(middle, numbers));
      for (double& number : numbers) number = -number;
      genomes.push_back(moved(middle, numbers));
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
    if (state.generation == 0) middle = newborns.front().genome;
    state.parameters = genes_of(least_harmful(state.archive, middle));
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
    for (const Individual& one : state.archive) {
      space_.check(one.genome, "a candidate of a saved search");
      if (!std::isfinite(one.fitness)) fail("a candidate of a saved search has fitness {}", one.fitness);
    }
    space_.check(centre_of(state), "the centre of a saved search");
  }

  std::optional<Genome> centre(const SearchState& state) const override {
    if (state.generation == 0) return std::nullopt;
    return centre_of(state);
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
    if (state.generation == 0) return space_.seeds().front();
    Genome genome;
    auto at = state.parameters.begin();
    const auto genes = static_cast<std::ptrdiff_t>(space_.genes());
    for (std::size_t c = 0; c < space_.chromosomes(); ++c, at += genes) {
      genome.chromosomes.emplace_back(at, at + genes);
    }
    return genome;
  }

  static std::vector<double> genes_of(const Genome& genome) {
    std::vector<double> all;
    for (const Chromosome& genes : genome.chromosomes) all.insert(all.end(), genes.begin(), genes.end());
    return all;
  }

  // numbers: [chromosomes * genes], in units of the spread.
  Genome moved(Genome genome, std::span<const double> numbers) const {
    auto number = numbers.begin();
    for (std::size_t c = 0; c < genome.chromosomes.size(); ++c) {
      Chromosome& genes = genome.chromosomes[c];
      for (std::size_t g = 0; g < genes.size(); ++g) genes[g] *= std::exp(space_.log_spread()[g] * *number++);
      space_.repair(genes, c);
    }
    return genome;
  }

  // The other way round: what would move `from` to `to`.
  std::vector<double> numbers_between(const Genome& from, const Genome& to) const {
    std::vector<double> numbers;
    numbers.reserve(space_.chromosomes() * space_.genes());
    for (std::size_t c = 0; c < from.chromosomes.size(); ++c) {
      for (std::size_t g = 0; g < from.chromosomes[c].size(); ++g) {
        numbers.push_back(std::log(to.chromosomes[c][g] / from.chromosomes[c][g]) / space_.log_spread()[g]);
      }
    }
    return numbers;
  }

  Genome least_harmful(std::span<const Individual> told, const Genome& around) const {
    std::vector<std::vector<double>> points;
    std::vector<double> harms, sizes;
    points.reserve(told.size());
    harms.reserve(told.size());
    sizes.reserve(told.size());
    const auto budget = static_cast<double>(space_.budget());
    for (const Individual& one : told) {
      points.push_back(numbers_between(around, one.genome));
      harms.push_back(-one.fitness);
      sizes.push_back(static_cast<double>(one.bits) / budget);
    }
    const Surface harm = fit_surface(points, harms, kHarmPrior), size = fit_surface(points, sizes, kSizePrior);
    const std::vector<double> move = least_harm(harm, size, 1, kReach);
    const bool finite = std::ranges::all_of(move, [](double number) { return std::isfinite(number); });
    return finite ? moved(around, move) : around;  // numbers so large that no surface can be fitted
  }

  std::vector<double> normal_numbers(const SearchState& state, std::size_t k) const {
    Random random(options_.seed, static_cast<std::uint32_t>(state.generation), static_cast<std::uint32_t>(k),
                  Purpose::mutation);
    std::vector<double> numbers(space_.chromosomes() * space_.genes());
    for (double& number : numbers) number = random.normal();
    return numbers;
  }

  // Two parents among the survivors, the better likelier. Never an unchanged copy.
  Genome child(const SearchState& state, Random& random) const {
    Genome made = space_.seeds().front();
    if (state.generation > 0) {
      const std::uint64_t mates = std::min(survivor_count(options_), state.population.size());
      const auto pick = [&] { return static_cast<std::size_t>(std::min(random.below(mates), random.below(mates))); };
      made = state.population[pick()].genome;
      const Genome& father = state.population[pick()].genome;
      if (random.uniform() < kCrossover) {
        for (std::size_t c = 0; c < made.chromosomes.size(); ++c) {
          if (random.below(2) == 0) made.chromosomes[c] = father.chromosomes[c];
        }
      }
    }
    const std::size_t certain = random.below(space_.chromosomes());
    std::vector<double> numbers;
    numbers.reserve(space_.chromosomes() * space_.genes());
    for (std::size_t c = 0; c < space_.chromosomes(); ++c) {
      const bool moves = random.uniform() < kMoved || c == certain;
      for (std::size_t g = 0; g < space_.genes(); ++g) numbers.push_back(moves ? random.normal() : 0);
    }
    return moved(std::move(made), numbers);
  }

  const SearchOptions& options_;
  const GeneSpace& space_;
};

}  // namespace

std::unique_ptr<Recipe> standard_grids_recipe(const SearchOptions& options, const GeneSpace& space) {
  return std::make_unique<StandardGrids>(options, space);
}

}  // namespace vbq
