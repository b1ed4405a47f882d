// Our own search: two ways of making newborns, one memory.
//
// 1. Mirrored steps around a centre (an evolution strategy with weighted recombination; Hansen and Ostermeier 2001 for
// the
//    step's size, Brockhoff et al. 2010 for mirroring). Newborns are centre + s z and centre - s z, z standard normal
//    in the coordinates of Moves. The better half of them, weighted by rank, gives the next centre: the noise that a
//    rugged landscape puts on each newborn averages out, so this finds the slope of what lies below. s grows while
//    successive centres move the same way, and shrinks while they turn back.
// 2. Children of the survivors: chromosomes of two good parents mixed (layers of a network add up their harm, nearly,
// so good
//    chromosomes go together), then a few chromosomes moved. Here single lucky codebooks are kept, which averages lose.
//    The step's size follows the share of children better than their parent (the 1/5 rule).
// The centre itself is asked too. Survivors are the best ever, whoever made them.
#include <algorithm>
#include <cmath>
#include <utility>

#include "core/check.hpp"
#include "search/breed.hpp"
#include "search/moves.hpp"
#include "search/recipe.hpp"
#include "search/standard.hpp"

namespace vbq {
namespace {

class Standard final : public Recipe {
 public:
  Standard(const SearchOptions& options, const GeneSpace& space, const StandardTuning& tuning)
      : options_(options), space_(space), tuning_(tuning), moves_(space), breeder_(space, tuning) {}

  std::vector<Genome> newborns(const SearchState& state) const override {
    const Roles roles = roles_of(state);
    std::vector<Genome> genomes = state.generation == 0 ? first_genomes(options_, space_) : std::vector<Genome>();
    const Memory memory = memory_of(state);
    if (roles.centre) genomes.push_back(memory.centre);
    for (std::size_t k = 0; k < roles.pairs; ++k) {
      std::vector<double> numbers = step(state, k);
      genomes.push_back(moves_.apply(memory.centre, numbers, memory.step));
      for (double& number : numbers) number = -number;
      genomes.push_back(moves_.apply(memory.centre, numbers, memory.step));
    }
    while (genomes.size() < roles.count) {
      Random random(options_.seed, static_cast<std::uint32_t>(state.generation),
                    static_cast<std::uint32_t>(genomes.size()), Purpose::crossover);
      genomes.push_back(child(state, memory.child_step, random).child.genome);
    }
    return genomes;
  }

  void select(SearchState& state, std::vector<Individual> newborns, std::span<const Objectives>) const override {
    const Roles roles = roles_of(state);
    Memory memory = memory_of(state);
    if (roles.pairs > 0) recombine(state, roles, newborns, memory);
    if (state.generation > 0) {
      adapt_children(state, roles, newborns, memory);
    } else if (state.best.fitness > best_of(newborns, roles.first_pair, roles.count) || roles.pairs == 0) {
      memory.centre = state.best.genome;  // another seed than the first is the best to start from
    }
    if (lengths_of(memory.centre) != lengths_of(state.best.genome) && space_.own_widths()) {
      memory.centre = state.best.genome;  // where the best numbers of levels are; the way there says nothing of here
      memory.path.assign(moves_.size(), 0.0);
    }
    state.parameters = parameters_of(memory);

    sort_best_first(state.population);
    state.population.resize(std::min(state.population.size(), survivor_count(options_)));
    state.population.insert(state.population.end(), std::make_move_iterator(newborns.begin()),
                            std::make_move_iterator(newborns.end()));
  }

  void check(const SearchState& state) const override {
    const std::size_t expected = 2 + moves_.size() + space_.chromosomes() * saved_genes();
    if (state.parameters.size() != expected) {
      fail("a saved search has {} parameters; expected {}", state.parameters.size(), expected);
    }
    for (double parameter : state.parameters) {
      if (!std::isfinite(parameter)) fail("a saved search has parameter {}; expected finite numbers", parameter);
    }
    check_lengths(state.parameters);
    const Memory memory = memory_of(state);
    if (!(memory.step > 0 && memory.child_step > 0)) fail("a saved search has a step that is not above zero");
    space_.check(memory.centre, "the centre of a saved search");
  }

  std::size_t survivors() const override { return survivor_count(options_); }

