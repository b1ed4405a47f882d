#include "evaluate/worker.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "evaluate/local_evaluator.hpp"
#include "support/problem.hpp"
#include "support/sums_alone.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

using support::counting;
using support::random_genomes;
using support::small_problem;

// The plain way: an engine with all images, one genome after the other.
Tally plainly(const Problem& problem, ImageSet set, const Genome* genome) {
  const auto engine = make_engine(problem.network, problem.engine);
  const ImageSource& source = source_of(problem, set);
  engine->load({source.read(images_of(problem, set)), source.info().normalisation, problem.engine.block,
                problem.with_divergence});
  if (genome != nullptr)
    engine->quantise(quantise(problem.network, Decoder(problem.network, problem.format)(*genome)).formats());
  return engine->tally(0, block_count(problem, set));
}

TEST(LocalEvaluator, TalliesAreThoseOfAnEngineWithAllImages) {
  const Problem problem = small_problem();
  const auto evaluator = make_local_evaluator(problem);
  const auto genomes = random_genomes(problem, 4);
  const auto evaluated = evaluator->evaluate(genomes, {});
  ASSERT_EQ(evaluated.size(), genomes.size());
  for (std::size_t g = 0; g < genomes.size(); ++g) {
    EXPECT_EQ(evaluated[g].tally, plainly(problem, ImageSet::search, &genomes[g]));
    EXPECT_EQ(evaluated[g].tally.seen, 22);
    EXPECT_GT(evaluated[g].tally.divergence, 0);
  }
  EXPECT_NE(evaluated[0].tally, evaluated[1].tally);
}

TEST(LocalEvaluator, TellsOfEachTask) {
  const Problem problem = small_problem();
  const auto evaluator = make_local_evaluator(problem);
  TaskDone all;
  evaluator->watch([&](const TaskDone& done) {
    EXPECT_EQ(done.worker, 0U);
    EXPECT_TRUE((done.made > 0) != (done.images > 0)) << "making, or running";
    all.made += done.made;
    all.images += done.images;
    all.seconds += done.seconds;
  });
  evaluator->evaluate(random_genomes(problem, 4), {});
  EXPECT_EQ(all.made, 4);
  EXPECT_EQ(all.images, 4 * 22);
  EXPECT_GT(all.seconds, 0);
  evaluator->watch({});
  evaluator->evaluate(random_genomes(problem, 3), {});
  EXPECT_EQ(all.made, 4);
}

TEST(LocalEvaluator, ScoresBothSetsAsTrainedAndQuantised) {
  const Problem problem = small_problem();
  const auto evaluator = make_local_evaluator(problem);
  const auto genomes = random_genomes(problem, 2);
  const auto before = evaluator->evaluate(genomes, {});
  for (const ImageSet set : {ImageSet::held_out, ImageSet::search}) {
    EXPECT_EQ(evaluator->score(set, {}), plainly(problem, set, nullptr));
    EXPECT_EQ(evaluator->score(set, evaluator->network(genomes[1])), plainly(problem, set, &genomes[1]));
  }
  EXPECT_EQ(evaluator->score(ImageSet::held_out, {}).seen, 13);
  EXPECT_NEAR(mean_divergence(evaluator->score(ImageSet::held_out, {})), 0.0, 1e-6);  // but for rounding
  EXPECT_EQ(evaluator->evaluate(genomes, {}), before);                                // the search images came back
}

// Convolutions whose weights are 1e30 times as large: all outputs overflow.
Problem overflowing_problem() {
  Problem problem = small_problem();
  for (const int k : weight_layers(problem.network)) {
    for (float& w : weight_of(problem.network.nodes[static_cast<std::size_t>(k)])->data) w *= 1e30F;
  }
  return problem;
}

TEST(LocalEvaluator, RefusesToSearchOnOutputsThatAreNotFinite) {
  try {
    make_local_evaluator(overflowing_problem());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::input);
    EXPECT_NE(std::string(error.what()).find("not finite (NaN or infinite) for 22 images"), std::string::npos)
        << error.what();
  }
}

TEST(LocalEvaluator, CountsOutputsThatAreNotFinite) {
  Problem problem = overflowing_problem();
  problem.with_divergence = false;  // as `vbq evaluate` has it
  const QuantisedNetwork other = make_local_evaluator(small_problem())->network(random_genomes(problem, 1).front());
  const auto check = [&](LocalEvaluator& evaluator, const Tally& expected) {
    EXPECT_EQ(evaluator.score(ImageSet::search, {}).seen, 22);
    EXPECT_EQ(evaluator.not_finite(ImageSet::search), 22);
    EXPECT_EQ(evaluator.not_finite(ImageSet::held_out), 13);
    EXPECT_EQ(evaluator.score(ImageSet::search, other), expected);  // and no divergence is counted
  };
  const auto evaluator = make_local_evaluator(problem);
  const Tally expected = make_local_evaluator(problem)->score(ImageSet::search, other);
  EXPECT_EQ(expected.divergence, 0);
  check(*evaluator, expected);
  LocalEvaluator sums = support::sums_alone(problem);
  check(sums, expected);
  EXPECT_EQ(make_local_evaluator(small_problem())->not_finite(ImageSet::held_out), 0);
}

