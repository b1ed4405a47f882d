// What every search method promises.
#include "search/search.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "search/gene_space.hpp"
#include "search/landscape.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

struct Kind {
  const char* name;
  Method method;
  Operators operators;
};
constexpr Kind kKinds[] = {{"standard", Method::genetic, Operators::standard},
                           {"nogami2018", Method::genetic, Operators::nogami2018},
                           {"random", Method::random, Operators::standard}};

SearchOptions options_of(const Kind& kind, std::uint64_t seed = 1, int population = 50) {
  SearchOptions options;
  options.method = kind.method;
  options.operators = kind.operators;
  options.seed = seed;
  options.population = population;
  return options;
}

class EverySearch : public testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(Kinds, EverySearch, testing::ValuesIn(kKinds),
                         [](const auto& kind) { return kind.param.name; });

std::vector<double> fitness_of(const std::vector<Genome>& genomes, const support::Landscape& landscape) {
  std::vector<double> fitness;
  for (const Genome& genome : genomes) fitness.push_back(landscape.fitness(genome));
  return fitness;
}

TEST_P(EverySearch, AsksForSeedsFirstAndForNoSurvivorAgain) {
  const support::Landscape landscape(1);
  const SearchSpace space = landscape.space();
  const auto search = make_search(options_of(GetParam()), space);
  EXPECT_EQ(search->state(), SearchState());
  std::vector<Genome> asked = search->ask();
  ASSERT_EQ(asked.size(), 50U);
  EXPECT_EQ(search->ask(), asked) << "the same until tell()";
  for (std::size_t i = 0; i < space.seeds.size(); ++i) EXPECT_EQ(asked[i], space.seeds[i]);
  support::tell(*search, fitness_of(asked, landscape));
  EXPECT_EQ(search->state().generation, 1);
  EXPECT_EQ(search->state().population.size(), 50U);
  for (int generation = 1; generation < 12; ++generation) {
    asked = search->ask();
    EXPECT_EQ(asked.size(), 35U);
    for (std::size_t i = 0; i < asked.size(); ++i) {
      for (const Individual& old : search->state().population)
        EXPECT_NE(asked[i], old.genome) << "generation " << generation;
      for (std::size_t j = 0; j < i; ++j) EXPECT_NE(asked[i], asked[j]);
    }
    support::tell(*search, fitness_of(asked, landscape));
  }
}

// Our own steps around a point, and asks for it first.
TEST_P(EverySearch, TheCentreIsWhereStepsBegin) {
  const support::Landscape landscape(1);
  const auto search = make_search(options_of(GetParam()), landscape.space());
  EXPECT_EQ(search->centre(), std::nullopt) << "nothing has been told yet";
  for (int generation = 0; generation < 6; ++generation) {
    support::tell(*search, fitness_of(search->ask(), landscape));
    const std::optional<Genome> centre = search->centre();
    ASSERT_EQ(centre.has_value(), std::string(GetParam().name) == "standard");
    if (centre) {
      EXPECT_EQ(*centre, search->ask().front());
    }
  }
  if (!search->centre()) return;
  // Where fitness is not noisy it is not far from the best, though many of its steps have gone astray.
  const std::vector<double> seeds = fitness_of(landscape.space().seeds, landscape);
  EXPECT_GT(landscape.fitness(*search->centre()), *std::ranges::min_element(seeds));
}

TEST_P(EverySearch, BestNeverFallsAndIsTheBestEverTold) {
  const support::Landscape landscape(2);
  const auto search = make_search(options_of(GetParam()), landscape.space());
  double best = -std::numeric_limits<double>::infinity();
  for (int generation = 0; generation < 30; ++generation) {
    const std::vector<double> told = fitness_of(search->ask(), landscape);
    support::tell(*search, told);
    best = std::max(best, *std::max_element(told.begin(), told.end()));
    const SearchState& state = search->state();
    EXPECT_EQ(state.best.fitness, best);
    EXPECT_EQ(landscape.fitness(state.best.genome), best);
    EXPECT_EQ(state.population.front().fitness, best) << "elitism";
    for (std::size_t i = 1; i < state.population.size(); ++i) {
      EXPECT_GE(state.population[i - 1].fitness, state.population[i].fitness);
    }
    for (const Individual& one : state.population) EXPECT_EQ(landscape.fitness(one.genome), one.fitness);
  }
}