  std::optional<Genome> centre(const SearchState& state) const override {
    if (!roles_of(state).centre) return std::nullopt;
    return memory_of(state).centre;
  }

 private:
  // What state.parameters holds, in this order.
  struct Memory {
    double step, child_step;   // sizes of steps: of newborns around the centre, of children
    std::vector<double> path;  // [moves]: where centres have been going, in units of what chance would do
    Genome centre;
  };

  // Which newborn is what: [seeds in generation 0] [centre] [pairs: +, -, +, -, ...] [children].
  struct Roles {
    std::size_t count, first_pair, pairs;
    bool centre;
  };

  Memory memory_of(const SearchState& state) const {
    Memory memory{tuning_.first_step, tuning_.first_step, std::vector<double>(moves_.size(), 0.0), {}};
    if (state.generation == 0) {
      if (!space_.seeds().empty()) memory.centre = space_.seeds().front();
      return memory;
    }
    const std::vector<double>& from = state.parameters;
    auto at = from.begin() + 2;
    memory.step = from[0];
    memory.child_step = from[1];
    memory.path.assign(at, at + static_cast<std::ptrdiff_t>(moves_.size()));
    at += static_cast<std::ptrdiff_t>(moves_.size());
    for (std::size_t c = 0; c < space_.chromosomes(); ++c, at += static_cast<std::ptrdiff_t>(saved_genes())) {
      if (!space_.own_widths()) {
        memory.centre.chromosomes.emplace_back(at, at + static_cast<std::ptrdiff_t>(space_.genes()));
        continue;
      }
      memory.centre.chromosomes.emplace_back(at + 1, at + 1 + static_cast<std::ptrdiff_t>(*at));
    }
    return memory;
  }

  // Numbers that a chromosome of the centre takes: its genes; where each has its own length, that length, its genes,
  // and zeros up to as many as there may be.
  std::size_t saved_genes() const { return space_.genes() + (space_.own_widths() ? 1 : 0); }

  void check_lengths(const std::vector<double>& parameters) const {
    if (!space_.own_widths()) return;
    for (std::size_t at = 2 + moves_.size(); at < parameters.size(); at += saved_genes()) {
      const double length = parameters[at];
      if (length >= 0 && length <= static_cast<double>(space_.genes()) && length == std::floor(length)) continue;
      fail("the centre of a saved search has {} genes in a chromosome; expected 0 to {}", length, space_.genes());
    }
  }

  std::vector<double> parameters_of(const Memory& memory) const {
    std::vector<double> to{memory.step, memory.child_step};
    to.insert(to.end(), memory.path.begin(), memory.path.end());
    for (const Chromosome& genes : memory.centre.chromosomes) {
      if (space_.own_widths()) to.push_back(static_cast<double>(genes.size()));
      to.insert(to.end(), genes.begin(), genes.end());
      to.insert(to.end(), space_.genes() - genes.size(), 0.0);
    }
    return to;
  }

  Roles roles_of(const SearchState& state) const {
    const auto population = static_cast<std::size_t>(options_.population);
    if (state.generation == 0) {
      const std::size_t seeds = std::min(space_.seeds().size(), population);
      return {population, seeds, seeds == 0 ? 0 : (population - seeds) / 2, false};
    }
    const std::size_t count = population - survivor_count(options_);
    if (count < 8) return {count, 0, 0, false};  // too few for a slope: children only
    const auto pairs = static_cast<std::size_t>(tuning_.share_of_pairs * static_cast<double>(count - 1) / 2);
    return {count, 1, pairs, true};
  }

  // The numbers z of pair k.
  std::vector<double> step(const SearchState& state, std::size_t k) const {
    Random random(options_.seed, static_cast<std::uint32_t>(state.generation), static_cast<std::uint32_t>(k),
                  Purpose::mutation);
    std::vector<double> numbers(moves_.size());
    for (double& number : numbers) number = random.normal();
    return numbers;
  }