// More could overflow a tally's 64 bits: 2^63 over the largest loss of an image.
TEST(Problems, AreRefusedWithMoreImagesThanATallyHolds) {
  EXPECT_EQ(kMostImages, (std::int64_t{1} << 21) - 1);
  const auto most = static_cast<double>(kMostImages);
  EXPECT_LT(most * kLossLimit * kLossUnit, 0x1p63);
  EXPECT_GE((most + 1) * kLossLimit * kLossUnit, 0x1p63);
  Problem problem = small_problem();
  problem.split.search.resize(static_cast<std::size_t>(kMostImages) + 1);
  EXPECT_THROW(validate(problem), Error);
  try {
    validate(problem);
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("at most 2097151"), std::string::npos) << error.what();
  }
}

TEST(LocalEvaluator, RunsEqualNetworksOnceAndKnownOnesNotAtAll) {
  const Problem problem = small_problem();
  const auto evaluator = make_local_evaluator(problem);
  auto genomes = random_genomes(problem, 3);
  genomes.push_back(genomes[1]);
  const auto evaluated = evaluator->evaluate(genomes, {});
  EXPECT_EQ(evaluated[1], evaluated[3]);
  EXPECT_NE(evaluated[0].network, evaluated[1].network);
  EXPECT_EQ(evaluator->network(genomes[2]).id(), evaluated[2].network);
  Tally made_up = evaluated[2].tally;
  made_up.top1 = 12345;
  const auto again = evaluator->evaluate(
      genomes, [&](const NetworkId& id) { return id == evaluated[2].network ? &made_up : nullptr; });
  EXPECT_EQ(again[2].tally, made_up);
  EXPECT_EQ(again[0], evaluated[0]);
}

TEST(LocalEvaluator, GivesTimesOnce) {
  const Problem problem = small_problem();
  const auto evaluator = make_local_evaluator(problem);
  evaluator->evaluate(random_genomes(problem, 2), {});
  const EvaluatorTimes first = evaluator->times(), second = evaluator->times();
  EXPECT_GT(first.quantise, 0.0);
  EXPECT_GT(first.inference, 0.0);
  EXPECT_EQ(second.quantise + second.inference + second.communication, 0.0);
}

TEST(LocalEvaluator, DeliversAnotherNetworkWhereMatchingIsLeftToTheEnd) {
  Problem problem = small_problem();
  problem.format.matching = Matching::end;
  problem.format.matching_images = 9;
  const auto evaluator = make_local_evaluator(problem);
  const auto genomes = random_genomes(problem, 1);
  const QuantisedNetwork delivered = evaluator->network(genomes[0]);
  EXPECT_NE(delivered.id(), evaluator->evaluate(genomes, {})[0].network);
  EXPECT_FALSE(delivered.layers()[0].gain.empty());
}

// Tasks of any cut, by any worker, add up to the whole.
TEST(Worker, TasksAddUpToTheWhole) {
  const Problem problem = small_problem();  // 6 blocks, the last of 2 images
  const auto genomes = random_genomes(problem, 2);
  const auto whole = make_local_evaluator(problem);
  const auto evaluated = whole->evaluate(genomes, {});
  const Tally held_out = whole->score(ImageSet::held_out, whole->network(genomes[1]));
  for (const std::int64_t workers : {1, 2, 4, 6, 7, 13}) {
    std::vector<Tally> sums(genomes.size());
    Tally scored;
    const Partition search = partition_of(problem, ImageSet::search, workers);
    const Partition held = partition_of(problem, ImageSet::held_out, workers);
    EXPECT_EQ(search.parts, 1);  // few images: every worker has all
    for (std::int64_t w = 0; w < workers; ++w) {
      Worker worker(problem, {w, workers});
      const std::vector<std::size_t> numbers{10, 11};
      const std::vector<MadeNetwork> made = worker.make(numbers, genomes);
      EXPECT_EQ(made[0].network, evaluated[0].network);
      EXPECT_EQ(made[0].bits, evaluated[0].bits);
      EXPECT_GT(made[0].bits, 0);
      const Range mine = part_of(6, workers, w);
      for (std::size_t g = 0; g < genomes.size() && mine.count > 0; ++g) {
        EXPECT_FALSE(worker.start(numbers[g], ImageSet::search, mine));
        sums[g] += worker.finish()->outcome.sum;
      }
      if (w >= held.parts) continue;
      const Range own = held.part(w);
      worker.start(11, ImageSet::held_out, own);
      const auto ran = worker.finish();
      EXPECT_EQ(ran->blocks, own);
      scored += ran->outcome.sum;
      EXPECT_FALSE(worker.finish());
    }
    for (std::size_t g = 0; g < genomes.size(); ++g) EXPECT_EQ(sums[g], evaluated[g].tally) << workers << " workers";
    EXPECT_EQ(scored, held_out) << workers << " workers";
  }
}

