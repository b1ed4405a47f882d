// The search for a front over steps and rates, on a stand-in for a network (grids.hpp).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "search/front.hpp"
#include "search/grids.hpp"
#include "search/search.hpp"

namespace vbq {
namespace {

using support::generation;
using support::Grids;
using support::refuses;

constexpr int kSizes = 12;

// From 1 to 2 bits a weight.
SearchSpace front_space(const Grids& grids) {
  SearchSpace space = grids.space();
  space.budget = 0;
  space.seeds.clear();
  for (int k = 0; k < kSizes; ++k) {
    const double bits = 1 + static_cast<double>(k) / (kSizes - 1);
    space.sizes.push_back(std::llround(bits * Grids::kWeights));
    space.seeds.push_back({std::vector<Chromosome>(Grids::kLayers, Chromosome{std::exp2(Grids::kBudget - bits), 1})});
  }
  space.range = BitRange{space.sizes.front() - 10'000, space.sizes.back()};
  return space;
}

SearchOptions options(std::uint64_t seed = 1) {
  SearchOptions options;
  options.population = 24;
  options.seed = seed;
  return options;
}

// Harm without noise at a wanted size, of what the search would deliver there.
double harm_at(const Grids& grids, const SearchMethod& search, std::int64_t size) {
  const double bits = static_cast<double>(size) / Grids::kWeights;
  if (const auto centre = search.centre_within(size)) return grids.harm_within(*centre, bits);
  const auto nearest =
      std::ranges::min_element(search.front(), {}, [&](const Individual& one) { return std::abs(one.bits - size); });
  return grids.harm_within(nearest->genome, bits);
}

TEST(GridFront, IsBetterAtEverySizeThanItsSeedsAndThanNsga2OnTheWhole) {
  double mean = 0, rival = 0;
  for (std::uint64_t instance = 1; instance <= 2; ++instance) {
    const Grids grids(instance, 0.07, Grids::Pricing::none);
    SearchSpace space = front_space(grids), unguided = space;
    unguided.sizes.clear();
    const auto search = make_search(options(), space), nsga2 = make_search(options(), unguided);
    for (int k = 0; k < 20; ++k) {
      generation(*search, grids);
      generation(*nsga2, grids);
    }
    for (int k = 0; k < kSizes; ++k) {
      const std::int64_t size = space.sizes[static_cast<std::size_t>(k)];
      const double start =
          grids.harm_within(space.seeds[static_cast<std::size_t>(k)], static_cast<double>(size) / Grids::kWeights);
      const double found = harm_at(grids, *search, size);
      EXPECT_LT(found, start - 0.15) << "instance " << instance << ", size " << k;
      mean += (found - start) / (2 * kSizes);
      rival += (harm_at(grids, *nsga2, size) - start) / (2 * kSizes);
    }
  }
  EXPECT_LT(mean, rival - 0.02);
}

TEST(GridFront, WithoutSurrogateItIsNsga2) {
  const Grids grids(1, 0.07, Grids::Pricing::none);
  SearchSpace space = front_space(grids), unguided = space;
  unguided.sizes.clear();
  SearchOptions plain = options();
  plain.surrogate = false;
  const auto search = make_search(plain, space), nsga2 = make_search(options(), unguided);
  for (int k = 0; k < 3; ++k) {
    EXPECT_EQ(search->ask(), nsga2->ask());
    generation(*search, grids);
    generation(*nsga2, grids);
  }
  EXPECT_EQ(search->state(), nsga2->state());
}

TEST(GridFront, ItsFrontIsWhatNothingUndercuts) {
  const Grids grids(2, 0.07, Grids::Pricing::none);
  const SearchSpace space = front_space(grids);
  const auto search = make_search(options(), space);
  double before = 0;
  EXPECT_TRUE(search->front().empty());
  EXPECT_FALSE(search->centre_within(space.sizes.front()));
  for (int k = 0; k < 8; ++k) {
    EXPECT_EQ(search->ask(), search->ask());
    EXPECT_EQ(search->ask().size(), 24U);
    generation(*search, grids);
    const double now = hypervolume(search->front(), *space.range);
    EXPECT_GE(now, before);
    before = now;
    EXPECT_EQ(search->state().archive.size(), 24U * static_cast<std::size_t>(k + 1));
    EXPECT_EQ(search->state().best, search->front().back());
  }
  for (const Individual& one : search->state().archive) {
    for (const Individual& other : search->front()) {
      const bool undercut = one.bits <= other.bits && one.fitness > other.fitness;
      EXPECT_FALSE(undercut && one.bits >= space.range->least);
    }
  }
}

TEST(GridFront, GoesOnAfterRestoreBitForBit) {
  const Grids grids(4, 0.07, Grids::Pricing::none);
  const auto straight = make_search(options(), front_space(grids));
  SearchState saved;
  for (int k = 0; k < 5; ++k) {
    generation(*straight, grids);
    const auto resumed = make_search(options(), front_space(grids));
    resumed->restore(saved);
    generation(*resumed, grids);
    saved = resumed->state();
    ASSERT_EQ(saved, straight->state()) << k;
    EXPECT_TRUE(std::ranges::equal(resumed->front(), straight->front()));
  }
}

TEST(GridFront, RefusesAStateThatDoesNotFit) {
  const Grids grids(5, 0.07, Grids::Pricing::none);
  const auto search = make_search(options(), front_space(grids));
  for (int k = 0; k < 3; ++k) generation(*search, grids);
  EXPECT_TRUE(refuses(*search, [](SearchState& s) { s.archive.clear(); }));
  EXPECT_TRUE(refuses(*search, [](SearchState& s) { s.archive[7].genome.chromosomes.pop_back(); }));
  EXPECT_TRUE(
      refuses(*search, [](SearchState& s) { s.archive[7].fitness = std::numeric_limits<double>::quiet_NaN(); }));
  EXPECT_TRUE(refuses(*search, [](SearchState& s) { s.archive[7].bits = 0; }));
  EXPECT_TRUE(refuses(*search, [](SearchState& s) { s.parameters.pop_back(); }));
  EXPECT_TRUE(refuses(*search, [](SearchState& s) { s.parameters[3] = 0; }));
}

}  // namespace
}  // namespace vbq
