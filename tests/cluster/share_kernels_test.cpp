#include "cluster/share_kernels.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cluster/agree.hpp"
#include "cluster/cluster_evaluator.hpp"
#include "cluster/serve.hpp"
#include "core/check.hpp"
#include "evaluate/local_evaluator.hpp"
#include "support/forwarding_engine.hpp"
#include "support/problem.hpp"
#include "world.hpp"

namespace vbq {
namespace {

using test::world;

const Kernels kMadeUp{{14, 7, 3}, {}, {15}};

EngineOptions options_of(EngineKind kind) {
  EngineOptions options;
  options.kind = kind;
  return options;
}

struct Shared {
  Kernels kernels;
  int made = 0;
};
Shared share(const EngineOptions& options, bool measures) {
  Shared shared;
  const FirstEngine first{[=](const EngineOptions&) { return measures; },
                          [&] {
                            ++shared.made;
                            return kMadeUp;
                          }};
  shared.kernels = share_kernels(world(), options, first);
  return shared;
}

TEST(ShareKernels, AllGetThoseOfRank1) {
  if (world().size() < 2) GTEST_SKIP() << "nobody to share with";
  for (const EngineKind kind : {EngineKind::cuda, EngineKind::automatic}) {
    const Shared shared = share(options_of(kind), true);
    EXPECT_EQ(shared.kernels, kMadeUp);
    EXPECT_EQ(shared.made, world().rank() == 1 ? 1 : 0);
  }
}

TEST(ShareKernels, NoneWhereRank1MeasuresNothing) {
  if (world().size() < 2) GTEST_SKIP() << "nobody to share with";
  const Shared shared = share(options_of(EngineKind::automatic), world().rank() != 1);
  EXPECT_EQ(shared.kernels, Kernels());
  EXPECT_EQ(shared.made, 0);
}

TEST(ShareKernels, WithoutAChoiceNothingIsSaid) {
  std::vector<EngineOptions> settled(4);
  settled[0].kind = EngineKind::cpu;
  settled[1].kind = EngineKind::reference;
  settled[2].tune = false;
  settled[3].kernels = {{static_cast<std::int64_t>(world().rank())}};  // would not be the ranks' own if they talked
  for (const EngineOptions& options : settled) {
    const Shared shared = share(options, true);
    EXPECT_EQ(shared.kernels, options.kernels);
    EXPECT_EQ(shared.made, 0);
  }
}

TEST(ShareKernels, AnEngineThatCannotBeMadeEndsAll) {
  if (world().size() < 2) GTEST_SKIP() << "nobody to share with";
  const FirstEngine first{[](const EngineOptions&) { return true; }, []() -> Kernels { fail("no memory left"); }};
  try {
    share_kernels(world(), options_of(EngineKind::cuda), first);
    ADD_FAILURE() << "no error";
  } catch (const AgreedError& error) {
    EXPECT_EQ(std::string(error.what()).rfind("rank 1 on ", 0), 0U) << error.what();
    EXPECT_EQ(error.fault(), Fault::input);
  }
}

// Engine cpu that would choose a kernel of its own on every rank, and says so in its identity.
class ChoosingEngine final : public support::ForwardingEngine {
 public:
  ChoosingEngine(const Network& network, EngineOptions options)
      : ForwardingEngine(on_cpu(network, options)), kernels_(std::move(options.kernels)) {
    if (options.tune && kernels_.empty()) kernels_ = {{100 + world().rank()}};
    for (const auto& kernel : kernels_) info_.library += fmt::format(" (kernel {})", kernel.front());
  }
  Kernels kernels() const override { return kernels_; }

 private:
  static std::unique_ptr<Engine> on_cpu(const Network& network, EngineOptions options) {
    options.kind = EngineKind::cpu;
    return make_engine(network, options);
  }
  Kernels kernels_;
};

// Engines that differ would be refused.
TEST(ShareKernels, AllWorkersComputeWithThem) {
  if (world().size() < 2) GTEST_SKIP() << "nobody to share with";
  Problem problem = support::small_problem();
  const auto genomes = support::random_genomes(problem, 5, 1);
  for (const Kernels& given : {Kernels(), Kernels{{7}}}) {
    problem.engine.kind = EngineKind::automatic;
    problem.engine.kernels = given;
    if (world().rank() != 0) {
      serve(
          world(), problem,
          [](const Network& network, const EngineOptions& options) {
            return std::make_unique<ChoosingEngine>(network, options);
          },
          [](const EngineOptions&) { return true; });
      continue;
    }
    const Workforce force = make_evaluator(world(), problem);
    const Kernels expected = given.empty() ? Kernels{{101}} : given;
    EXPECT_EQ(force.kernels, expected);
    for (const WorkerInfo& worker : force.workers) {
      const std::string& library = worker.engine.library;
      EXPECT_NE(library.find(fmt::format("(kernel {})", expected[0][0])), std::string::npos) << library;
    }
    problem.engine.kind = EngineKind::cpu;
    EXPECT_EQ(force.evaluator->evaluate(genomes, {}), make_local_evaluator(problem)->evaluate(genomes, {}));
  }
}

TEST(ShareKernels, ABroadcastIsRank0s) {
  Kernels kernels{{world().rank(), 2}, {}};
  broadcast(world(), kernels);
  EXPECT_EQ(kernels, (Kernels{{0, 2}, {}}));
}

}  // namespace
}  // namespace vbq