TEST(Worker, ReadsImagesWhenItNeedsOthers) {
  Problem problem = small_problem(22, 13, 4);
  problem.population = 1;  // each worker its own blocks
  const auto& source = counting(problem.search_source);
  Worker worker(problem, {1, 3});  // blocks 2 and 3
  EXPECT_EQ(source.calls, 1);
  EXPECT_EQ(source.read_indices, (std::vector<std::int64_t>{17, 19, 21, 23, 25, 27, 29, 31}));
  worker.give(0, {});
  for (const std::int64_t block : {2, 3, 2}) {
    worker.start(0, ImageSet::search, {block, 1});
    EXPECT_EQ(worker.finish()->outcome.sum.seen, 4);
  }
  EXPECT_EQ(source.calls, 1);
  EXPECT_EQ(counting(problem.held_out_source).calls, 0);
  worker.start(0, ImageSet::held_out, {2, 1});
  worker.finish();
  EXPECT_EQ(counting(problem.held_out_source).calls, 1);
  EXPECT_EQ(source.calls, 1);
  worker.start(0, ImageSet::search, {2, 2});
  worker.finish();
  EXPECT_EQ(source.calls, 2);
}

TEST(Worker, HoldsAPartWhereTheSearchImagesAreTooManyForOne) {
  Problem problem = small_problem(22, 13, 4);
  EXPECT_EQ(partition_of(problem, ImageSet::search, 3).parts, 1);
  problem.population = 1;
  EXPECT_EQ(partition_of(problem, ImageSet::search, 3).parts, 3);
  EXPECT_EQ(partition_of(problem, ImageSet::search, 30).parts, 6);  // no more than blocks
}

TEST(Worker, ForgetsTheNetworksOfCallsBefore) {
  Worker worker(small_problem(), {0, 1});
  worker.give(3, {});
  worker.give(4, {});
  worker.begin(4);
  EXPECT_FALSE(worker.has(3));
  EXPECT_TRUE(worker.has(4));
  EXPECT_THROW(worker.start(4, ImageSet::search, {0, 99}), Error);
}

TEST(Problem, WhatDoesNotFitIsAnError) {
  const auto refused = [](const Problem& problem, const std::string& part) {
    try {
      make_local_evaluator(problem);
      ADD_FAILURE() << "no error: " << part;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  };
  Problem problem = small_problem();
  problem.split.search.clear();
  refused(problem, "the search has no images");
  problem = small_problem();
  problem.split.search.back() = 44;
  refused(problem, "search image 44");
  problem = small_problem();
  std::swap(problem.split.held_out[3], problem.split.held_out[4]);
  refused(problem, "ascending");
  problem = small_problem();
  problem.engine.block = 0;
  refused(problem, "block of 0 images");
  problem = small_problem();
  problem.population = 0;
  refused(problem, "population of 0");
  problem = small_problem(22, 0);
  const auto evaluator = make_local_evaluator(problem);
  EXPECT_THROW(evaluator->score(ImageSet::held_out, {}), Error);
}

TEST(Problem, HashesTellProblemsApart) {
  const Problem problem = small_problem();
  Problem other = problem;
  EXPECT_EQ(data_hash(other), data_hash(problem));
  EXPECT_EQ(data_hash(other).size(), 32U);
  other.split.search.pop_back();
  EXPECT_NE(data_hash(other), data_hash(problem));
  other = problem;
  other.split.held_out.pop_back();
  EXPECT_NE(data_hash(other), data_hash(problem));
  EXPECT_EQ(settings_hash(other), settings_hash(problem));
  other.format.levels = 5;
  EXPECT_NE(settings_hash(other), settings_hash(problem));
  other = problem;
  other.engine.threads = 9;  // never changes results
  EXPECT_EQ(settings_hash(other), settings_hash(problem));
}

}  // namespace
}  // namespace vbq
