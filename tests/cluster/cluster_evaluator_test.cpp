#include "cluster/cluster_evaluator.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <string>

#include "cluster/agree.hpp"
#include "cluster/serve.hpp"
#include "core/check.hpp"
#include "evaluate/local_evaluator.hpp"
#include "on_ranks.hpp"
#include "support/problem.hpp"
#include "world.hpp"

namespace vbq {
namespace {

using support::random_genomes;
using support::small_problem;
using test::on_ranks;
using test::world;

// All that an evaluator can be asked, on any number of ranks, equals the local evaluator's answer to the bit.
void expect_equal_to_local(const Problem& problem, int genome_count) {
  const auto genomes = random_genomes(problem, genome_count, static_cast<std::uint64_t>(genome_count));
  on_ranks(problem, [&](Evaluator& evaluator, const std::vector<WorkerInfo>& workers) {
    EXPECT_EQ(workers.size(), static_cast<std::size_t>(std::max(1, world().size() - 1)));
    const auto local = make_local_evaluator(problem);
    const auto expected = local->evaluate(genomes, {});
    EXPECT_EQ(evaluator.evaluate(genomes, {}), expected);
    const auto fewer = std::span(genomes).first(genomes.size() / 2);
    EXPECT_EQ(evaluator.evaluate(fewer, {}), local->evaluate(fewer, {}));
    const QuantisedNetwork network = evaluator.network(genomes.back());
    EXPECT_EQ(network, local->network(genomes.back()));
    EXPECT_EQ(evaluator.networks(genomes), local->networks(genomes));
    EXPECT_TRUE(evaluator.networks({}).empty());
    for (const ImageSet set : {ImageSet::held_out, ImageSet::search}) {
      EXPECT_EQ(evaluator.score(set, {}), local->score(set, {}));
      EXPECT_EQ(evaluator.score(set, network), local->score(set, network));
      EXPECT_EQ(evaluator.score_blocks(set, network), local->score_blocks(set, network));
      EXPECT_EQ(evaluator.classify(set, network), local->classify(set, network));
      EXPECT_EQ(evaluator.classify_as_trained(set), local->classify_as_trained(set));
    }
    EXPECT_EQ(evaluator.not_finite(ImageSet::held_out), 0);
    EXPECT_EQ(evaluator.evaluate(genomes, {}), expected);
    const auto known = [&](const NetworkId& id) { return id == expected[0].network ? &expected[0].tally : nullptr; };
    EXPECT_EQ(evaluator.evaluate(genomes, known), expected);
  });
}

TEST(ClusterEvaluator, BlocksThatDoNotDivide) { expect_equal_to_local(small_problem(22, 13, 3), 7); }

TEST(ClusterEvaluator, MoreWorkersThanBlocks) { expect_equal_to_local(small_problem(7, 3, 4), 7); }

TEST(ClusterEvaluator, OneBlock) { expect_equal_to_local(small_problem(5, 1, 50), 5); }

// As vbq evaluate has it of few images: ranks beyond the first worker have nothing to do, and say nothing wrong.
TEST(ClusterEvaluator, MoreWorkersThanWork) {
  Problem problem = small_problem(5, 1, 50);
  problem.population = 1;
  expect_equal_to_local(problem, 2);
}

TEST(ClusterEvaluator, OneGenome) {
  Problem problem = small_problem(22, 13, 4);
  problem.population = 1;
  expect_equal_to_local(problem, 1);
}

TEST(ClusterEvaluator, MoreAndFewerGenomesThanThePopulation) {
  Problem problem = small_problem(4, 4, 4);
  problem.population = 5;
  expect_equal_to_local(problem, 11);
  expect_equal_to_local(problem, 2);
}

TEST(ClusterEvaluator, WithoutDivergence) {
  Problem problem = small_problem();
  problem.with_divergence = false;
  expect_equal_to_local(problem, 3);
}

TEST(ClusterEvaluator, TheCpuEngineOnItsThreads) {
  Problem problem = small_problem(22, 13, 3);
  problem.comparison.of = Comparison::Of::outputs;
  problem.engine.kind = EngineKind::cpu;
  problem.engine.threads = 1;
  expect_equal_to_local(problem, 5);
  problem.engine.threads = 0;  // shared out; no result depends on it
  expect_equal_to_local(problem, 5);
}

TEST(ClusterEvaluator, NetworksThatNeedAPass) {
  for (const Assignment assignment : {Assignment::nearest, Assignment::sequential}) {
    for (const Matching matching : {Matching::never, Matching::end, Matching::always}) {
      Problem problem = small_problem(22, 13, 3);
      problem.format.assignment = assignment;
      problem.format.matching = matching;
      problem.format.matching_images = 9;
      problem.format.refit = assignment == Assignment::sequential && matching == Matching::always ? 2 : 0;
      expect_equal_to_local(problem, 7);
      problem.engine.kind = EngineKind::cpu;
      expect_equal_to_local(problem, 2);
    }
  }
}

TEST(ClusterEvaluator, NoGenomesAreNoWork) {
  const Problem problem = small_problem();
  on_ranks(problem, [&](Evaluator& evaluator, const std::vector<WorkerInfo>&) {
    EXPECT_TRUE(evaluator.evaluate({}, {}).empty());
  });
}

TEST(ClusterEvaluator, SaysWhoWorksAndForHowLong) {
  const Problem problem = small_problem();
  on_ranks(problem, [&](Evaluator& evaluator, const std::vector<WorkerInfo>& workers) {
    for (std::size_t w = 0; w < workers.size(); ++w) {
      EXPECT_EQ(workers[w].rank, world().size() == 1 ? 0 : static_cast<int>(w) + 1);
      EXPECT_EQ(workers[w].host, world().host());
      EXPECT_EQ(workers[w].engine.kind, "reference");
    }
    TaskDone all;
    evaluator.watch([&](const TaskDone& done) {
      EXPECT_LT(done.worker, workers.size());
      all.made += done.made;
      all.images += done.images;
      all.seconds += done.seconds;
    });
    evaluator.evaluate(random_genomes(problem, 4), {});
    EXPECT_EQ(all.made, 4);
    EXPECT_EQ(all.images, 4 * 22);
    const EvaluatorTimes first = evaluator.times(), second = evaluator.times();
    EXPECT_NEAR(all.seconds, (first.quantise + first.inference) * static_cast<double>(workers.size()), 1e-6);
    EXPECT_GT(first.quantise, 0.0);
    EXPECT_GT(first.inference, 0.0);
    EXPECT_GE(first.communication, 0.0);
    EXPECT_EQ(second.quantise + second.inference + second.communication, 0.0);
  });
}

// All of them, where many networks are run on few images; its own blocks only, where it is one network.
TEST(ClusterEvaluator, EveryWorkerReadsItsImagesOnce) {
  for (const int population : {7, 1}) {
    Problem problem = small_problem(24, 13, 2);  // 12 blocks
    problem.population = population;
    on_ranks(problem, [&](Evaluator& evaluator, const std::vector<WorkerInfo>&) {
      evaluator.evaluate(random_genomes(problem, 4), {});
      evaluator.evaluate(random_genomes(problem, 3), {});
    });
    const int workers = std::max(1, world().size() - 1);
    const std::size_t own = population > 1 ? 24 : 24 / static_cast<std::size_t>(workers);
    const std::size_t expected = world().size() > 1 && world().rank() == 0 ? 0 : own;
    EXPECT_EQ(support::counting(problem.search_source).read_indices.size(), expected);
  }
}

// Bytes that cross are the genomes, and a network only where another worker helps with it.
TEST(ClusterEvaluator, NetworksStayWithTheWorkerThatMadeThem) {
  if (world().size() == 1) GTEST_SKIP() << "nothing crosses";
  const Problem problem = small_problem(200, 13, 10);
  if (world().rank() != 0) {
    serve(world(), problem);
    return;
  }
  ClusterEvaluator evaluator(world(), problem);
  evaluator.evaluate(random_genomes(problem, 60), {});
  EXPECT_GT(evaluator.traffic().bytes_sent, 0);
  // At most the last few are shared, each with all others.
  EXPECT_LE(evaluator.traffic().handed_over, 2 * (world().size() - 1) * (world().size() - 1));
}

TEST(ClusterEvaluator, Rank0SleepsWhileTheOthersWork) {
  if (world().size() == 1) GTEST_SKIP() << "one rank does the work itself";
  const Problem problem = small_problem(4000, 13, 500);
  const auto genomes = random_genomes(problem, 50);
  on_ranks(problem, [&](Evaluator& evaluator, const std::vector<WorkerInfo>&) {
    const test::CpuShare watch;
    while (watch.wall() < 1.0) {
      evaluator.evaluate(genomes, {});
    }
    EXPECT_LT(watch.share(), 0.05);
    std::printf("rank 0 uses %.2f %% of a core\n", 100 * watch.share());
  });
}

TEST(ClusterEvaluator, NoHeldOutImagesAreAnErrorThatLeavesTheWorkersUsable) {
  const Problem problem = small_problem(22, 0);
  on_ranks(problem, [&](Evaluator& evaluator, const std::vector<WorkerInfo>&) {
    EXPECT_THROW(evaluator.score(ImageSet::held_out, {}), Error);
    EXPECT_EQ(evaluator.score(ImageSet::search, {}).seen, 22);
  });
}

TEST(ClusterEvaluator, AnErrorOfOneWorkersStartIsEveryRanks) {
  Problem problem = small_problem();
  const int guilty = world().size() - 1;
  if (world().rank() == guilty) problem.split.search.back() = 1000;
  try {
    on_ranks(problem, [](Evaluator&, const std::vector<WorkerInfo>&) { FAIL() << "no error"; });
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("search image 1000"), std::string::npos) << text;
    if (guilty > 0) {
      EXPECT_EQ(text.rfind(fmt::format("rank {} on ", guilty), 0), 0U) << text;
    }
  }
}

TEST(ClusterEvaluator, ARankWithAnotherNetworkIsRefused) {
  if (world().size() == 1) GTEST_SKIP() << "needs two ranks that can differ";
  Problem problem = small_problem();
  if (world().rank() == 1) weight_of(problem.network.nodes[0])->data[5] += 1.0F;
  try {
    on_ranks(problem, [](Evaluator&, const std::vector<WorkerInfo>&) {});
    ADD_FAILURE() << "no error";
  } catch (const AgreedError& error) {
    EXPECT_NE(std::string(error.what()).find(fmt::format("rank 1 on {} has read another network", world().host())),
              std::string::npos)
        << error.what();
  }
}

TEST(ClusterEvaluator, WorkersAreDismissedWhenRank0GivesUp) {
  if (world().size() == 1) GTEST_SKIP() << "there is no worker";
  const Problem problem = small_problem();
  const auto run = [&] {
    on_ranks(problem, [&](Evaluator& evaluator, const std::vector<WorkerInfo>&) {
      evaluator.evaluate(random_genomes(problem, 2), {});
      fail("the disk is full");
    });
  };
  if (world().rank() == 0) {
    EXPECT_THROW(run(), Error);
  } else {
    EXPECT_THROW(run(), Dismissed);
  }
  expect_equal_to_local(problem, 2);  // and all are still in step
}

TEST(ClusterEvaluator, NothingIsEvaluatedAfterStop) {
  if (world().size() == 1) GTEST_SKIP() << "there is no worker";
  const Problem problem = small_problem();
  if (world().rank() != 0) {
    serve(world(), problem);
    return;
  }
  ClusterEvaluator evaluator(world(), problem);
  evaluator.stop();
  evaluator.stop();
  EXPECT_THROW(evaluator.evaluate(random_genomes(problem, 1), {}), Error);
}

}  // namespace
}  // namespace vbq
