// What comes of the network as trained, when it is kept from load to load.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <utility>

#include "support/problem.hpp"
#include "vbq/engine.hpp"
#include "vbq/error.hpp"
#include "vbq/quantised_network.hpp"

namespace vbq {
namespace {

using support::random_genomes;
using support::small_problem;

// An engine compares with the outputs that it is given back, whatever they are.
TEST(TrainedOutputs, AreComparedWith) {
  for (const EngineKind kind : {EngineKind::reference, EngineKind::cpu}) {
    Problem problem = small_problem();
    problem.engine.kind = kind;
    const auto engine = make_engine(problem.network, problem.engine);
    const auto shard = [&](TrainedOutputs trained) {
      const ImageSource& source = *problem.search_source;
      return Shard{source.read(problem.split.search), source.info().normalisation, problem.engine.block, true,
                   std::move(trained)};
    };
    const Genome genome = random_genomes(problem, 1).front();
    engine->quantise(quantise(problem.network, Decoder(problem.network, problem.format)(genome)).formats());
    engine->load(shard(nullptr));
    const TrainedOutputs trained = engine->trained_outputs();
    const Tally tally = engine->tally(0, 6);
    engine->load(shard(trained));
    EXPECT_EQ(engine->tally(0, 6), tally);
    EXPECT_EQ(*engine->trained_outputs(), *trained);
    const auto others = std::make_shared<const std::vector<float>>(trained->size(), std::log(1.0F / 6));
    engine->load(shard(others));
    EXPECT_NE(engine->tally(0, 6).divergence, tally.divergence);
    EXPECT_THROW(engine->load(shard(std::make_shared<const std::vector<float>>(5))), Error);
  }
}

// Tallies of the network as trained are those of the run that finds its outputs, or those that come with them: it is
// not run again, and other networks are.
TEST(TrainedOutputs, AreTalliedAtOnce) {
  for (const EngineKind kind : {EngineKind::reference, EngineKind::cpu}) {
    Problem problem = small_problem();
    problem.engine.kind = kind;
    const auto engine = make_engine(problem.network, problem.engine);
    const ImageSource& source = *problem.search_source;
    Shard shard{source.read(problem.split.search), source.info().normalisation, problem.engine.block, true};
    const auto images = [&] {
      engine->start(1, 4, 0);
      return engine->finish_images(0);
    };
    engine->load(shard);
    EXPECT_EQ(engine->trained_tallies(), nullptr);
    const auto expected = images();
    shard.tallies_trained = true;
    engine->load(shard);
    EXPECT_EQ(engine->trained_tallies()->size(), 22U);
    EXPECT_EQ(images(), expected);

    shard.trained = engine->trained_outputs();
    shard.trained_tallies = std::make_shared<const std::vector<ImageTally>>(22, ImageTally{{1, 1, 1, 7, 0}, 3});
    engine->load(shard);
    EXPECT_EQ(images().front(), shard.trained_tallies->front()) << "whatever comes with them";
    const Genome genome = random_genomes(problem, 1).front();
    engine->quantise(quantise(problem.network, Decoder(problem.network, problem.format)(genome)).formats());
    const auto quantised = images();
    EXPECT_NE(quantised.front(), shard.trained_tallies->front());
    shard.trained_tallies = nullptr;
    engine->load(shard);
    EXPECT_EQ(images(), quantised);
    engine->restore();
    EXPECT_EQ(images(), expected) << "run, for no tallies came with the outputs";
    shard.trained_tallies = std::make_shared<const std::vector<ImageTally>>(5);
    EXPECT_THROW(engine->load(shard), Error);
  }
}

}  // namespace
}  // namespace vbq
