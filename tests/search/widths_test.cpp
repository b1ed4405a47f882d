// Searches whose chromosomes each have their own number of genes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "search/gene_space.hpp"
#include "search/search.hpp"
#include "search/tell.hpp"
#include "search/width_moves.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

constexpr std::size_t kLayers = 6;
constexpr std::size_t kCounts[] = {2, 4, 8, 0};

Chromosome evenly(std::size_t count) {
  Chromosome genes;
  for (std::size_t i = 0; i < count; ++i) {
    genes.push_back((2 * static_cast<double>(i) + 1) / static_cast<double>(count) - 1);
  }
  return genes;
}

SearchSpace space_of_widths() {
  SearchSpace space;
  space.chromosomes = kLayers;
  space.genes = 8;
  space.magnitude.assign(kLayers, 1.0);
  for (std::size_t c = 0; c < kLayers; ++c) {
    std::vector<Chromosome>& own = space.choices.emplace_back();
    for (const std::size_t count : kCounts) own.push_back(evenly(count));
  }
  for (const std::size_t k : {1U, 0U, 2U}) {
    Genome& seed = space.seeds.emplace_back();
    for (std::size_t c = 0; c < kLayers; ++c) seed.chromosomes.push_back(space.choices[c][k]);
  }
  return space;
}

std::size_t bits_of(std::size_t count) { return count == 0 ? 32 : count == 8 ? 3 : count == 4 ? 2 : 1; }

// Layers matter by powers of four; the budget is two bits a layer. Levels that stray from even ones cost a little.
double fitness_of(const Genome& genome) {
  double harm = 0.01, bits = 0;
  for (std::size_t c = 0; c < kLayers; ++c) {
    const Chromosome& genes = genome.chromosomes[c];
    const double b = static_cast<double>(bits_of(genes.size()));
    double stray = 0;
    for (std::size_t i = 0; i < genes.size(); ++i) stray += std::fabs(genes[i] - evenly(genes.size())[i]);
    bits += b;
    if (!genes.empty()) harm += (std::pow(4.0, -b) + 0.001 * stray) * std::pow(4.0, static_cast<double>(c));
  }
  return -std::log(harm) - 10 * std::max(0.0, bits - 2 * kLayers);
}

std::vector<double> told(const std::vector<Genome>& genomes) {
  std::vector<double> fitness;
  for (const Genome& genome : genomes) fitness.push_back(fitness_of(genome));
  return fitness;
}

SearchOptions options_of(Method method, Operators operators, std::uint64_t seed = 1) {
  SearchOptions options;
  options.method = method;
  options.operators = operators;
  options.population = 24;
  options.seed = seed;
  return options;
}

const SearchOptions kEvery[] = {options_of(Method::genetic, Operators::standard),
                                options_of(Method::genetic, Operators::nogami2018),
                                options_of(Method::random, Operators::standard)};

TEST(WidthMoves, GoToANeighbourAndMostlyBack) {
  const GeneSpace space(space_of_widths());
  int alone = 0, exchanged = 0;
  for (std::uint32_t i = 0; i < 300; ++i) {
    Random random(1, 0, i, Purpose::test);
    Genome genome = space.seeds().front();  // four levels each
    move_widths(genome, space, random);
    std::size_t more = 0, fewer = 0;
    for (std::size_t c = 0; c < kLayers; ++c) {
      const Chromosome& genes = genome.chromosomes[c];
      EXPECT_TRUE(std::ranges::find(space.choices(c), genes) != space.choices(c).end());
      more += genes.size() == 8 ? 1 : 0;
      fewer += genes.size() == 2 ? 1 : 0;
    }
    alone += more + fewer == 1 ? 1 : 0;
    exchanged += more == 1 && fewer == 1 ? 1 : 0;
  }
  EXPECT_GT(alone, 20);
  EXPECT_GT(exchanged, 60);
}

TEST(WidthMoves, TurnAtTheEnds) {
  const GeneSpace space(space_of_widths());
  for (const std::size_t k : {0U, 3U}) {
    int near = 0;  // genomes in which some chromosome went to the only neighbour
    for (std::uint32_t i = 0; i < 100; ++i) {
      Genome genome;
      for (std::size_t c = 0; c < kLayers; ++c) genome.chromosomes.push_back(space.choices(c)[k]);
      Random random(2, 0, i, Purpose::test);
      move_widths(genome, space, random);
      const std::size_t neighbour = k == 0 ? 4 : 8;
      near += std::ranges::any_of(genome.chromosomes, [&](const Chromosome& g) { return g.size() == neighbour; });
    }
    EXPECT_GT(near, 80);
  }
}

// A number of genes that is no choice (of a seed from elsewhere) moves to the choices beside it.
TEST(WidthMoves, FromBetweenTwoChoices) {
  const GeneSpace space(space_of_widths());
  std::set<std::size_t> seen;
  for (std::uint32_t i = 0; i < 200; ++i) {
    Genome genome;
    genome.chromosomes.assign(kLayers, evenly(5));
    Random random(3, 0, i, Purpose::test);
    move_widths(genome, space, random);
    for (const Chromosome& genes : genome.chromosomes) seen.insert(genes.size());
  }
  EXPECT_TRUE(seen.contains(4) && seen.contains(8) && seen.contains(5));
}

