// Networks that are made together: how many, and that as many reach an engine that takes them through a pass at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "assign/sequential.hpp"
#include "evaluate/local_evaluator.hpp"
#include "support/forwarding_engine.hpp"
#include "support/problem.hpp"

namespace vbq {
namespace {

using support::random_genomes;
using support::small_problem;

TEST(MadeAtOnce, IsWhatEnginesTakeThroughAPassAtOnce) {
  const Problem problem = small_problem();
  const auto at_once = [&](const Format& format, const char* engine) { return made_at_once(problem, format, engine); };
  Format format = problem.format;
  EXPECT_EQ(at_once(format, "cuda"), 16U);
  EXPECT_EQ(at_once(format, "cpu"), 16U);
  format.matching = Matching::end;  // no candidate takes a pass
  EXPECT_EQ(at_once(format, "cuda"), 16U);
  format.matching = Matching::always;
  EXPECT_EQ(at_once(format, "cuda"), 8U);
  EXPECT_EQ(at_once(format, "cpu"), 1U);
  format.matching = Matching::never;
  format.assignment = Assignment::sequential;
  EXPECT_EQ(at_once(format, "cuda"), 8U);
  EXPECT_EQ(at_once(format, "reference"), 1U);
  format.refit = 1;  // which is the host's
  EXPECT_EQ(at_once(format, "cuda"), 1U);
  format.assignment = Assignment::compensated;
  EXPECT_EQ(at_once(format, "cuda"), 16U);
  format.matching = Matching::always;  // of refitted levels
  EXPECT_EQ(at_once(format, "cuda"), 8U);
}

TEST(MadeAtOnce, IsFewOfALargeNetworkOrOneTheHostMakes) {
  Problem problem = small_problem();
  problem.format.assignment = Assignment::sequential;
  Conv& conv = std::get<Conv>(problem.network.nodes.front().op);
  conv.weight.data.resize(std::size_t{5} << 20);
  EXPECT_EQ(made_at_once(problem, problem.format, "cuda"), 3U);
  conv.weight.data.resize(std::size_t{20} << 20);
  EXPECT_EQ(made_at_once(problem, problem.format, "cuda"), 1U);
  // Images that do not fit one batch.
  problem = small_problem();
  problem.format.assignment = Assignment::sequential;
  problem.network.shapes.front() = {1 << 20};
  problem.split.search.resize(2000);
  problem.format.matching_images = 1000;
  EXPECT_EQ(made_at_once(problem, problem.format, "cuda"), 8U);
  problem.format.matching_images = 2000;
  EXPECT_EQ(made_at_once(problem, problem.format, "cuda"), 1U);
}

// Calls itself "cuda" and has passes of its own, which are the host's; remembers how many networks came at once.
class PassingEngine final : public support::ForwardingEngine {
 public:
  using Seen = std::vector<std::size_t>;

  PassingEngine(const Network& network, const EngineOptions& options, Seen& seen)
      : ForwardingEngine(make_engine(network, options)), network_(network), seen_(seen) {
    info_.kind = "cuda";
  }
  std::unique_ptr<DevicePass> pass(const Shard& images, PassLevels levels) override {
    return std::make_unique<Pass>(levels == PassLevels::sequential
                                      ? sequential_pass(network_, *engine_, images, Refit::none)
                                      : LayerPass(network_, *engine_, images, nullptr),
                                  seen_);
  }

 private:
  class Pass final : public DevicePass {
   public:
    Pass(LayerPass pass, Seen& seen) : pass_(std::move(pass)), seen_(seen) {}
    std::vector<NetworkFormat> assign(std::span<const NetworkFormat> networks) override {
      seen_.push_back(networks.size());
      return pass_.assign(networks);
    }
    std::vector<NetworkFormat> match(std::span<const NetworkFormat> networks) override {
      seen_.push_back(networks.size());
      return pass_.match(networks);
    }

   private:
    LayerPass pass_;
    Seen& seen_;
  };

  const Network network_;
  Seen& seen_;
};

TEST(MadeAtOnce, ComeToThePassTogether) {
  for (const Assignment assignment : {Assignment::sequential, Assignment::nearest}) {
    for (const Matching matching : {Matching::never, Matching::always}) {
      Problem problem = small_problem();
      problem.format.assignment = assignment;
      problem.format.matching = matching;
      if (!passes(problem.format)) continue;
      const auto genomes = random_genomes(problem, 19);
      PassingEngine::Seen seen;
      LocalEvaluator evaluator(problem, [&seen](const Network& network, const EngineOptions& options) {
        return std::make_unique<PassingEngine>(network, options, seen);
      });
      EXPECT_EQ(evaluator.evaluate(genomes, {}), LocalEvaluator(problem).evaluate(genomes, {}));
      EXPECT_EQ(seen, (PassingEngine::Seen{8, 8, 3}));
      evaluator.network(genomes[0]);
      EXPECT_EQ(seen.back(), 1U);
    }
  }
}

}  // namespace
}  // namespace vbq
