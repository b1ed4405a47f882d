// What images are taken for, which must be what tallies count.
#include "evaluate/classify.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "evaluate/local_evaluator.hpp"
#include "support/problem.hpp"
#include "vbq/label.hpp"

namespace vbq {
namespace {

using support::random_genomes;
using support::small_problem;

// Of images that are taken for their own class.
std::int64_t right(const Problem& problem, ImageSet set, const std::vector<std::int32_t>& classes) {
  const std::vector<std::int32_t> labels = source_of(problem, set).labels();
  const std::vector<std::int64_t>& images = images_of(problem, set);
  EXPECT_EQ(classes.size(), images.size());
  std::int64_t count = 0;
  for (std::size_t i = 0; i < images.size(); ++i) {
    count += classes.at(i) == labels.at(static_cast<std::size_t>(images[i])) ? 1 : 0;
  }
  return count;
}

TEST(Classify, IsWhatTalliesCount) {
  for (const EngineKind kind : {EngineKind::reference, EngineKind::cpu}) {
    Problem problem = small_problem(22, 203, 4);
    problem.engine.kind = kind;
    problem.engine.threads = 2;
    const auto evaluator = make_local_evaluator(problem);
    const auto genomes = random_genomes(problem, 2);
    const auto before = evaluator->evaluate(genomes, {});
    for (const ImageSet set : {ImageSet::held_out, ImageSet::search}) {
      const QuantisedNetwork network = evaluator->network(genomes[1]);
      const auto quantised = evaluator->classify(set, network), trained = evaluator->classify_as_trained(set);
      EXPECT_EQ(right(problem, set, quantised), evaluator->score(set, network).top1);
      EXPECT_EQ(right(problem, set, trained), evaluator->as_trained(set).top1);
      if (set == ImageSet::held_out) {
        EXPECT_NE(quantised, trained) << "or this shows little";
      }
    }
    EXPECT_EQ(evaluator->evaluate(genomes, {}), before);  // the search images are still there
  }
}

TEST(Classify, AsTrainedIsAskedOnce) {
  const Problem problem = small_problem();
  const auto evaluator = make_local_evaluator(problem);
  const std::vector<std::int32_t>& first = evaluator->classify_as_trained(ImageSet::held_out);
  const std::size_t reads = support::counting(problem.held_out_source).read_indices.size();
  EXPECT_EQ(&evaluator->classify_as_trained(ImageSet::held_out), &first);
  EXPECT_EQ(support::counting(problem.held_out_source).read_indices.size(), reads);
}

TEST(Classify, OutputsThatAreNotFiniteAreNoClass) {
  Problem problem = small_problem();
  problem.with_divergence = false;
  for (const int k : weight_layers(problem.network)) {
    for (float& w : weight_of(problem.network.nodes[static_cast<std::size_t>(k)])->data) w *= 1e30F;
  }
  const auto classes = make_local_evaluator(problem)->classify(ImageSet::held_out, {});
  EXPECT_EQ(classes, std::vector<std::int32_t>(13, kNoLabel));
}

// However many images are given to the engine at once.
TEST(Classify, ImagesInSeveralTurns) {
  const Problem problem = small_problem(22, 203);
  const auto engine = make_engine(problem.network, problem.engine);
  const Images images = problem.held_out_source->read(problem.split.held_out);
  const Normalisation& normalisation = problem.held_out_source->info().normalisation;
  const auto whole = classes_of(*engine, problem.network, images, normalisation);
  EXPECT_EQ(whole.size(), 203U);
  EXPECT_NE(std::ranges::min(whole), std::ranges::max(whole));
  for (const std::int64_t bytes : {1, 500, 1500}) {
    EXPECT_EQ(classes_of(*engine, problem.network, images, normalisation, bytes), whole) << bytes;
  }
}

TEST(Classify, FewImagesAtOnceWhereTheyAreLarge) {
  const Network network = small_problem().network;  // inputs and outputs: 4 * (2 * 5 * 5 + 6) bytes
  EXPECT_EQ(classified_at_once(network, 100), 100);
  EXPECT_EQ(classified_at_once(network, 1'000'000), (std::int64_t{32} << 20) / 224);
  EXPECT_EQ(classified_at_once(network, 100, 500), 2);
  EXPECT_EQ(classified_at_once(network, 100, 1), 1);
  EXPECT_EQ(classify_bytes(network, 100), 100 * 224 + 100 * 50);
}

}  // namespace
}  // namespace vbq