  // Moves the centre by the weighted mean of the better half of the pairs' newborns, and adapts the step.
  void recombine(const SearchState& state, const Roles& roles, const std::vector<Individual>& newborns,
                 Memory& memory) const {
    const std::size_t count = 2 * roles.pairs, half = roles.pairs;
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < count; ++i) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return newborns[roles.first_pair + a].fitness > newborns[roles.first_pair + b].fitness;
    });
    double total = 0, squares = 0;
    std::vector<double> weight(half);
    for (std::size_t i = 0; i < half; ++i) {
      weight[i] = std::log(static_cast<double>(half) + 0.5) - std::log(static_cast<double>(i) + 1);
      total += weight[i];
    }
    std::vector<double> mean(moves_.size(), 0.0);
    for (std::size_t i = 0; i < half; ++i) {
      const double w = weight[i] / total;
      squares += w * w;
      const std::vector<double> numbers = step(state, order[i] / 2);
      const double sign = order[i] % 2 == 0 ? 1 : -1;
      for (std::size_t k = 0; k < mean.size(); ++k) mean[k] += w * sign * numbers[k];
    }
    memory.centre = moves_.apply(memory.centre, mean, memory.step * tuning_.learning_rate);

    // If selection were chance, mean * sqrt(effective) would be standard normal, and so would the path.
    const double effective = 1 / squares, size = static_cast<double>(mean.size());
    const double rate = std::sqrt(effective / (size + effective));
    double length = 0;
    for (std::size_t k = 0; k < mean.size(); ++k) {
      memory.path[k] = (1 - rate) * memory.path[k] + std::sqrt(rate * (2 - rate) * effective) * mean[k];
      length += memory.path[k] * memory.path[k];
    }
    const double growth = std::clamp(rate * (std::sqrt(length / size) - 1), -0.3, 0.3);
    memory.step = std::clamp(memory.step * std::exp(growth), tuning_.least_step, tuning_.greatest_step);
  }

  struct Born {
    Child child;
    std::size_t parent;  // index in the population
  };

  // Two parents among the survivors, the better likelier.
  Born child(const SearchState& state, double size, Random& random) const {
    if (state.generation == 0) {  // odd places of generation 0, or no seeds at all
      if (space_.seeds().empty()) return {{space_.uniform_genome(random)}, 0};
      return {breeder_.near(space_.seeds().front(), size, random), 0};
    }
    const std::uint64_t mates = std::min(survivor_count(options_), state.population.size());
    const auto pick = [&] { return static_cast<std::size_t>(std::min(random.below(mates), random.below(mates))); };
    const std::size_t mother = pick(), father = pick();
    return {breeder_.child(state.population[mother].genome, state.population[father].genome, size, random), mother};
  }

  void adapt_children(const SearchState& state, const Roles& roles, const std::vector<Individual>& newborns,
                      Memory& memory) const {
    const std::size_t first = roles.first_pair + 2 * roles.pairs;
    std::size_t better = 0, moved = 0;
    for (std::size_t i = first; i < newborns.size(); ++i) {
      Random random(options_.seed, static_cast<std::uint32_t>(state.generation), static_cast<std::uint32_t>(i),
                    Purpose::crossover);
      const Born made = child(state, memory.child_step, random);
      if (made.child.moved == Child::Moved::widths) continue;  // which took no step
      ++moved;
      better += newborns[i].fitness > state.population[made.parent].fitness;
    }
    if (moved == 0) return;
    const double share = static_cast<double>(better) / static_cast<double>(moved);
    memory.child_step =
        std::clamp(memory.child_step * std::exp(0.5 * (share - 0.2)), tuning_.least_step, tuning_.greatest_step);
  }

  static std::vector<std::size_t> lengths_of(const Genome& genome) {
    std::vector<std::size_t> lengths;
    for (const Chromosome& genes : genome.chromosomes) lengths.push_back(genes.size());
    return lengths;
  }

  static double best_of(const std::vector<Individual>& newborns, std::size_t first, std::size_t end) {
    double best = -std::numeric_limits<double>::infinity();
    for (std::size_t i = first; i < end; ++i) best = std::max(best, newborns[i].fitness);
    return best;
  }

  const SearchOptions& options_;
  const GeneSpace& space_;
  StandardTuning tuning_;
  Moves moves_;
  Breeder breeder_;
};

}  // namespace

std::unique_ptr<Recipe> standard_recipe(const SearchOptions& options, const GeneSpace& space) {
  return standard_recipe(options, space, StandardTuning());
}

std::unique_ptr<Recipe> standard_recipe(const SearchOptions& options, const GeneSpace& space,
                                        const StandardTuning& tuning) {
  return std::make_unique<Standard>(options, space, tuning);
}

}  // namespace vbq
