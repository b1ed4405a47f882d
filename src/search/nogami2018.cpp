// The genetic algorithm of Nogami et al. (IPSJ SIG Technical Report 2018-ARC-232 No. 27; docs/method.md has its
// recipe), with the original's faults repaired: crossover stays inside the chromosome, mutation does not redraw every
// gene at once, no state is hidden.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/check.hpp"
#include "search/recipe.hpp"

namespace vbq {
namespace {

class Nogami2018 final : public Recipe {
 public:
  Nogami2018(const SearchOptions& options, const GeneSpace& space) : options_(options), space_(space) {}

  std::vector<Genome> newborns(const SearchState& state) const override {
    std::vector<Genome> genomes;
    if (state.generation == 0) {
      genomes = first_genomes(options_, space_);
      for (std::size_t i = genomes.size(); i < static_cast<std::size_t>(options_.population); ++i) {
        Random random(options_.seed, 0, static_cast<std::uint32_t>(i), Purpose::seeding);
        genomes.push_back(space_.uniform_genome(random));
      }
      return genomes;
    }
    const std::size_t count = state.population.size() - survivor_count(options_);
    for (std::size_t i = 0; i < count; ++i) {
      Random random(options_.seed, static_cast<std::uint32_t>(state.generation), static_cast<std::uint32_t>(i),
                    Purpose::crossover);
      genomes.push_back(newborn(state, random));
    }
    return genomes;
  }

  void select(SearchState& state, std::vector<Individual> newborns, std::span<const Objectives>) const override {
    if (state.generation == 0) {
      state.population = std::move(newborns);
      return;
    }
    std::vector<Individual> next;
    for (std::size_t i : copied(state)) next.push_back(state.population[i]);
    next.insert(next.end(), std::make_move_iterator(newborns.begin()), std::make_move_iterator(newborns.end()));
    state.population = std::move(next);
  }

  void check(const SearchState& state) const override {
    if (!state.parameters.empty()) fail("a saved search has {} parameters; expected none", state.parameters.size());
  }

 private:
  // Each individual draws U(0, fitness), the best keeps its own; the highest draws survive. A fitness below zero (minus
  // a loss) has no such draw: where there is one, every fitness f counts as exp(f - best), a likelihood.
  std::vector<std::size_t> copied(const SearchState& state) const {
    const std::vector<Individual>& old = state.population;  // best first
    const bool negative = old.back().fitness < 0;
    std::vector<double> draw(old.size());
    for (std::size_t i = 0; i < old.size(); ++i) {
      Random random(options_.seed, static_cast<std::uint32_t>(state.generation), static_cast<std::uint32_t>(i),
                    Purpose::selection);
      const double fitness = negative ? std::exp(old[i].fitness - old[0].fitness) : old[i].fitness;
      draw[i] = i == 0 ? fitness : fitness * random.uniform();
    }
    std::vector<std::size_t> order(old.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return draw[a] > draw[b]; });
    order.resize(survivor_count(options_));
    return order;
  }

  // A parent from the whole old population; each chromosome mutated or crossed with a mate from the whole old
  // population.
  Genome newborn(const SearchState& state, Random& random) const {
    const std::vector<Individual>& old = state.population;
    Genome child = old[random.below(old.size())].genome;
    const Genome& mate = old[random.below(old.size())].genome;
    const double share = options_.mutation / (options_.mutation + options_.crossover);
    for (std::size_t c = 0; c < child.chromosomes.size(); ++c) {
      if (random.uniform() < share) {
        mutate(child.chromosomes[c], c, random);
      } else {
        cross(child.chromosomes[c], mate.chromosomes[c], random);
      }
      space_.repair(child.chromosomes[c], c);
    }
    return child;
  }

  // Redraws genes uniformly between their neighbours; the outermost have the largest weight as neighbour. Each gene
  // with probability 1 / genes, and one at least.
  void mutate(Chromosome& genes, std::size_t c, Random& random) const {
    if (genes.empty()) return;
    const std::size_t n = genes.size(), one = random.below(n);
    for (std::size_t i = 0; i < n; ++i) {
      if (random.below(n) != 0 && i != one) continue;
      const double top = space_.magnitude(c);
      const double low = i > 0 ? genes[i - 1] : space_.positive() ? 0.0 : std::min(-top, genes[i]);
      const double high = i + 1 < n ? genes[i + 1] : std::max(top, genes[i]);
      genes[i] = random.uniform(low, high);
    }
  }

  // Chooses a gene, finds its place in the mate by value, and takes over a window of neighbours around it: up to a
  // quarter of the chromosome on each side, cut where either chromosome ends.
  // Chromosomes of different lengths have no genes in common: the mate's is taken whole.
  void cross(Chromosome& genes, const Chromosome& mate, Random& random) const {
    if (genes.size() != mate.size()) genes = mate;
    if (genes.empty()) return;
    const auto n = static_cast<std::ptrdiff_t>(genes.size());
    const auto gene = static_cast<std::ptrdiff_t>(random.below(genes.size()));
    const auto found = std::lower_bound(mate.begin(), mate.end(), genes[static_cast<std::size_t>(gene)]) - mate.begin();
    const auto place = std::min(found, n - 1);
    const auto half = static_cast<std::ptrdiff_t>(random.below(static_cast<std::uint64_t>(n / 4 + 1)));
    for (std::ptrdiff_t step = -half; step <= half; ++step) {
      const auto to = gene + step, from = place + step;
      if (to < 0 || to >= n || from < 0 || from >= n) continue;
      genes[static_cast<std::size_t>(to)] = mate[static_cast<std::size_t>(from)];
    }
  }

  const SearchOptions& options_;
  const GeneSpace& space_;
};

}  // namespace

std::unique_ptr<Recipe> nogami2018_recipe(const SearchOptions& options, const GeneSpace& space) {
  return std::make_unique<Nogami2018>(options, space);
}

}  // namespace vbq
