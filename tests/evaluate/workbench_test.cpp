#include "evaluate/workbench.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "evaluate/local_evaluator.hpp"
#include "support/problem.hpp"
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
  if (genome != nullptr) engine->quantise(Decoder(problem.network, problem.format)(*genome));
  return engine->tally(0, block_count(problem, set));
}

TEST(LocalEvaluator, TalliesAreThoseOfAnEngineWithAllImages) {
  const Problem problem = small_problem();
  const auto evaluator = make_local_evaluator(problem);
  const auto genomes = random_genomes(problem, 4);
  const auto tallies = evaluator->tallies(genomes);
  ASSERT_EQ(tallies.size(), genomes.size());
  for (std::size_t g = 0; g < genomes.size(); ++g) {
    EXPECT_EQ(tallies[g], plainly(problem, ImageSet::search, &genomes[g]));
    EXPECT_EQ(tallies[g].seen, 22);
    EXPECT_GT(tallies[g].divergence, 0);
  }
  EXPECT_NE(tallies[0], tallies[1]);
}

TEST(LocalEvaluator, ScoresBothSetsAsTrainedAndQuantised) {
  const Problem problem = small_problem();
  const auto evaluator = make_local_evaluator(problem);
  const auto genomes = random_genomes(problem, 2);
  const auto before = evaluator->tallies(genomes);
  for (const ImageSet set : {ImageSet::held_out, ImageSet::search}) {
    EXPECT_EQ(evaluator->score(set, nullptr), plainly(problem, set, nullptr));
    EXPECT_EQ(evaluator->score(set, &genomes[1]), plainly(problem, set, &genomes[1]));
  }
  EXPECT_EQ(evaluator->score(ImageSet::held_out, nullptr).seen, 13);
  EXPECT_NEAR(mean_divergence(evaluator->score(ImageSet::held_out, nullptr)), 0.0, 1e-6);  // but for rounding
  EXPECT_EQ(evaluator->tallies(genomes), before);  // the search images came back
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
  const auto evaluator = make_local_evaluator(problem);
  const Tally tally = evaluator->score(ImageSet::search, nullptr);
  EXPECT_EQ(evaluator->not_finite(ImageSet::search), 22);
  EXPECT_EQ(evaluator->not_finite(ImageSet::held_out), 13);
  EXPECT_EQ(evaluator->score(ImageSet::search, nullptr), tally);  // and no divergence is counted
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

TEST(LocalEvaluator, AGivenFormatTakesThePlaceOfTheTrainedWeights) {
  Problem problem = small_problem();
  const auto genomes = random_genomes(problem, 1);
  const Tally expected = plainly(problem, ImageSet::search, &genomes[0]);
  const std::string as_trained = settings_hash(problem);
  problem.given = Decoder(problem.network, problem.format)(genomes[0]);
  EXPECT_NE(settings_hash(problem), as_trained);
  EXPECT_EQ(make_local_evaluator(problem)->score(ImageSet::search, nullptr), expected);
}

TEST(LocalEvaluator, FingerprintsTellQuantisedNetworksApart) {
  const Problem problem = small_problem();
  const auto evaluator = make_local_evaluator(problem);
  auto genomes = random_genomes(problem, 3);
  genomes.push_back(genomes[1]);
  const auto prints = evaluator->fingerprints(genomes);
  EXPECT_EQ(prints[1], prints[3]);
  EXPECT_EQ((std::set<Fingerprint>(prints.begin(), prints.end()).size()), 3U);
}

TEST(LocalEvaluator, GivesTimesOnce) {
  const Problem problem = small_problem();
  const auto evaluator = make_local_evaluator(problem);
  evaluator->tallies(random_genomes(problem, 2));
  const EvaluatorTimes first = evaluator->times(), second = evaluator->times();
  EXPECT_GT(first.quantise, 0.0);
  EXPECT_GT(first.inference, 0.0);
  EXPECT_EQ(second.quantise + second.inference + second.communication, 0.0);
}

TEST(Workbench, SharesAddUpToTheWhole) {
  const Problem problem = small_problem();  // 6 blocks, the last of 2 images
  const auto genomes = random_genomes(problem, 5);
  const auto whole = make_local_evaluator(problem);
  const auto tallies = whole->tallies(genomes);
  const auto prints = whole->fingerprints(genomes);
  for (const std::int64_t workers : {1, 2, 4, 6, 7, 13, 42}) {
    std::vector<Tally> cells(genomes.size());
    std::vector<Fingerprint> slots(genomes.size());
    Tally held_out, search;
    for (std::int64_t w = 0; w < workers; ++w) {
      Workbench bench(problem, {w, workers});
      bench.tallies(genomes, {}, cells);
      bench.fingerprints(genomes, slots);
      held_out += bench.score(ImageSet::held_out, &genomes[2]);
      search += bench.score(ImageSet::search, nullptr);
    }
    EXPECT_EQ(cells, tallies) << workers << " workers";
    EXPECT_EQ(slots, prints) << workers << " workers";
    EXPECT_EQ(held_out, whole->score(ImageSet::held_out, &genomes[2])) << workers << " workers";
    EXPECT_EQ(search, whole->score(ImageSet::search, nullptr)) << workers << " workers";
  }
}

TEST(Workbench, ReadsItsOwnImagesOnly) {
  const Problem problem = small_problem(22, 13, 4);
  const auto& source = counting(problem.search_source);
  Workbench bench(problem, {1, 3});  // blocks 2 and 3
  EXPECT_EQ(source.calls, 1);
  EXPECT_EQ(source.read_indices, (std::vector<std::int64_t>{17, 19, 21, 23, 25, 27, 29, 31}));
  const auto genomes = random_genomes(problem, 2);
  std::vector<Tally> cells(genomes.size());
  bench.tallies(genomes, {}, cells);
  bench.tallies(genomes, {}, cells);
  EXPECT_EQ(source.calls, 1);
  EXPECT_EQ(counting(problem.held_out_source).calls, 0);
  bench.score(ImageSet::held_out, nullptr);
  EXPECT_EQ(counting(problem.held_out_source).calls, 1);
  EXPECT_EQ(source.calls, 1);
  bench.tallies(genomes, {}, cells);
  EXPECT_EQ(source.calls, 2);
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
  EXPECT_THROW(evaluator->score(ImageSet::held_out, nullptr), Error);
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
