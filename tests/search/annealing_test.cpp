// Simulated annealing of companded codebooks, and what every operator owes to genes of any size.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/random.hpp"
#include "search/search.hpp"
#include "search/tell.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

SearchSpace companded(int chromosomes) {
  SearchSpace space;
  space.chromosomes = chromosomes;
  space.genes = 2;
  space.positive = true;
  space.sorted = false;
  space.magnitude.assign(static_cast<std::size_t>(chromosomes), 1.0);
  space.start.chromosomes.assign(static_cast<std::size_t>(chromosomes), {1.25, 0.05});
  return space;
}

SearchOptions annealing(std::uint64_t seed) {
  SearchOptions options;
  options.method = Method::annealing;
  options.seed = seed;
  return options;
}

// Like a top-1 share: 1 at a = 1.6, b = 0.1 in every chromosome.
double fitness(const Genome& genome) {
  double off = 0;
  for (const Chromosome& genes : genome.chromosomes) {
    off += std::fabs(std::log(genes[0] / 1.6)) + std::fabs(std::log(genes[1] / 0.1));
  }
  return 1 - 0.2 * off / static_cast<double>(genome.chromosomes.size());
}

double tell_one(SearchMethod& search) {
  const std::vector<Genome> asked = search.ask();
  EXPECT_EQ(asked.size(), 1U);
  const double f = fitness(asked.front());
  support::tell(search, std::vector<double>{f});
  return f;
}

TEST(Annealing, BeginsAsPublishedAndChangesOneChromosomeAtATime) {
  const auto search = make_search(annealing(1), companded(3));
  EXPECT_EQ(search->ask().front(), companded(3).start);
  tell_one(*search);
  for (std::size_t step = 0; step < 30; ++step) {
    const Genome now = search->state().population.front().genome, next = search->ask().front();
    const double t = std::pow(0.95, static_cast<double>(step / 3));
    for (std::size_t c = 0; c < 3; ++c) {
      if (c != step % 3) {
        EXPECT_EQ(next.chromosomes[c], now.chromosomes[c]);
        continue;
      }
      EXPECT_LE(std::fabs(next.chromosomes[c][0] - now.chromosomes[c][0]), std::fabs(1 - now.chromosomes[c][0]) * t);
      EXPECT_LE(std::fabs(next.chromosomes[c][1] - now.chromosomes[c][1]), 0.5 * now.chromosomes[c][1] * t);
      EXPECT_NE(next.chromosomes[c], now.chromosomes[c]);
    }
    tell_one(*search);
  }
}

TEST(Annealing, FindsTheCurve) {
  double sum = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto search = make_search(annealing(seed), companded(4));
    const double first = tell_one(*search);
    for (int i = 0; i < 1200 && !search->finished(); ++i) tell_one(*search);
    EXPECT_GT(search->state().best.fitness, first + 0.1) << seed;
    sum += search->state().best.fitness;
  }
  EXPECT_GT(sum / 5, 0.93);  // from 0.81
}

TEST(Annealing, TakesWhatIsBetterAndSeldomWhatIsWorse) {
  const auto search = make_search(annealing(3), companded(2));
  tell_one(*search);
  int worse = 0, taken = 0;
  for (int i = 0; i < 400; ++i) {
    const Individual before = search->state().population.front();
    const Genome asked = search->ask().front();
    const double f = tell_one(*search);
    const bool moved = search->state().population.front().genome == asked;
    if (f >= before.fitness) {
      EXPECT_TRUE(moved);
    }
    if (f < before.fitness) ++worse, taken += moved;
    EXPECT_GE(search->state().best.fitness, search->state().population.front().fitness);
  }
  EXPECT_GT(worse, 50);
  EXPECT_GT(taken, 0);
  EXPECT_LT(taken, worse);
}

TEST(Annealing, EndsAfterThirtySweepsWithoutChange) {
  const auto search = make_search(annealing(1), companded(2));
  support::tell(*search, std::vector<double>{1.0});
  int candidates = 0;
  while (!search->finished() && candidates < 1000) {
    support::tell(*search, std::vector<double>{-1e6});
    ++candidates;
  }
  EXPECT_EQ(candidates, 60);
}

TEST(Annealing, GoesOnFromItsState) {
  const auto straight = make_search(annealing(9), companded(3));
  for (int i = 0; i < 40; ++i) {
    const auto resumed = make_search(annealing(9), companded(3));
    resumed->restore(straight->state());
    EXPECT_EQ(resumed->ask(), straight->ask());
    tell_one(*straight);
    tell_one(*resumed);
    ASSERT_EQ(resumed->state(), straight->state());
  }
  SearchState broken = straight->state();
  broken.parameters = {0, 7};
  EXPECT_THROW(make_search(annealing(9), companded(3))->restore(broken), Error);
}

// A million chromosomes by every operator, around weights of any size: each finite, in order, and above zero where it
// must be.
TEST(Operators, LeaveValidGenesWhateverTheFitness) {
  std::int64_t checked = 0;
  for (const double size : {1e-30, 1.0, 1e30}) {
    for (const bool positive : {false, true}) {
      for (const auto& [method, operators] :
           {std::pair{Method::genetic, Operators::standard}, std::pair{Method::genetic, Operators::nogami2018},
            std::pair{Method::random, Operators::standard}}) {
        SearchSpace space;
        space.chromosomes = 200;
        space.genes = 4;
        space.positive = positive;
        space.magnitude.assign(200, size);
        SearchOptions options;
        options.method = method;
        options.operators = operators;
        options.population = 30;
        const auto search = make_search(options, space);
        Random random(1, 0, 0, Purpose::test);
        for (int generation = 0; generation < 16; ++generation) {
          std::vector<double> told;
          for (const Genome& genome : search->ask()) {
            for (const Chromosome& genes : genome.chromosomes) {
              ++checked;
              ASSERT_TRUE(std::is_sorted(genes.begin(), genes.end()));
              for (const double gene : genes) {
                ASSERT_TRUE(std::fabs(gene) <= std::numeric_limits<float>::max());
                ASSERT_TRUE(!positive || gene > 0);
              }
            }
            told.push_back(std::exp(random.uniform(-300, 300)) * random.normal());
          }
          support::tell(*search, told);
        }
      }
    }
  }
  EXPECT_GE(checked, 1'000'000);
}

}  // namespace
}  // namespace vbq
