#include "evaluate/calibrate.hpp"

#include <gtest/gtest.h>

#include "assign/activation_ranges.hpp"
#include "support/problem.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

// "auto" and the kind that it comes to give the same factors, so they share a key; another engine does not.
TEST(CalibrationKey, IsOfTheEngineThatWasUsedNotOfTheOneAskedFor) {
  Problem problem = support::small_problem();
  const auto key_with = [&](EngineKind kind) {
    problem.engine.kind = kind;
    return calibration_key(problem, calibration_engine(problem));
  };
  const std::string reference = key_with(EngineKind::reference), cpu = key_with(EngineKind::cpu);
  EXPECT_NE(reference, cpu);
  const std::string automatic = key_with(EngineKind::automatic);
  if (calibration_engine(problem).starts_with("cpu")) {
    EXPECT_EQ(automatic, cpu);
  }
  EXPECT_NE(automatic, reference);
}

TEST(CalibrationKey, DependsOnTheInstructionSet) {
  const Problem problem = support::small_problem();
  EXPECT_NE(calibration_key(problem, "cpu, avx2, oneDNN 2.6.3, fp32"),
            calibration_key(problem, "cpu, avx512_core, oneDNN 2.6.3, fp32"));
}

TEST(CalibrationKey, DependsOnImagesLayersAndWeights) {
  Problem problem = support::small_problem();
  const std::string key = calibration_key(problem, "cpu");
  std::swap(problem.split.search.front(), problem.split.search.back());
  EXPECT_NE(calibration_key(problem, "cpu"), key);
  problem = support::small_problem();
  problem.format.skip = {problem.network.nodes[static_cast<std::size_t>(weight_layers(problem.network)[1])].name};
  EXPECT_NE(calibration_key(problem, "cpu"), key);
  problem = support::small_problem();
  weight_of(problem.network.nodes[static_cast<std::size_t>(weight_layers(problem.network)[0])])->data[0] += 1;
  EXPECT_NE(calibration_key(problem, "cpu"), key);
}

CalibrationImages images_of(const Problem& problem) {
  const auto read = [&problem](std::int64_t first, std::int64_t count) {
    std::vector<std::int64_t> some;
    for (std::int64_t i = first; i < first + count; ++i) some.push_back(i);
    return Shard{problem.search_source->read(some), problem.search_source->info().normalisation, problem.engine.block,
                 false};
  };
  return {30, read, problem.engine.block};
}

TEST(CalibrateActivations, DoNotDependOnThreadsAndHardlyOnTheEngine) {
  Problem problem = support::small_problem();
  const std::vector<int> layers = weight_layers(problem.network);
  const auto found_by = [&](EngineKind kind, int threads) {
    EngineOptions options = problem.engine;
    options.kind = kind;
    options.threads = threads;
    return calibrate_activations(problem.network, layers, 6, *make_engine(problem.network, options),
                                 images_of(problem));
  };
  const ActivationRanges reference = found_by(EngineKind::reference, 1), cpu = found_by(EngineKind::cpu, 1);
  ASSERT_EQ(reference.size(), activation_places(problem.network, layers).size());
  ASSERT_EQ(cpu.size(), reference.size());
  EXPECT_EQ(cpu, found_by(EngineKind::cpu, 3));
  for (std::size_t i = 0; i < cpu.size(); ++i) {
    EXPECT_EQ(cpu[i].layer, reference[i].layer);
    EXPECT_EQ(cpu[i].bits, i == 0 ? 8 : 6);
    // Among so few values, ranges that are as good lie some percent apart: last bits decide.
    EXPECT_NEAR(cpu[i].scale, reference[i].scale, 0.05 * reference[i].scale);
  }
}

TEST(CalibrateActivations, RefusesValuesThatAreNotFinite) {
  Problem problem = support::small_problem();
  const std::vector<int> layers = weight_layers(problem.network);
  std::get<BatchNorm>(problem.network.nodes[1].op).shift[0] = 3e38F;
  std::get<BatchNorm>(problem.network.nodes[1].op).scale[0] = 3e38F;
  const auto engine = make_engine(problem.network, problem.engine);
  EXPECT_THROW(calibrate_activations(problem.network, layers, 8, *engine, images_of(problem)), Error);
}

}  // namespace
}  // namespace vbq
