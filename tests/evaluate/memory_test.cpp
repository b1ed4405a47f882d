// Memory that a worker needs, as far as it can be known before.
#include "evaluate/memory.hpp"

#include <gtest/gtest.h>

#include "support/problem.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

using support::small_problem;

TEST(Memory, MoreWorkersHoldFewerImagesEach) {
  const Problem problem = small_problem(400, 0, 4);
  const WorkerMemory one = worker_memory(problem, {0, 1}), four = worker_memory(problem, {0, 4});
  EXPECT_GT(one.images, 400 * 2 * 5 * 5);
  EXPECT_EQ(four.images * 4, one.images);
  EXPECT_EQ(four.engine, one.engine);
  EXPECT_EQ(one.choosing, 0);
}

TEST(Memory, CountsWhatTheFormatAsksFor) {
  for (const EngineKind kind : {EngineKind::reference, EngineKind::cpu}) {
    Problem problem = small_problem(100, 0, 4);
    problem.engine.kind = kind;
    const WorkerMemory plain = worker_memory(problem, {});
    problem.format.matching = Matching::end;
    const WorkerMemory matched = worker_memory(problem, {});
    EXPECT_GT(matched.engine, plain.engine + 100 * 2 * 5 * 5 * 4);  // the activations of all images
    EXPECT_EQ(matched.choosing, 0);
    problem.format.matching_images = 10;
    EXPECT_LT(worker_memory(problem, {}).engine, matched.engine);
    problem.format.assignment = Assignment::sequential;
    EXPECT_GT(worker_memory(problem, {}).choosing, 0);
    problem.format.assignment = Assignment::compensated;
    EXPECT_GT(worker_memory(problem, {}).choosing, 2 * 9 * 2 * 9 * 4);  // H's factor of the first convolution
  }
}

TEST(Memory, WhatDoesNotFitIsRefusedInOneSentence) {
  const std::int64_t available = available_memory();
  ASSERT_GT(available, 0);
  EXPECT_NO_THROW(check_memory({1, 1, 1}, 1));
  EXPECT_NO_THROW(check_memory({available / 2, 0, 0}, 1));
  try {
    check_memory({available / 2, 1 << 20, 3 << 20}, 3);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::input);
    const std::string text = error.what();
    for (const char* part : {"a worker needs about", "1 for the network", "3 for choosing levels", "3 of them"}) {
      EXPECT_NE(text.find(part), std::string::npos) << text;
    }
    EXPECT_EQ(text.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace vbq
