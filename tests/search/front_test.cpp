// Fronts of two objectives, and the search for one.
#include "search/front.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/random.hpp"
#include "search/gene_space.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

constexpr BitRange kRange{100, 200};
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// By the definition, one front after the other.
std::vector<std::size_t> fronts_by_definition(const std::vector<Objectives>& all, const BitRange& range) {
  const auto outside = [&](std::size_t i) {
    return std::max<std::int64_t>({0, all[i].bits - range.most, range.least - all[i].bits});
  };
  const auto dominates = [&](std::size_t a, std::size_t b) {
    if (outside(a) != outside(b)) return outside(a) < outside(b);
    if (outside(a) > 0) return false;
    if (all[a] == all[b]) return a < b;
    return all[a].bits <= all[b].bits && all[a].fitness >= all[b].fitness;
  };
  std::vector<std::size_t> numbers(all.size(), all.size());
  for (std::size_t number = 0, left = all.size(); left > 0; ++number) {
    std::vector<std::size_t> front;
    for (std::size_t i = 0; i < all.size(); ++i) {
      bool free = numbers[i] == all.size();
      for (std::size_t k = 0; free && k < all.size(); ++k) free = numbers[k] < all.size() || !dominates(k, i);
      if (free) front.push_back(i);
    }
    for (const std::size_t i : front) numbers[i] = number;
    left -= front.size();
  }
  return numbers;
}

TEST(Front, NumbersAreThoseOfTheDefinition) {
  EXPECT_EQ(front_numbers({}, kRange), (std::vector<std::size_t>{}));
  const std::vector<Objectives> few{{1, 150}, {2, 160}, {0.5, 150}, {1, 150}, {3, 201}, {9, 90}, {2, 210}, {7, 90}};
  EXPECT_EQ(front_numbers(few, kRange), (std::vector<std::size_t>{0, 0, 2, 1, 3, 4, 4, 4}));
  for (std::uint32_t instance = 0; instance < 200; ++instance) {
    Random random(instance, 0, 0, Purpose::test);
    std::vector<Objectives> all(1 + random.below(40));
    for (Objectives& one : all) {
      one = {static_cast<double>(random.below(20)), static_cast<std::int64_t>(90 + random.below(120))};
    }
    ASSERT_EQ(front_numbers(all, kRange), fronts_by_definition(all, kRange));
  }
}

TEST(Front, CrowdingIsTheDistanceOfBothNeighbours) {
  const std::vector<Objectives> all{{0, 100}, {4, 120}, {5, 150}, {10, 200}, {0, 110}};
  const std::vector<std::size_t> fronts{0, 0, 0, 0, 1};
  const std::vector<double> distances = crowding_distances(all, fronts);
  EXPECT_EQ(distances[0], kInfinity);
  EXPECT_EQ(distances[3], kInfinity);
  EXPECT_EQ(distances[4], kInfinity) << "alone in its front";
  EXPECT_NEAR(distances[1], 0.5 + 0.5, 1e-12);
  EXPECT_NEAR(distances[2], 0.8 + 0.6, 1e-12);
  EXPECT_EQ(best_of_front_first(all, kRange), (std::vector<std::size_t>{0, 3, 2, 1, 4}));
}

TEST(Front, TheArchiveHoldsAllThatNothingUndercuts) {
  Random random(3, 0, 0, Purpose::test);
  std::vector<Individual> archive;
  std::vector<Objectives> all;
  for (int i = 0; i < 500; ++i) {
    all.push_back({std::floor(30 * random.uniform()), static_cast<std::int64_t>(90 + random.below(120))});
    const Individual one{{{{static_cast<double>(i)}}}, all.back().fitness, all.back().bits};
    const bool is_new = front_numbers(all, kRange).back() == 0 && one.bits >= 100 && one.bits <= 200;
    ASSERT_EQ(add_to_archive(archive, one, kRange), is_new) << i;
    std::size_t expected = 0;
    const std::vector<std::size_t> numbers = front_numbers(all, kRange);
    for (std::size_t k = 0; k < all.size(); ++k) {
      expected += numbers[k] == 0 && all[k].bits >= 100 && all[k].bits <= 200 ? 1 : 0;
    }
    ASSERT_EQ(archive.size(), expected) << i;
  }
  for (std::size_t k = 1; k < archive.size(); ++k) {
    EXPECT_LT(archive[k - 1].bits, archive[k].bits);
    EXPECT_LT(archive[k - 1].fitness, archive[k].fitness);
  }
}

TEST(Front, HypervolumeIsTheMeanFitnessOverSizes) {
  EXPECT_EQ(hypervolume({}, kRange), 0.0);
  const std::vector<Individual> archive{{{}, -1, 110}, {{}, 2, 120}, {{}, 5, 180}};
  EXPECT_DOUBLE_EQ(hypervolume(archive, kRange), (2 * 60 + 5 * 20) / 100.0);
  const std::vector<Individual> ends{{{}, 1, 100}, {{}, 3, 200}};
  EXPECT_DOUBLE_EQ(hypervolume(ends, kRange), 1.0);
}

