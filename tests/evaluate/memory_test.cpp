// Memory that a worker needs, as far as it can be known before.
#include "evaluate/memory.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "evaluate/calibrate.hpp"
#include "evaluate/classify.hpp"
#include "evaluate/local_evaluator.hpp"
#include "support/problem.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

using support::small_problem;

// All of the search's images where many networks are run on them; a part where one network is scored.
TEST(Memory, CountsTheImagesThatAWorkerHolds) {
  Problem problem = small_problem(400, 0, 4);
  const WorkerMemory one = worker_memory(problem, {0, 1}), four = worker_memory(problem, {0, 4});
  EXPECT_GT(one.images, 400 * 2 * 5 * 5);
  EXPECT_EQ(four.images, one.images);
  EXPECT_EQ(four.engine, one.engine);
  EXPECT_LT(four.choosing, one.choosing);  // the networks of a generation are shared out
  problem.population = 1;
  EXPECT_EQ(worker_memory(problem, {0, 4}).images * 4, worker_memory(problem, {0, 1}).images);
}

// Outputs as trained (and, of images that do not lead the search, tallies) are kept of all held-out images, not of a
// piece alone, unless they are too many.
TEST(Memory, CountsTheOutputsAsTrained) {
  Problem problem = small_problem(40, 400, 4);
  constexpr auto kTally = static_cast<std::int64_t>(sizeof(ImageTally));
  EXPECT_EQ(trained_bytes(problem, ImageSet::held_out, 1), 400 * (6 * 4 + kTally));
  EXPECT_EQ(trained_bytes(problem, ImageSet::held_out, 4), 100 * (6 * 4 + kTally));
  EXPECT_TRUE(keeps_trained(problem, ImageSet::held_out, 1));
  const WorkerMemory with = worker_memory(problem, {});
  problem.with_divergence = false;
  EXPECT_FALSE(keeps_trained(problem, ImageSet::held_out, 1));
  EXPECT_EQ(with.images - worker_memory(problem, {}).images, (40 + 400) * 6 * 4 + 400 * kTally);
}

TEST(Memory, CountsWhatTheFormatAsksFor) {
  for (const EngineKind kind : {EngineKind::reference, EngineKind::cpu}) {
    Problem problem = small_problem(100, 0, 4);
    problem.engine.kind = kind;
    const WorkerMemory plain = worker_memory(problem, {});
    problem.format.matching = Matching::end;
    const WorkerMemory matched = worker_memory(problem, {});
    EXPECT_GT(matched.engine, plain.engine + 100 * 2 * 5 * 5 * 4);  // the activations of all images
    EXPECT_EQ(matched.choosing, plain.choosing);
    problem.format.matching_images = 10;
    EXPECT_LT(worker_memory(problem, {}).engine, matched.engine);
    problem.format.assignment = Assignment::sequential;
    EXPECT_GT(worker_memory(problem, {}).choosing, 0);
    problem.format.assignment = Assignment::compensated;
    EXPECT_GT(worker_memory(problem, {}).choosing, 2 * 9 * 2 * 9 * 4);  // H's factor of the first convolution
  }
}

TEST(Memory, KeepsOfNetworksWhatTheJobAllowsAndHalfOfWhatIsFree) {
  Problem problem = small_problem(100, 0, 4);
  problem.engine.kind = EngineKind::cpu;
  problem.memory = 1 << 20;
  EXPECT_EQ(memory_to_keep(problem), 0);  // networks take no pass
  EXPECT_EQ(worker_memory(problem, {}).kept, 0);
  problem.format.matching = Matching::always;
  EXPECT_EQ(memory_to_keep(problem), 1 << 20);
  EXPECT_EQ(worker_memory(problem, {}).kept, 1 << 20);
  const std::int64_t total = worker_memory(problem, {}).total();
  problem.engine.kind = EngineKind::cuda;
  EXPECT_EQ(worker_memory(problem, {}).kept, 0);  // its passes are its own
  problem.engine.kind = EngineKind::cpu;
  problem.memory = std::int64_t{1} << 50;
  problem.engine.host_workers = 4;
  EXPECT_LT(memory_to_keep(problem), available_memory() / 4);
  EXPECT_EQ(worker_memory(problem, {}).total(), total);  // it is no need: nothing is refused for it
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

TEST(Memory, ImagesThatWereImportedAreCounted) {
  Problem problem = small_problem(100, 0, 4);
  const std::int64_t of_a_file = worker_memory(problem, {}).images, quarter = worker_memory(problem, {0, 4}).images;
  Images images = support::random_images(200, 2, 5, 6, 5);
  const auto bytes = static_cast<std::int64_t>(images.pixels.size() + 4 * images.labels.size());
  problem.search_source = memory_source(std::move(images), problem.search_source->info());
  EXPECT_EQ(worker_memory(problem, {}).images, of_a_file + bytes);
  EXPECT_EQ(worker_memory(problem, {0, 4}).images, quarter + bytes);  // which every worker holds
  problem.held_out_source = problem.search_source;                    // but once
  for (std::int64_t i = 0; i < 100; ++i) problem.split.held_out.push_back(2 * i);
  // With tallies of the network as trained, and a block that is classified at the end.
  const std::int64_t tallies = 100 * static_cast<std::int64_t>(sizeof(ImageTally));
  EXPECT_EQ(worker_memory(problem, {}).images, 2 * of_a_file + tallies + bytes + classify_bytes(problem.network, 4));
  problem.population = 1;
  EXPECT_EQ(worker_memory(problem, {}).images, 2 * of_a_file + tallies + bytes);
}

TEST(Memory, WhatCannotBeReadIsRefusedBeforeItIs) {
  EXPECT_NO_THROW(check_reading("network x", 1 << 20, 3, 2, "buy more"));
  const std::int64_t available = available_memory();
  ASSERT_GT(available, 0);
  try {
    check_reading("network x", available / 4, 3, 2, "buy more");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::input);
    const std::string text = error.what();
    for (const char* part : {"network x is ", "2 processes here hold 3 times as much", "are free: buy more"}) {
      EXPECT_NE(text.find(part), std::string::npos) << text;
    }
  }
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitised = true;  // they take memory of their own
#else
constexpr bool kSanitised = false;
#endif

// VmHWM of a child process that does this, in bytes.
std::int64_t largest_resident(const std::function<void()>& work) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    std::int64_t kib = -1;
    try {
      work();
      std::ifstream file("/proc/self/status");
      for (std::string line; std::getline(file, line);) {
        if (line.starts_with("VmHWM:")) kib = std::atoll(line.c_str() + 6);
      }
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
    const ssize_t written = ::write(ends[1], &kib, sizeof kib);
    std::_Exit(written == sizeof kib ? 0 : 1);
  }
  std::int64_t kib = -1;
  EXPECT_EQ(::read(ends[0], &kib, sizeof kib), static_cast<ssize_t>(sizeof kib));
  for (const int end : ends) ::close(end);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_GT(kib, 0);
  return kib << 10;
}

