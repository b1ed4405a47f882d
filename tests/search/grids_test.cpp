// The standard search over steps and rates under a budget, on a stand-in for a network (grids.hpp).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/random.hpp"
#include "search/grid_steps.hpp"
#include "search/grids.hpp"
#include "search/search.hpp"

namespace vbq {
namespace {

using support::generation;
using support::Grids;
using support::refuses;

SearchOptions grid_options(std::uint64_t seed = 1) {
  SearchOptions options;
  options.population = 20;
  options.seed = seed;
  return options;
}

// What equal steps and rates lose to the best there is, found without noise by many generations.
TEST(StandardGrids, FindsMostOfWhatThereIsThroughNoise) {
  double luck = 0;  // of the best that was ever told: what it is worse than the centre, a network
  for (std::uint64_t instance = 1; instance <= 5; ++instance) {
    const Grids grids(instance), quiet(instance, 0);
    const auto search = make_search(grid_options(), grids.space()), ideal = make_search(grid_options(), quiet.space());
    for (int k = 0; k < 30; ++k) generation(*search, grids);
    for (int k = 0; k < 60; ++k) generation(*ideal, quiet);
    const double start = grids.harm_within(grids.space().seeds.front());
    const double best = grids.harm_within(*ideal->centre()), found = grids.harm_within(*search->centre());
    EXPECT_LT(best, start - 0.3) << "there is something to be found";
    EXPECT_LT(found, start - 0.7 * (start - best)) << "of " << start - best;
    EXPECT_NEAR(grids.bits(*search->centre()), Grids::kBudget, 0.03);
    luck += grids.harm_within(search->state().best.genome) - found;
  }
  EXPECT_GT(luck / 5, 0.01);
}

// Seeds are guesses, and any of them may be the best.
TEST(StandardGrids, TheCentreBeginsAtTheBestSeed) {
  const Grids quiet(2, 0);
  const auto ideal = make_search(grid_options(), quiet.space());
  for (int k = 0; k < 40; ++k) generation(*ideal, quiet);
  SearchSpace space = quiet.space();
  const double start = quiet.harm_within(space.seeds.front()), best = quiet.harm_within(*ideal->centre());
  space.seeds = {space.seeds.front(), *ideal->centre()};
  const auto search = make_search(grid_options(), space);
  generation(*search, quiet);
  EXPECT_LT(quiet.harm_within(*search->centre()), best + 0.2 * (start - best));
}

TEST(StandardGrids, LearnsFromAllThatWereTold) {
  const Grids grids(3);
  const auto search = make_search(grid_options(), grids.space());
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

// Surfaces foretell what is mostly order and little noise; where a candidate's harm is noise alone, nothing can. What
// they foretell is a matter of what was told, so a search that goes on says the same.
TEST(StandardGrids, SayHowWellTheyForetell) {
  const auto after = [](const Grids& grids, SearchMethod& search) {
    EXPECT_FALSE(search.foresight());
    generation(search, grids);
    EXPECT_FALSE(search.foresight()) << "of the first generation nothing can be foretold";
    for (int k = 0; k < 29; ++k) generation(search, grids);
    return search.foresight().value_or(-2);
  };
  for (std::uint64_t instance = 1; instance <= 3; ++instance) {
    const Grids quiet(instance, 0.002), loud(instance, 5);
    const auto search = make_search(grid_options(), quiet.space()), lost = make_search(grid_options(), loud.space());
    const double told = after(quiet, *search);
    EXPECT_GT(told, 0.5);
    EXPECT_NEAR(after(loud, *lost), 0, 0.2);
    const auto again = make_search(grid_options(), quiet.space());
    again->restore(search->state());
    EXPECT_EQ(again->foresight(), told);
  }
}

// That a smaller network does more harm is no foresight: of harms that are a matter of size and else of noise, nothing
// is left to be foretold.
TEST(StandardGrids, ForetellNothingThatSizeAloneExplains) {
  const Grids grids(1);
  const GeneSpace space(grids.space());
  constexpr std::size_t kFirst = 20, kEach = 14;
  std::vector<Individual> sized, told;
  for (std::uint32_t k = 0; k < kFirst + 20 * kEach; ++k) {
    Random random(5, 0, k, Purpose::mutation);
    const Genome genome = mirrored_pair(space, space.seeds().front(), random)[0];
    const double bits = grids.bits(genome) * Grids::kWeights;
    sized.push_back({genome, bits / Grids::kWeights + 0.001 * random.normal(), static_cast<std::int64_t>(bits)});
    told.push_back({genome, -grids.harm(genome), static_cast<std::int64_t>(bits)});
  }
  EXPECT_NEAR(*foresight_of(space, sized, kFirst, kEach), 0, 0.2);
  EXPECT_GT(*foresight_of(space, told, kFirst, kEach), 0.5);
}

// Evolution of the best, without surfaces: it finds less of what there is with as many candidates.
TEST(StandardGrids, AreASwitch) {
  double with = 0, without = 0;
  for (std::uint64_t instance = 1; instance <= 3; ++instance) {
    const Grids grids(instance);
    SearchOptions plain = grid_options();
    plain.surrogate = false;
    const auto search = make_search(grid_options(), grids.space()), other = make_search(plain, grids.space());
    for (int k = 0; k < 30; ++k) {
      generation(*search, grids);
      generation(*other, grids);
    }
    EXPECT_FALSE(other->foresight());
    EXPECT_TRUE(other->state().archive.empty());
    with += grids.harm_within(*search->centre());
    without += grids.harm_within(*other->centre());
  }
  EXPECT_LT(with, without);
}

TEST(StandardGrids, GoesOnAfterRestoreBitForBit) {
  const Grids grids(4);
  const auto straight = make_search(grid_options(), grids.space());
  SearchState saved;
  for (int k = 0; k < 8; ++k) {
    generation(*straight, grids);
    const auto resumed = make_search(grid_options(), grids.space());
    resumed->restore(saved);
    generation(*resumed, grids);
    saved = resumed->state();
    ASSERT_EQ(saved, straight->state()) << k;
  }
}

TEST(StandardGrids, RefusesAStateThatDoesNotFit) {
  const Grids grids(5);
  const auto search = make_search(grid_options(), grids.space());
  for (int k = 0; k < 3; ++k) generation(*search, grids);
  EXPECT_TRUE(refuses(*search, [](SearchState& s) { s.archive.clear(); }));
  EXPECT_TRUE(refuses(*search, [](SearchState& s) { s.archive[7].genome.chromosomes.pop_back(); }));
  EXPECT_TRUE(refuses(*search, [](SearchState& s) { s.archive[7].genome.chromosomes[2][0] = -1; }));
  EXPECT_TRUE(refuses(*search, [](SearchState& s) { s.archive[7].fitness = std::numeric_limits<double>::infinity(); }));
  EXPECT_TRUE(refuses(*search, [](SearchState& s) { s.parameters.pop_back(); }));
  EXPECT_TRUE(refuses(*search, [](SearchState& s) { s.parameters[3] = 0; }));
}

// Fitness that says nothing, or that is huge: what is asked stays valid, and the search goes on.
TEST(StandardGrids, AsksForValidGenomesWhateverItIsTold) {
  const Grids grids(6);
  for (const double size : {0.0, 1.0, 1e200}) {
    const auto search = make_search(grid_options(), grids.space());
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
