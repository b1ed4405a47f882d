#include "evaluate/calibrate.hpp"

#include <gtest/gtest.h>

#include "support/problem.hpp"

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

}  // namespace
}  // namespace vbq
