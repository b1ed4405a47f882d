// Networks whose activations are rounded, beside the network as trained.
#include <gtest/gtest.h>

#include <memory>

#include "evaluate/calibrate.hpp"
#include "evaluate/local_evaluator.hpp"
#include "support/problem.hpp"

namespace vbq {
namespace {

using support::random_genomes;
using support::small_problem;

// All that is called FP32 stays that of the network as trained.
TEST(LocalEvaluator, QuantisedActivationsLeaveTheNetworkAsTrainedAlone) {
  Problem problem = small_problem();
  const Problem trained = problem;
  problem.format.activations = 4;
  const ActivationRanges ranges = calibrate_activations(problem);
  ASSERT_EQ(ranges.size(), 4U);
  quantise_activations(problem, ranges);
  const auto genomes = random_genomes(problem, 3);
  const auto evaluator = make_local_evaluator(problem), plain = make_local_evaluator(trained);
  const auto evaluated = evaluator->evaluate(genomes, {});

  // By hand: an engine that is told what came of the network as trained.
  const auto first = make_engine(trained.network, trained.engine),
             second = make_engine(problem.network, problem.engine);
  Shard shard{trained.search_source->read(trained.split.search), trained.search_source->info().normalisation,
              trained.engine.block, true};
  first->load(shard);
  shard.trained = first->trained_outputs();
  second->load(shard);
  for (std::size_t g = 0; g < genomes.size(); ++g) {
    second->quantise(quantise(problem.network, Decoder(problem.network, problem.format)(genomes[g])).formats());
    EXPECT_EQ(evaluated[g].tally, second->tally(0, block_count(problem, ImageSet::search)));
    EXPECT_NE(evaluated[g].tally, plain->evaluate({&genomes[g], 1}, {}).front().tally) << "rounding changes something";
  }
  for (const ImageSet set : {ImageSet::search, ImageSet::held_out}) {
    EXPECT_EQ(evaluator->as_trained(set), plain->as_trained(set));
    EXPECT_EQ(evaluator->classify_as_trained(set), plain->classify_as_trained(set));
    EXPECT_EQ(evaluator->not_finite(set), 0);
  }
  EXPECT_EQ(evaluator->evaluate(genomes, {}), evaluated) << "after the network as trained has run";
}

}  // namespace
}  // namespace vbq
