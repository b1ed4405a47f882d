// Networks in which each layer has its own number of levels, or stays FP32.
#include <gtest/gtest.h>

#include "evaluate/local_evaluator.hpp"
#include "support/problem.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

Chromosome genes_of(int count, double width) {
  Chromosome genes;
  for (int i = 0; i < count; ++i) genes.push_back(width * (2.0 * i / (count - 1) - 1));
  return genes;
}

// A layer without genes is one that is skipped, whatever else is done to the network; with and without it in turn, on
// one evaluator.
TEST(OwnWidths, ALayerWithoutGenesIsASkippedOne) {
  for (const Assignment assignment : {Assignment::nearest, Assignment::compensated, Assignment::sequential}) {
    for (const Matching matching : {Matching::never, Matching::always}) {
      Problem problem = support::small_problem();
      problem.format.levels = 8;
      problem.format.widths = Widths::own;
      problem.format.assignment = assignment;
      problem.format.matching = matching;
      problem.format.matching_images = 9;
      const Chromosome first = genes_of(2, 1.0), second = genes_of(8, 1.7), last = genes_of(5, 1.5);
      const std::vector<Genome> genomes{{{first, {}, last}}, {{first, second, last}}, {{{}, {}, last}},
                                        {{first, {}, last}}, {{{}, {}, {}}},          {{first, second, last}}};
      LocalEvaluator evaluator(problem);
      const auto evaluated = evaluator.evaluate(genomes, {});
      EXPECT_EQ(evaluated[0], evaluated[3]);
      EXPECT_EQ(evaluated[1], evaluated[5]);
      EXPECT_EQ(evaluated[4].network, NetworkId{}) << "as trained";
      EXPECT_EQ(evaluated[4].bits, 32 * weight_count(problem.network));

      Problem skipping = problem;
      skipping.format.skip = {problem.network.nodes[static_cast<std::size_t>(weight_layers(problem.network)[1])].name};
      LocalEvaluator other(skipping);
      const std::vector<Genome> shorter{{{first, last}}};
      EXPECT_EQ(other.evaluate(shorter, {}).front(), evaluated[0]);
    }
  }
}

}  // namespace
}  // namespace vbq
