// The standard search over steps and rates under a budget, on a stand-in for a network: layers that add up their harm,
// each of its own weight in it and in the size, and noise on every candidate that is as large as what a good step
// gains.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/random.hpp"
#include "search/search.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

constexpr int kLayers = 20;
constexpr double kBudget = 1.5, kWeights = 1e5;  // bits a weight, weights

class Grids {
 public:
  explicit Grids(std::uint64_t instance, double noise = 0.07) : instance_(instance), noise_(noise) {
    Random random(instance, 0, 0, Purpose::test);
    for (int c = 0; c < kLayers; ++c) {
      harm_.push_back(std::exp(0.8 * random.normal()));
      share_.push_back(std::exp(1.2 * random.normal()));
    }
    const auto sum = [](const std::vector<double>& of) {
      double all = 0;
      for (const double one : of) all += one;
      return all;
    };
    const double harm = sum(harm_), share = sum(share_);
    for (double& one : harm_) one /= harm;
    for (double& one : share_) one /= share;
  }

  // Log harm, without noise: errors grow with the square of the step, and a little with the rate.
  double harm(const Genome& genome) const {
    double all = 0;
    for (std::size_t c = 0; c < harm_.size(); ++c) {
      const Chromosome& genes = genome.chromosomes[c];
      all += harm_[c] * genes[0] * genes[0] * (0.7 + 0.3 * genes[1] * genes[1]);
    }
    return std::log(0.02 * all);
  }

  double bits(const Genome& genome) const {  // a weight
    double all = 0;
    for (std::size_t c = 0; c < share_.size(); ++c) {
      const Chromosome& genes = genome.chromosomes[c];
      all += share_[c] * std::max(0.02, kBudget - std::log2(genes[0]) - 0.15 * std::log(genes[1]));
    }
    return all;
  }

  // Harm of the genome with its steps made to fit the budget, which is what networks are compared by.
  double harm_within(Genome genome) const {
    for (int i = 0; i < 60; ++i) {
      const double over = bits(genome) - kBudget;
      for (Chromosome& genes : genome.chromosomes) genes[0] *= std::exp2(over);
    }
    return harm(genome);
  }

  Objectives objectives(const Genome& genome, std::uint32_t evaluation) const {
    Random random(instance_, evaluation, 1, Purpose::test);
    const double unpriced = -harm(genome) + noise_ * random.normal(), over = bits(genome) - kBudget;
    return {unpriced - (over > 0 ? 6 : 1) * over, std::llround(bits(genome) * kWeights), unpriced};
  }

  SearchSpace space() const {
    SearchSpace space;
    space.chromosomes = kLayers;
    space.genes = 2;
    space.positive = true;
    space.sorted = false;
    space.log_spread = {0.22, 0.9};
    space.relative_gap = 1.5;
    space.budget = std::llround(kBudget * kWeights);
    space.magnitude.assign(kLayers, 2.0);
    for (const double step : {1.0, 1.07, 0.93}) {
      space.seeds.push_back({std::vector<Chromosome>(kLayers, Chromosome{step, 1})});
    }
    return space;
  }

 private:
  std::uint64_t instance_;
  double noise_;
  std::vector<double> harm_, share_;  // [layers]
};

SearchOptions options(std::uint64_t seed = 1) {
  SearchOptions options;
  options.population = 20;
  options.seed = seed;
  return options;
}

void generation(SearchMethod& search, const Grids& grids) {
  std::vector<Objectives> told;
  auto evaluation = static_cast<std::uint32_t>(1000 * search.state().generation);
  for (const Genome& genome : search.ask()) told.push_back(grids.objectives(genome, ++evaluation));
  search.tell(told);
}