// Prices under which the later layers matter more, as in fitness_of().
SearchSpace space_of_prices() {
  SearchSpace space = space_of_widths();
  space.budget = 2 * kLayers;
  for (std::size_t c = 0; c < kLayers; ++c) {
    std::vector<Priced>& own = space.prices.emplace_back();
    for (const std::size_t count : kCounts) {
      const auto bits = static_cast<std::int64_t>(bits_of(count));
      const double harm = count == 0 ? 0 : std::pow(4.0, static_cast<double>(c) - static_cast<double>(bits));
      own.push_back({bits, static_cast<std::int64_t>(1e9 * harm)});
    }
  }
  return space;
}

TEST(WidthMoves, SharingOutAnewKeepsTheBudgetAndTheGenesOfWhatStays) {
  const GeneSpace space(space_of_prices());
  Genome moved = space.seeds().front();  // four levels each: the whole budget
  for (Chromosome& genes : moved.chromosomes) genes.back() += 0.1;
  int others = 0;
  for (std::uint32_t i = 0; i < 200; ++i) {
    Random random(4, 0, i, Purpose::test);
    Genome genome = moved;
    const bool changed = share_out_anew(genome, space, random);
    EXPECT_EQ(changed, genome != moved);
    others += changed ? 1 : 0;
    std::size_t bits = 0;
    for (const Chromosome& genes : genome.chromosomes) {
      bits += bits_of(genes.size());
      if (genes.size() == 4) {
        EXPECT_EQ(genes, moved.chromosomes.front()) << "what stays keeps its genes";
      }
    }
    EXPECT_LE(bits, 2 * kLayers);
  }
  EXPECT_GT(others, 100);
  Genome large = moved;
  large.chromosomes[0].clear();  // more than the budget: not for others to make up for
  Random random(5, 0, 0, Purpose::test);
  const Genome before = large;
  for (int i = 0; i < 20; ++i) share_out_anew(large, space, random);
  EXPECT_NE(large, before) << "until the one that is too large is freed";
}

TEST(SearchOfWidths, FindsMoreWherePricesAreKnown) {
  double with = 0, without = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    for (const bool known : {false, true}) {
      const SearchOptions options = options_of(Method::genetic, Operators::standard, seed);
      const auto search = make_search(options, known ? space_of_prices() : space_of_widths());
      for (int generation = 0; generation < 4; ++generation) support::tell(*search, told(search->ask()));
      (known ? with : without) += search->state().best.fitness;
    }
  }
  EXPECT_GT(with, without);
}

TEST(SearchOfWidths, FindsWhereLevelsAreWorthMost) {
  const auto search = make_search(kEvery[0], space_of_widths());
  const double start = fitness_of(space_of_widths().seeds.front());
  for (int generation = 0; generation < 40; ++generation) support::tell(*search, told(search->ask()));
  const Genome& best = search->state().best.genome;
  std::size_t bits = 0;
  for (const Chromosome& genes : best.chromosomes) bits += bits_of(genes.size());
  EXPECT_LE(bits, 2 * kLayers);
  EXPECT_EQ(best.chromosomes.back().size(), 8U);
  EXPECT_EQ(best.chromosomes.front().size(), 2U);
  EXPECT_GT(search->state().best.fitness, start + 0.3);
}

TEST(SearchOfWidths, EveryMethodKeepsToTheSpaceAndGoesOnAfterRestoreBitForBit) {
  for (const SearchOptions& options : kEvery) {
    const GeneSpace space(space_of_widths());
    const auto straight = make_search(options, space_of_widths());
    SearchState saved;
    std::set<std::size_t> lengths;
    for (int generation = 0; generation < 10; ++generation) {
      const std::vector<Genome> asked = straight->ask();
      for (const Genome& genome : asked) {
        EXPECT_NO_THROW(space.check(genome, "newborn"));
        for (const Chromosome& genes : genome.chromosomes) lengths.insert(genes.size());
      }
      const auto resumed = make_search(options, space_of_widths());
      resumed->restore(saved);
      EXPECT_EQ(resumed->ask(), asked);
      support::tell(*straight, told(asked));
      support::tell(*resumed, told(asked));
      EXPECT_EQ(resumed->state(), straight->state());
      saved = straight->state();
    }
    EXPECT_EQ(lengths, (std::set<std::size_t>{0, 2, 4, 8}));
  }
}

TEST(SearchOfWidths, RefusesStatesWithImpossibleLengths) {
  const SearchOptions& options = kEvery[0];
  const auto search = make_search(options, space_of_widths());
  support::tell(*search, told(search->ask()));
  const SearchState good = search->state();
  SearchState bad = good;
  bad.population.front().genome.chromosomes[0] = {0.5};
  EXPECT_THROW(make_search(options, space_of_widths())->restore(bad), Error);
  bad = good;
  bad.best.genome.chromosomes[0] = evenly(9);
  EXPECT_THROW(make_search(options, space_of_widths())->restore(bad), Error);
  const std::size_t centre = good.parameters.size() - kLayers * 9;  // the length of its first chromosome
  for (const double length : {1.0, 9.0, 1e300, -5.0, 2.5}) {
    bad = good;
    bad.parameters[centre] = length;
    EXPECT_THROW(make_search(options, space_of_widths())->restore(bad), Error) << length;
  }
}

}  // namespace
}  // namespace vbq
