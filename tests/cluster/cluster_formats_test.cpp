// One evaluator that takes one format after the other, on any number of ranks.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cluster/share_calibration.hpp"
#include "evaluate/local_evaluator.hpp"
#include "on_ranks.hpp"
#include "quant/seeds.hpp"
#include "support/problem.hpp"
#include "vbq/error.hpp"
#include "world.hpp"

namespace vbq {
namespace {

using support::random_genomes;
using support::small_problem;
using test::on_ranks;
using test::world;

// Formats of one comparison: passes that serve again, that do not, and none; levels that are found in three ways.
std::vector<Format> formats_to_compare(const Format& base) {
  std::vector<Format> formats;
  for (const Assignment assignment : {Assignment::nearest, Assignment::compensated, Assignment::sequential}) {
    for (const Matching matching : {Matching::never, Matching::always}) {
      for (const Encoding encoding : {Encoding::uniform, Encoding::values}) {
        Format format = base;
        format.assignment = assignment;
        format.matching = matching;
        format.encoding = encoding;
        format.matching_images = 9;
        formats.push_back(format);
      }
    }
  }
  formats.push_back(base);
  formats.back().matching = Matching::end;
  formats.back().matching_images = 5;
  formats.back().levels = 7;
  formats.push_back(base);
  return formats;
}

// One evaluator for all formats, one after the other, answers as a fresh one for each does, to the bit.
TEST(ClusterEvaluator, OneFormatAfterAnotherIsAsAFreshEvaluatorForEach) {
  for (const EngineKind kind : {EngineKind::reference, EngineKind::cpu}) {
    Problem problem = small_problem(22, 13, 3);
    problem.engine.kind = kind;
    const Format base = problem.format;
    problem.format.assignment = Assignment::compensated;
    problem.calibration = share_calibration(world(), problem);
    problem.format = base;
    on_ranks(problem, [&](Evaluator& evaluator, const std::vector<WorkerInfo>&) {
      for (const Format& format : formats_to_compare(base)) {
        Problem own = problem;
        own.format = format;
        const auto fresh = make_local_evaluator(own);
        evaluator.use(format);
        const std::vector<Genome> genomes = seed_genomes(problem.network, format);
        EXPECT_EQ(evaluator.evaluate(genomes, {}), fresh->evaluate(genomes, {}));
        const QuantisedNetwork network = evaluator.network(genomes.back());
        EXPECT_EQ(network, fresh->network(genomes.back()));
        for (const ImageSet set : {ImageSet::held_out, ImageSet::search}) {
          EXPECT_EQ(evaluator.score(set, network), fresh->score(set, network));
          EXPECT_EQ(evaluator.as_trained(set), fresh->score(set, {}));
        }
      }
    });
  }
}

// As at the start: said by rank 0, once, and nobody is left waiting.
TEST(ClusterEvaluator, AFormatThatCannotBeHadLeavesTheWorkersUsable) {
  const Problem problem = small_problem();
  Format wrong = problem.format;
  wrong.skip = {"no such layer"};
  on_ranks(problem, [&](Evaluator& evaluator, const std::vector<WorkerInfo>&) {
    const auto genomes = random_genomes(problem, 3);
    const auto before = evaluator.evaluate(genomes, {});
    try {
      evaluator.use(wrong);
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::input);
      EXPECT_EQ(std::string(error.what()).find("rank "), std::string::npos) << error.what();  // all say the same
      EXPECT_NE(std::string(error.what()).find("no such layer"), std::string::npos) << error.what();
    }
    EXPECT_EQ(evaluator.score(ImageSet::search, {}).seen, 22);
    evaluator.use(problem.format);
    EXPECT_EQ(evaluator.evaluate(genomes, {}), before);
  });
}

}  // namespace
}  // namespace vbq