TEST_P(EverySearch, DependsOnTheSeedAlone) {
  const support::Landscape landscape(3);
  const auto run = [&](std::uint64_t seed) {
    const auto search = make_search(options_of(GetParam(), seed), landscape.space());
    for (int generation = 0; generation < 8; ++generation) support::tell(*search, fitness_of(search->ask(), landscape));
    return search->state();
  };
  EXPECT_EQ(run(5), run(5));
  EXPECT_NE(run(5).population, run(6).population);
  EXPECT_NE(run(5).population, run(5 + (std::uint64_t{1} << 32)).population);
}

TEST_P(EverySearch, GoesOnAfterRestoreBitForBit) {
  const support::Landscape landscape(4);
  const SearchOptions options = options_of(GetParam(), 9, 20);
  const auto straight = make_search(options, landscape.space());
  SearchState saved;
  for (int generation = 0; generation < 14; ++generation) {
    support::tell(*straight, fitness_of(straight->ask(), landscape));
    const auto resumed = make_search(options, landscape.space());
    if (generation % 3 == 0) resumed->ask();  // what was asked before is forgotten
    resumed->restore(saved);
    EXPECT_EQ(resumed->state(), saved);
    support::tell(*resumed, fitness_of(resumed->ask(), landscape));
    saved = resumed->state();
    ASSERT_EQ(saved, straight->state()) << "generation " << generation;
  }
}

TEST_P(EverySearch, RefusesAStateThatDoesNotFit) {
  const support::Landscape landscape(5);
  const auto search = make_search(options_of(GetParam(), 1, 10), landscape.space());
  for (int generation = 0; generation < 3; ++generation) support::tell(*search, fitness_of(search->ask(), landscape));
  const SearchState good = search->state();
  const auto refused = [&](auto&& spoil) {
    SearchState state = good;
    spoil(state);
    EXPECT_THROW(search->restore(state), Error);
    EXPECT_EQ(search->state(), good) << "nothing changed";
  };
  refused([](SearchState& s) { s.generation = -1; });
  refused([](SearchState& s) { s.generation = 0; });
  refused([](SearchState& s) { s.population.pop_back(); });
  refused([](SearchState& s) { s.population.clear(); });
  refused([](SearchState& s) { s.population[2].genome.chromosomes.pop_back(); });
  refused([](SearchState& s) { s.population[2].genome.chromosomes[1].push_back(9); });
  refused([](SearchState& s) {
    std::swap(s.population[2].genome.chromosomes[1][0], s.population[2].genome.chromosomes[1][7]);
  });
  refused([](SearchState& s) { s.population[3].genome.chromosomes[0][7] = std::numeric_limits<double>::infinity(); });
  refused([](SearchState& s) { s.population[3].fitness = std::nan(""); });
  refused([](SearchState& s) { s.population[0].fitness = -1e9; });
  refused([](SearchState& s) { s.best.genome = {}; });
  refused([](SearchState& s) { s.best.fitness = -1e9; });
  refused([](SearchState& s) { s.parameters.push_back(1); });
}

TEST_P(EverySearch, RefusesWhatItIsNotToldProperly) {
  const support::Landscape landscape(6);
  const auto search = make_search(options_of(GetParam(), 1, 10), landscape.space());
  EXPECT_THROW(support::tell(*search, std::vector<double>(9, 0.0)), Error);
  std::vector<double> told(10, 0.0);
  told[4] = std::nan("");
  EXPECT_THROW(support::tell(*search, told), Error);
  EXPECT_EQ(search->state(), SearchState());
}

