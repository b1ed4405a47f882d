// Validation images, tallies block by block, and networks that are delivered with images of their own number.
#include <gtest/gtest.h>

#include <numeric>

#include <cstdlib>
#include <vector>

#include "core/stop.hpp"
#include "evaluate/local_evaluator.hpp"
#include "support/problem.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

using support::random_genomes;
using support::small_problem;

// Every other image that the search does not see.
Problem with_validation(Problem problem) {
  for (std::int64_t i = 0; i < 11; ++i) problem.split.validation.push_back(4 * i);
  return problem;
}

TEST(LocalEvaluator, ValidationImagesAreOfTheSearchsDatasetAndChangedAlike) {
  Problem problem = with_validation(small_problem());
  const QuantisedNetwork network = make_local_evaluator(problem)->network(random_genomes(problem, 1)[0]);
  const Tally plain = make_local_evaluator(problem)->score(ImageSet::validation, network);
  EXPECT_EQ(plain.seen, 11);
  Problem searched = problem;
  searched.split.search = problem.split.validation;
  searched.split.validation.clear();
  EXPECT_EQ(plain, make_local_evaluator(searched)->score(ImageSet::search, network));
  for (Problem* of : {&problem, &searched}) {
    of->augment = Augment::mix;
    of->comparison.temperature = 8;
  }
  const Tally changed = make_local_evaluator(problem)->score(ImageSet::validation, network);
  EXPECT_EQ(changed, make_local_evaluator(searched)->score(ImageSet::search, network));
  EXPECT_NE(changed.divergence, plain.divergence);
}

TEST(LocalEvaluator, BlocksAddUp) {
  const Problem problem = with_validation(small_problem());
  const auto evaluator = make_local_evaluator(problem);
  const QuantisedNetwork network = evaluator->network(random_genomes(problem, 1)[0]);
  for (const ImageSet set : {ImageSet::search, ImageSet::held_out, ImageSet::validation}) {
    const std::vector<Tally> blocks = evaluator->score_blocks(set, network);
    ASSERT_EQ(std::ssize(blocks), block_count(problem, set));
    Tally sum;
    for (const Tally& tally : blocks) sum += tally;
    EXPECT_EQ(sum, make_local_evaluator(problem)->score(set, network));  // which remembers no blocks
    EXPECT_EQ(blocks.front().seen, problem.engine.block);
    EXPECT_EQ(blocks.back().seen,
              std::ssize(images_of(problem, set)) - (std::ssize(blocks) - 1) * problem.engine.block);
  }
  EXPECT_THROW(make_local_evaluator(small_problem())->score(ImageSet::validation, network), Error);
}

// Networks to be delivered may be many, and each takes long: a wish to stop is heeded between them.
TEST(LocalEvaluatorDeathTest, StopsBetweenNetworks) {
  EXPECT_EXIT(
      {
        const Problem problem = small_problem();
        const auto genomes = random_genomes(problem, 2);
        const auto evaluator = make_local_evaluator(problem);
        if (evaluator->networks(genomes).size() != 2) std::_Exit(1);
        request_stop(StopCause::signal);
        try {
          evaluator->networks(genomes);
        } catch (const Stopped&) {
          std::_Exit(7);
        }
        std::_Exit(2);
      },
      testing::ExitedWithCode(7), "");
}

// Candidates are run over some of the search's images, and made of all; what is delivered knows nothing of it.
TEST(LocalEvaluator, CandidatesAreRunOverTheFitnessImages) {
  Problem all = with_validation(small_problem());
  all.format.matching = Matching::always;
  all.format.matching_images = 20;
  all.with_divergence = true;
  Problem some = all;
  some.fitness_images = spaced_images(all, 6);
  EXPECT_EQ(some.fitness_images.size(), 6U);
  EXPECT_EQ(block_count(some, ImageSet::search), 2);
  EXPECT_NE(evaluation_hash(some), evaluation_hash(all));
  const auto genomes = random_genomes(all, 3);
  const auto of_all = make_local_evaluator(all), of_some = make_local_evaluator(some);
  const auto expected = of_all->evaluate(genomes, {}), evaluated = of_some->evaluate(genomes, {});
  for (std::size_t g = 0; g < genomes.size(); ++g) {
    EXPECT_EQ(evaluated[g].network, expected[g].network);
    EXPECT_EQ(evaluated[g].tally.seen, 6);
    EXPECT_EQ(expected[g].tally.seen, 22);
    const QuantisedNetwork network = of_some->network(genomes[g]);
    EXPECT_EQ(network.id(), of_all->network(genomes[g]).id());
    Problem only = all;
    only.split.search = some.fitness_images;
    EXPECT_EQ(make_local_evaluator(only)->score(ImageSet::search, network), evaluated[g].tally);
    EXPECT_EQ(of_some->score(ImageSet::validation, network), of_all->score(ImageSet::validation, network));
  }
  some.fitness_images.push_back(1000000);
  EXPECT_THROW(make_local_evaluator(some), Error);
}

// In another order of images; a race that drops nobody gives what evaluate() does, image by image too.
TEST(LocalEvaluator, RacesOverImagesThatAreDrawn) {
  Problem plain = small_problem();
  plain.with_divergence = true;
  Problem raced = plain;
  raced.races = true;
  EXPECT_NE(evaluation_hash(raced), evaluation_hash(plain));
  const auto genomes = random_genomes(plain, 4);
  const auto expected = make_local_evaluator(plain)->evaluate(genomes, {});
  const auto evaluator = make_local_evaluator(raced);
  Race race({0.1, 1, 22, raced.engine.block, Fitness::top1}, {});
  const auto evaluated = evaluator->race(genomes, {}, race);
  for (std::size_t g = 0; g < genomes.size(); ++g) {
    EXPECT_EQ(evaluated[g].network, expected[g].network);
    EXPECT_EQ(evaluated[g].tally.seen, 22);
    EXPECT_EQ(evaluated[g].tally.top1, expected[g].tally.top1);
    EXPECT_NEAR(mean_divergence(evaluated[g].tally), mean_divergence(expected[g].tally), 1e-6);
    EXPECT_FALSE(evaluated[g].foretold);
    const ImageHarms harms = race.harms(g);
    EXPECT_EQ(std::accumulate(harms.begin(), harms.end(), std::int64_t{0}), 22 - evaluated[g].tally.top1);
  }
}

// What is delivered is matched on more images, whatever was made before or after it.
TEST(LocalEvaluator, DeliversWithItsOwnImages) {
  Problem problem = small_problem();
  problem.format.assignment = Assignment::sequential;
  problem.format.matching = Matching::always;
  problem.format.matching_images = 4;
  const auto genomes = random_genomes(problem, 2);
  Problem more = problem;
  more.format.matching_images = 16;
  const auto of_more = make_local_evaluator(more);
  Problem both = problem;
  both.format.delivery_images = 16;
  const auto evaluator = make_local_evaluator(both);
  const auto evaluated = make_local_evaluator(problem)->evaluate(genomes, {});
  EXPECT_EQ(evaluator->evaluate(genomes, {}), evaluated);
  EXPECT_EQ(evaluator->network(genomes[1]), of_more->network(genomes[1]));
  EXPECT_NE(evaluator->network(genomes[1]).id(), evaluated[1].network);
  EXPECT_EQ(evaluator->evaluate(genomes, {}), evaluated);
}

}  // namespace
}  // namespace vbq
