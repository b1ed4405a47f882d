// Networks whose activations are rounded, beside the network as trained.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "evaluate/calibrate.hpp"
#include "evaluate/local_evaluator.hpp"
#include "quant/whole_biases.hpp"
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

Problem int8_problem(Matching matching) {
  Problem problem = small_problem();
  problem.format.activations = 8;
  problem.format.level_values = LevelValues::int8;
  problem.format.scale = ScaleScope::channel;
  problem.format.matching = matching;
  quantise_activations(problem, calibrate_activations(problem));
  return problem;
}

// Every engine, whoever made the format.
TEST(LocalEvaluator, BiasesBesideInt8LevelsAreWholeOnEveryEngine) {
  const Problem problem = int8_problem(Matching::never);
  const Network& network = problem.network;
  const Genome genome = random_genomes(problem, 1).front();
  const NetworkFormat made = quantise(network, Decoder(network, problem.format)(genome)).formats();
  NetworkFormat as_trained = made;  // the same weights, with biases that nobody touches
  for (LayerFormat& layer : as_trained) layer.level_values = LevelValues::floating;
  const NetworkFormat whole = whole_biases(network, made).value();
  const std::vector<float> image(static_cast<std::size_t>(elements(network.input_shape())), 0.5F);
  for (const EngineKind kind : {EngineKind::cpu, EngineKind::reference}) {
    EngineOptions options = problem.engine;
    options.kind = kind;
    const auto engine = make_engine(network, options);
    const auto outputs_under = [&](const NetworkFormat& formats) {
      std::vector<float> outputs(static_cast<std::size_t>(elements(network.output_shape())));
      engine->quantise(formats);
      engine->infer(image, 1, outputs);
      return outputs;
    };
    EXPECT_EQ(outputs_under(made), outputs_under(whole)) << static_cast<int>(kind);
    EXPECT_NE(outputs_under(made), outputs_under(as_trained)) << static_cast<int>(kind);
  }
}

// What later layers are made and matched for are outputs with the biases that they will have.
TEST(LocalEvaluator, MatchingGivesWholeBiases) {
  const Problem problem = int8_problem(Matching::always);
  const auto genomes = random_genomes(problem, 1);
  const auto evaluator = make_local_evaluator(problem);
  const QuantisedNetwork made = evaluator->network(genomes.front());
  ASSERT_FALSE(made.formats().empty());
  for (const LayerFormat& layer : made.formats()) {
    LayerFormat whole = layer;
    take_whole_biases(problem.network, whole);
    EXPECT_FALSE(layer.shift.empty());
    EXPECT_EQ(layer.shift, whole.shift);
  }
}

}  // namespace
}  // namespace vbq