TEST(MakeSearch, RefusesBadOptions) {
  const support::Landscape landscape(7, 2);
  const auto refused = [&](auto&& spoil) {
    SearchOptions options;
    spoil(options);
    EXPECT_THROW(make_search(options, landscape.space()), Error);
  };
  refused([](SearchOptions& o) { o.population = 1; });
  refused([](SearchOptions& o) { o.population = -3; });
  refused([](SearchOptions& o) { o.mutation = -0.1; });
  refused([](SearchOptions& o) { o.crossover = std::nan(""); });
  refused([](SearchOptions& o) { o.reproduction = 1.5; });
  refused([](SearchOptions& o) { o.mutation = o.crossover = 0; });
  SearchSpace space = landscape.space();
  space.seeds[1].chromosomes[0].pop_back();
  EXPECT_THROW(make_search({}, space), Error);
  space = landscape.space();
  space.magnitude.pop_back();
  EXPECT_THROW(make_search({}, space), Error);
}

// Any space, any fitness: what is asked stays valid. About half a million chromosomes a method.
TEST_P(EverySearch, AsksForValidGenomesOnly) {
  std::size_t chromosomes = 0;
  for (std::uint32_t round = 0; round < 400; ++round) {
    Random random(17, 0, round, Purpose::test);
    SearchSpace space;
    space.chromosomes = 1 + static_cast<int>(random.below(round % 10 == 0 ? 20 : 4));
    space.genes = 1 + static_cast<int>(random.below(round % 4 == 0 ? 64 : 8));
    space.positive = random.below(2) == 0;
    if (random.below(8) == 0) {  // companded
      space.genes = 2;
      space.positive = true;
      space.sorted = false;
    }
    for (int c = 0; c < space.chromosomes; ++c) {
      space.magnitude.push_back(random.below(10) == 0   ? 0
                                : random.below(10) == 0 ? 3e38
                                                        : std::exp(random.uniform(-20, 8)));
    }
    for (std::uint64_t s = random.below(5); s > 0; --s) {
      Genome& seed = space.seeds.emplace_back();
      for (double magnitude : space.magnitude) {
        Chromosome& genes = seed.chromosomes.emplace_back();
        const bool constant = random.below(5) == 0;  // all genes equal
        for (int g = 0; g < space.genes; ++g) {
          const double draw = constant ? 0.5 : space.positive ? 1e-7 + random.uniform(0, 0.99) : random.uniform(-1, 1);
          genes.push_back(magnitude > 0 ? magnitude * draw : space.positive ? 1e-6 : 0);
        }
        if (space.sorted) std::sort(genes.begin(), genes.end());
      }
    }
    const GeneSpace checker(space);
    SearchOptions options = options_of(GetParam(), round, 2 + static_cast<int>(random.below(round % 3 == 0 ? 40 : 8)));
    options.reproduction = random.uniform();
    const auto search = make_search(options, space);
    const std::uint64_t kind = random.below(4);
    for (int generation = 0; generation < 25; ++generation) {
      std::vector<double> told;
      for (const Genome& genome : search->ask()) {
        ASSERT_NO_THROW(checker.check(genome, "a newborn")) << "round " << round << " generation " << generation;
        chromosomes += genome.chromosomes.size();
        switch (kind) {  // noise, a plateau, a pull to the edge, huge values
          case 0:
            told.push_back(random.normal());
            break;
          case 1:
            told.push_back(0);
            break;
          case 2:
            told.push_back(std::log(1e-300 + std::fabs(genome.chromosomes[0].back())));
            break;
          default:
            told.push_back(random.uniform(-1e300, 1e300));
        }
      }
      support::tell(*search, told);
      ASSERT_EQ(search->state().population.size(), static_cast<std::size_t>(options.population));
    }
  }
  EXPECT_GT(chromosomes, 100000U);
}

}  // namespace
}  // namespace vbq
