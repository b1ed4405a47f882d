// A front of sizes in one search: NSGA-II (Deb, Pratap, Agarwal and Meyarivan, IEEE Trans. Evol. Comput. 6, 2002) with
// the children of the standard search, and an archive of all networks that nothing undercuts.
//
// A generation has as many children as there are individuals; of both together the best fronts survive, and of the last
// one that does not fit the loneliest. Parents win binary tournaments by the same order. Networks far apart on a front
// have little to give each other (a coarse layer among fine ones), so that of two fathers the one of more like size is
// taken (restricted mating). Some children are instead steps from the middle of a few neighbours on the front
// (intermediate recombination, as in evolution strategies): what each of them has by luck averages out. The step's size
// follows the share of children that come into the archive (the 1/5 rule).
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "core/check.hpp"
#include "search/breed.hpp"
#include "search/front.hpp"
#include "search/recipe.hpp"

namespace vbq {
namespace {

constexpr double kMiddles = 0.4;     // share of children that are steps from the middle of neighbours
constexpr std::size_t kNearest = 5;  // of those

std::vector<Objectives> objectives_of(const std::vector<Individual>& individuals) {
  std::vector<Objectives> all;
  all.reserve(individuals.size());
  for (const Individual& one : individuals) all.push_back({one.fitness, one.bits});
  return all;
}

class Nsga2 final : public SearchMethod {
 public:
  Nsga2(const SearchOptions& options, SearchSpace space)
      : options_(options), space_(std::move(space)), breeder_(space_, tuning_) {}

  std::vector<Genome> ask() override {
    if (asked_.empty()) breed();
    std::vector<Genome> genomes;
    genomes.reserve(asked_.size());
    for (const Child& child : asked_) genomes.push_back(child.genome);
    return genomes;
  }

  void tell(std::span<const Objectives> told) override {
    if (asked_.empty()) breed();
    check_told(told, asked_.size());
    std::vector<Individual> all = std::move(state_.population);
    std::size_t moved = 0, entered = 0;
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      all.push_back({std::move(asked_[i].genome), told[i].fitness, told[i].bits});
      const bool enters = add_to_archive(state_.archive, all.back(), range());
      if (asked_[i].moved == Child::Moved::widths) continue;  // which took no step
      ++moved;
      entered += enters ? 1 : 0;
    }
    asked_.clear();
    const std::vector<std::size_t> order = best_of_front_first(objectives_of(all), range());
    state_.population.clear();
    for (std::size_t k = 0; k < count(); ++k) state_.population.push_back(std::move(all[order[k]]));
    state_.best = state_.archive.empty() ? state_.population.front() : state_.archive.back();
    state_.parameters = {next_step(moved, entered)};
    ++state_.generation;
  }

  const SearchState& state() const override { return state_; }
  std::span<const Individual> front() const override { return state_.archive; }
  bool finished() const override { return false; }

  void restore(SearchState state) override {
    if (state.generation > 0) check(state);
    state_ = state.generation > 0 ? std::move(state) : SearchState();
    asked_.clear();
  }

 private:
  std::size_t count() const { return static_cast<std::size_t>(options_.population); }
  const BitRange& range() const { return *space_.range(); }
  double step() const { return state_.generation == 0 ? tuning_.first_step : state_.parameters.front(); }

  // The children of this generation: of the first one, the seeds, then genomes near them.
  void breed() {
    if (state_.generation == 0) {
      for (Genome& seed : first_genomes(options_, space_)) asked_.push_back({std::move(seed)});
    }
    while (asked_.size() < count()) {
      Random random(options_.seed, static_cast<std::uint32_t>(state_.generation),
                    static_cast<std::uint32_t>(asked_.size()), Purpose::crossover);
      asked_.push_back(state_.generation == 0 ? first_child(random) : child(random));
    }
  }

  Child first_child(Random& random) const {
    const std::vector<Genome>& seeds = space_.seeds();
    if (seeds.empty()) return {space_.uniform_genome(random)};
    return breeder_.near(seeds[random.below(seeds.size())], step(), random);
  }

  Child child(Random& random) const {
    const auto winner = [&]() -> const Individual& {  // the population is in order, the best first
      return state_.population[std::min(random.below(count()), random.below(count()))];
    };
    if (random.uniform() < kMiddles) return breeder_.near(middle(winner()), step(), random);
    const Individual &mother = winner(), &one = winner(), &other = winner();
    const auto apart = [&](const Individual& father) { return std::abs(father.bits - mother.bits); };
    return breeder_.child(mother.genome, (apart(other) < apart(one) ? other : one).genome, step(), random);
  }

  // Of one and those of the archive that are next to it in size. Chromosomes of other lengths have nothing in common
  // with its own.
  Genome middle(const Individual& one) const {
    std::vector<const Individual*> near;
    near.reserve(state_.archive.size());
    for (const Individual& other : state_.archive) near.push_back(&other);
    std::ranges::stable_sort(near, {}, [&](const Individual* other) { return std::abs(other->bits - one.bits); });
    near.resize(std::min(near.size(), kNearest));
    Genome mean = one.genome;
    for (std::size_t c = 0; c < space_.chromosomes(); ++c) {
      Chromosome& genes = mean.chromosomes[c];
      double count = 1;
      for (const Individual* other : near) {
        const Chromosome& theirs = other->genome.chromosomes[c];
        if (theirs.size() != genes.size()) continue;
        ++count;
        for (std::size_t g = 0; g < genes.size(); ++g) genes[g] += (theirs[g] - genes[g]) / count;
      }
    }
    return mean;
  }

  double next_step(std::size_t moved, std::size_t entered) const {
    if (state_.generation == 0 || moved == 0) return step();
    const double share = static_cast<double>(entered) / static_cast<double>(moved);
    return std::clamp(step() * std::exp(0.5 * (share - 0.2)), tuning_.least_step, tuning_.greatest_step);
  }

  void check(const SearchState& state) const {
    if (state.population.size() != count()) {
      fail("a saved search has {} individuals; expected {}", state.population.size(), count());
    }
    if (state.parameters.size() != 1 || !(state.parameters.front() > 0 && state.parameters.front() < 1e9)) {
      fail("a saved search for a front has {} parameters; expected one step above 0", state.parameters.size());
    }
    for (const Individual& one : state.population) check(one);
    std::vector<Individual> archive;
    for (const Individual& one : state.archive) {
      check(one);
      if (add_to_archive(archive, one, range()) && archive.back() == one) continue;
      fail("the front of a saved search has a network of {} bits that does not belong there", one.bits);
    }
    if (archive.size() != state.archive.size()) fail("the front of a saved search holds networks that others undercut");
  }

  void check(const Individual& one) const {
    space_.check(one.genome, "an individual of a saved search");
    if (!std::isfinite(one.fitness)) fail("a saved search has fitness {}; expected a finite number", one.fitness);
  }

  SearchOptions options_;
  GeneSpace space_;
  StandardTuning tuning_;
  Breeder breeder_;  // refers to space_
  SearchState state_;
  std::vector<Child> asked_;
};

}  // namespace

std::unique_ptr<SearchMethod> nsga2(const SearchOptions& options, SearchSpace space) {
  return std::make_unique<Nsga2>(options, std::move(space));
}

}  // namespace vbq