// What equal steps and rates lose to the best there is, found without noise by many generations.
TEST(StandardGrids, FindsMostOfWhatThereIsThroughNoise) {
  double luck = 0;  // of the best that was ever told: what it is worse than the centre, a network
  for (std::uint64_t instance = 1; instance <= 5; ++instance) {
    const Grids grids(instance), quiet(instance, 0);
    const auto search = make_search(options(), grids.space()), ideal = make_search(options(), quiet.space());
    for (int k = 0; k < 30; ++k) generation(*search, grids);
    for (int k = 0; k < 60; ++k) generation(*ideal, quiet);
    const double start = grids.harm_within(grids.space().seeds.front());
    const double best = grids.harm_within(*ideal->centre()), found = grids.harm_within(*search->centre());
    EXPECT_LT(best, start - 0.3) << "there is something to be found";
    EXPECT_LT(found, start - 0.7 * (start - best)) << "of " << start - best;
    EXPECT_NEAR(grids.bits(*search->centre()), kBudget, 0.03);
    luck += grids.harm_within(search->state().best.genome) - found;
  }
  EXPECT_GT(luck / 5, 0.01);
}

TEST(StandardGrids, LearnsFromAllThatWereTold) {
  const Grids grids(3);
  const auto search = make_search(options(), grids.space());
  std::size_t evaluations = 0;
  for (int k = 0; k < 6; ++k) {
    const std::vector<Genome> asked = search->ask();
    for (std::size_t i = 0; i < asked.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) EXPECT_NE(asked[i], asked[j]);
    }
    evaluations += asked.size();
    generation(*search, grids);
    EXPECT_EQ(search->state().archive.size(), evaluations);
    ASSERT_TRUE(search->centre());
    EXPECT_EQ(search->ask().front(), *search->centre());
  }
}

TEST(StandardGrids, GoesOnAfterRestoreBitForBit) {
  const Grids grids(4);
  const auto straight = make_search(options(), grids.space());
  SearchState saved;
  for (int k = 0; k < 8; ++k) {
    generation(*straight, grids);
    const auto resumed = make_search(options(), grids.space());
    resumed->restore(saved);
    generation(*resumed, grids);
    saved = resumed->state();
    ASSERT_EQ(saved, straight->state()) << k;
  }
}

TEST(StandardGrids, RefusesAStateThatDoesNotFit) {
  const Grids grids(5);
  const auto search = make_search(options(), grids.space());
  for (int k = 0; k < 3; ++k) generation(*search, grids);
  const SearchState good = search->state();
  const auto refused = [&](auto&& spoil) {
    SearchState state = good;
    spoil(state);
    EXPECT_THROW(search->restore(state), Error);
    EXPECT_EQ(search->state(), good);
  };
  refused([](SearchState& s) { s.archive.clear(); });
  refused([](SearchState& s) { s.archive[7].genome.chromosomes.pop_back(); });
  refused([](SearchState& s) { s.archive[7].genome.chromosomes[2][0] = -1; });
  refused([](SearchState& s) { s.archive[7].fitness = std::numeric_limits<double>::infinity(); });
  refused([](SearchState& s) { s.parameters.pop_back(); });
  refused([](SearchState& s) { s.parameters[3] = 0; });
}

// Fitness that says nothing, or that is huge: what is asked stays valid, and the search goes on.
TEST(StandardGrids, AsksForValidGenomesWhateverItIsTold) {
  const Grids grids(6);
  for (const double size : {0.0, 1.0, 1e200}) {
    const auto search = make_search(options(), grids.space());
    Random random(6, 0, 2, Purpose::test);
    for (int k = 0; k < 20; ++k) {
      std::vector<Objectives> told;
      for (const Genome& genome : search->ask()) {
        for (const Chromosome& genes : genome.chromosomes) {
          ASSERT_EQ(genes.size(), 2U);
          for (const double gene : genes) ASSERT_TRUE(gene > 0 && std::isfinite(gene)) << gene;
        }
        const double fitness = size * random.normal();
        told.push_back({fitness, static_cast<std::int64_t>(random.below(1'000'000)), fitness});
      }
      search->tell(told);
    }
  }
}

}  // namespace
}  // namespace vbq