// Many images and wide layers, few and large, or weights before all: `width` channels inside.
Problem sized_problem(std::int64_t size, std::int64_t width, std::int64_t images) {
  Problem problem = small_problem(images, images, 50);
  problem.network = support::residual_network(3, size, width, 10, 4);
  problem.engine.kind = EngineKind::cpu;
  problem.engine.threads = 2;
  problem.population = 4;
  Images pixels = support::random_images(2 * images, 3, size, 10, 5);
  DatasetInfo info{};
  info.classes = 10;
  info.normalisation = {{0.5F, 0.5F, 0.5F}, {0.25F, 0.25F, 0.25F}};
  problem.search_source = problem.held_out_source = memory_source(std::move(pixels), info);
  return problem;
}

// As a worker does it: a search of some generations, then the best on both sets.
void work(const Problem& problem, std::uint64_t generations) {
  Problem own = problem;  // as the program's own, which made it
  if (!layers_to_calibrate(own).empty()) {
    own.calibration = std::make_shared<Calibration>(Calibration{calibrate(own, layers_to_calibrate(own), own.engine)});
  }
  const auto evaluator = make_local_evaluator(own);
  for (std::uint64_t generation = 1; generation <= generations; ++generation) {
    const auto genomes = support::random_genomes(own, own.population, generation);
    evaluator->evaluate(genomes, {});
  }
  evaluator->score(ImageSet::held_out, {});
}

void expect_near(const Problem& problem, std::uint64_t generations) {
  const WorkerMemory need = worker_memory(problem, {});
  // The parent's copy is in the child's memory too, in place of the one that the program itself has.
  const std::int64_t largest = largest_resident([&] { work(problem, generations); });
  constexpr double kMiB = 1 << 20;
  const double told = static_cast<double>(need.total()) / kMiB, seen = static_cast<double>(largest) / kMiB;
  std::printf("told %.1f MiB, seen %.1f MiB\n", told, seen);
  EXPECT_NEAR(told / seen, 1.0, 0.25) << "told " << told << " MiB (images " << static_cast<double>(need.images) / kMiB
                                      << ", network " << static_cast<double>(need.engine) / kMiB << ", choosing "
                                      << static_cast<double>(need.choosing) / kMiB << "), seen " << seen;
}

TEST(Memory, IsWhatAWorkerReallyTakes) {
  if (kSanitised) GTEST_SKIP();
  Problem weights = sized_problem(8, 640, 50);  // 3.7 million weights
  weights.format.matching = Matching::end;
  weights.format.matching_images = 20;
  expect_near(weights, 2);
  Problem compensated = sized_problem(8, 256, 50);
  compensated.format.assignment = Assignment::compensated;
  expect_near(compensated, 4);
  Problem sequential = sized_problem(32, 64, 200);
  sequential.format.assignment = Assignment::sequential;
  sequential.format.matching_images = 100;
  expect_near(sequential, 1);
}

TEST(Memory, IsToldWithoutTakingIt) {
  if (kSanitised) GTEST_SKIP();
  const Problem problem = sized_problem(8, 640, 50);
  const std::int64_t before = largest_resident([] {});
  const std::int64_t after = largest_resident([&] { worker_memory(problem, {}); });
  EXPECT_LT(after - before, std::int64_t{12} << 20);  // the network's weights are 14 MiB, transformed 56, in every copy
}

}  // namespace
}  // namespace vbq
