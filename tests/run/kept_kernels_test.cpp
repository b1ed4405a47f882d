#include "run/kept_kernels.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "support/folder.hpp"

namespace vbq {
namespace {

const Kernels kMadeUp{{14, 7, 3}, {}, {15}};

// What another start of the same run finds.
Kernels found(Setup& setup, const test::Folder& folder) {
  Communicator alone;
  setup.problem.engine.kernels = {{99}};
  find_kernels(alone, setup, folder.path());
  return setup.problem.engine.kernels;
}

TEST(KeptKernels, AreThoseOfTheFirstStart) {
  const test::Folder folder;
  vbq::Setup setup;
  setup.network_hash = "network";
  EXPECT_EQ(found(setup, folder), Kernels());
  keep_kernels(setup, {});  // of an engine without a choice
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  keep_kernels(setup, kMadeUp);
  EXPECT_EQ(found(setup, folder), kMadeUp);
  keep_kernels(setup, {{1}});  // they are there
  EXPECT_EQ(found(setup, folder), kMadeUp);
}

TEST(KeptKernels, OfSomethingElseAreChosenAgain) {
  const test::Folder folder;
  vbq::Setup setup;
  found(setup, folder);
  keep_kernels(setup, kMadeUp);
  vbq::Setup other = setup;
  other.problem.engine.precision = Precision::fp16;
  EXPECT_EQ(found(other, folder), Kernels());
  other = setup;
  other.problem.engine.block = 7;
  EXPECT_EQ(found(other, folder), Kernels());
  other = setup;
  other.network_hash = "another";
  EXPECT_EQ(found(other, folder), Kernels());
  keep_kernels(other, {{1}});
  EXPECT_EQ(found(other, folder), Kernels({{1}}));
}

// A start in the wrong precision, which is refused later on, would else take the run's kernels away for good.
TEST(KeptKernels, OfARunThatHasBegunAreNeverReplaced) {
  const test::Folder folder;
  vbq::Setup setup;
  found(setup, folder);
  keep_kernels(setup, kMadeUp);
  std::ofstream(folder.path() / "checkpoint-000001.h5") << "as good as one";
  vbq::Setup other = setup;
  other.problem.engine.precision = Precision::fp16;
  EXPECT_EQ(found(other, folder), Kernels());
  keep_kernels(other, {{1}});
  EXPECT_EQ(found(other, folder), Kernels());
  EXPECT_EQ(found(setup, folder), kMadeUp);
}

TEST(KeptKernels, EngineCpuHasNone) {
  const test::Folder folder;
  vbq::Setup setup;
  found(setup, folder);
  keep_kernels(setup, kMadeUp);
  setup.problem.engine.kind = EngineKind::cpu;
  setup.problem.engine.kernels = {};
  Communicator alone;
  find_kernels(alone, setup, folder.path());
  EXPECT_EQ(setup.problem.engine.kernels, Kernels());
}

}  // namespace
}  // namespace vbq