// ---- the search ----------------------------------------------------------------------------------------------------
constexpr int kLayers = 8;

// Each layer's bits fall with the logarithm of its step, and its harm grows with the step's square, by its own weight:
// equal steps are the best allocation for none of them.
Objectives judged(const Genome& genome) {
  double bits = 0, harm = 0;
  for (int c = 0; c < kLayers; ++c) {
    const Chromosome& genes = genome.chromosomes[static_cast<std::size_t>(c)];
    const double step = genes[0], rate = genes[1];
    bits += 100 * std::log2(1 + 20 / step / (0.5 + 0.5 * rate));
    harm += std::exp2(c) * step * step * (0.75 + 0.25 * rate * rate);
  }
  return {-std::log(harm / 1000), static_cast<std::int64_t>(bits)};
}

std::vector<Objectives> judged(const std::vector<Genome>& genomes) {
  std::vector<Objectives> all;
  all.reserve(genomes.size());
  for (const Genome& genome : genomes) all.push_back(judged(genome));
  return all;
}

SearchSpace space_of_steps() {
  SearchSpace space;
  space.chromosomes = kLayers;
  space.genes = 2;
  space.positive = true;
  space.sorted = false;
  space.relative_gap = 1.5;
  space.magnitude.assign(kLayers, 10.0);
  for (const double step : {0.5, 1.0, 2.0, 4.0}) {
    space.seeds.push_back({std::vector<Chromosome>(kLayers, Chromosome{step, 1.0})});
  }
  space.range = BitRange{judged(space.seeds.back()).bits - 100, judged(space.seeds.front()).bits + 100};
  return space;
}

SearchOptions options_of(std::uint64_t seed, int population = 24) {
  SearchOptions options;
  options.seed = seed;
  options.population = population;
  return options;
}

TEST(SearchForAFront, FindsMoreThanItsSeedsAtEverySize) {
  const SearchSpace space = space_of_steps();
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto search = make_search(options_of(seed), space);
    double before = 0;
    for (int generation = 0; generation < 30; ++generation) {
      const std::vector<Genome> asked = search->ask();
      ASSERT_EQ(asked.size(), 24U);
      for (const Genome& genome : asked) EXPECT_NO_THROW(GeneSpace(space).check(genome, "newborn"));
      search->tell(judged(asked));
      const double now = hypervolume(search->state().archive, *space.range);
      EXPECT_GE(now, before) << "nothing is lost";
      before = now;
    }
    const std::vector<Individual>& archive = search->state().archive;
    EXPECT_GT(archive.size(), 30U);
    EXPECT_EQ(search->state().best, archive.back());
    for (const Genome& genome : space.seeds) {
      const Objectives start = judged(genome);
      double best = -kInfinity;
      for (const Individual& one : archive) best = one.bits <= start.bits ? std::max(best, one.fitness) : best;
      EXPECT_GT(best, start.fitness + 0.2) << start.bits;
    }
  }
}

TEST(SearchForAFront, GoesOnAfterRestoreBitForBit) {
  const auto straight = make_search(options_of(7), space_of_steps());
  SearchState saved;
  for (int generation = 0; generation < 6; ++generation) {
    const auto resumed = make_search(options_of(7), space_of_steps());
    resumed->restore(saved);
    const std::vector<Genome> asked = straight->ask();
    EXPECT_EQ(straight->ask(), asked) << "the same until tell()";
    EXPECT_EQ(resumed->ask(), asked);
    straight->tell(judged(asked));
    resumed->tell(judged(asked));
    EXPECT_EQ(resumed->state(), straight->state());
    saved = straight->state();
    EXPECT_EQ(saved.generation, generation + 1);
  }
}

TEST(SearchForAFront, RefusesStatesThatAreNotItsOwn) {
  const auto search = make_search(options_of(1), space_of_steps());
  EXPECT_THROW(search->tell(std::vector<Objectives>(3)), Error);
  for (int generation = 0; generation < 3; ++generation) search->tell(judged(search->ask()));
  const SearchState good = search->state();
  ASSERT_GT(good.archive.size(), 2U);
  const auto expect_refused = [&](const auto& spoil) {
    SearchState bad = good;
    spoil(bad);
    EXPECT_THROW(make_search(options_of(1), space_of_steps())->restore(bad), Error);
  };
  expect_refused([](SearchState& bad) { bad.population.pop_back(); });
  expect_refused([](SearchState& bad) { bad.parameters.clear(); });
  expect_refused([](SearchState& bad) { bad.parameters = {-1}; });
  expect_refused([](SearchState& bad) { bad.population[0].fitness = std::nan(""); });
  expect_refused([](SearchState& bad) { bad.population[0].genome.chromosomes.pop_back(); });
  expect_refused([](SearchState& bad) { std::swap(bad.archive[0], bad.archive[1]); });
  expect_refused([](SearchState& bad) { bad.archive[1].bits = bad.archive[0].bits; });
  expect_refused([](SearchState& bad) { bad.archive[0].bits = 1; });
  EXPECT_NO_THROW(make_search(options_of(1), space_of_steps())->restore(good));
}

}  // namespace
}  // namespace vbq
