// A worker whose engine has several copies of the network, as engine cuda may: genomes take them in turn.
#include <gtest/gtest.h>

#include <utility>

#include "evaluate/local_evaluator.hpp"
#include "support/problem.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

using support::random_genomes;
using support::small_problem;

// Each copy an engine of its own. Remembers the most that ran at once, and fails where a copy is asked for anything
// while it runs.
class ManyEngines final : public Engine {
 public:
  ManyEngines(const Network& network, EngineOptions options, int copies, int& most) : most_(most) {
    options.kind = EngineKind::reference;
    for (int i = 0; i < copies; ++i) engines_.push_back(make_engine(network, options));
    runs_.resize(engines_.size());
  }
  const EngineInfo& info() const override { return first().info(); }
  int copies() const override { return static_cast<int>(engines_.size()); }
  void load(Shard shard) override {
    for (std::size_t k = 0; k < engines_.size(); ++k) at(static_cast<int>(k)).load(shard);
  }
  std::int64_t not_finite() override { return first().not_finite(); }
  void quantise(const NetworkFormat& formats, int copy) override { at(copy).quantise(formats); }
  std::unique_ptr<LayerRunner> open(std::int64_t images) override { return first().open(images); }
  void start(std::int64_t first, std::int64_t count, int copy) override {
    at(copy).start(first, count, 0);
    runs_[static_cast<std::size_t>(copy)] = true;
    most_ = std::max(most_, static_cast<int>(std::ranges::count(runs_, true)));
  }
  Tally finish(int copy) override {
    if (!runs_[static_cast<std::size_t>(copy)]) throw Error("a copy was to finish what it had not started");
    runs_[static_cast<std::size_t>(copy)] = false;
    return at(copy).finish(0);
  }
  void infer(std::span<const float> input, std::int64_t images, std::span<float> output) override {
    at(0).infer(input, images, output);
  }

 private:
  Engine& first() const { return *engines_.front(); }
  Engine& at(int copy) {
    const auto k = static_cast<std::size_t>(copy);
    if (runs_.at(k)) throw Error("a copy was asked for something while it runs");
    return *engines_[k];
  }

  std::vector<std::unique_ptr<Engine>> engines_;
  std::vector<bool> runs_;
  int& most_;
};

LocalEvaluator evaluator_of(const Problem& problem, int copies, int& most) {
  return LocalEvaluator(problem, [&most, copies](const Network& network, const EngineOptions& options) {
    return std::make_unique<ManyEngines>(network, options, copies, most);
  });
}

TEST(Copies, GiveTheTalliesOfOne) {
  for (const Matching matching : {Matching::never, Matching::always}) {
    Problem problem = small_problem();
    problem.format.matching = matching;
    for (const int count : {1, 2, 3, 7, 40}) {
      const auto genomes = random_genomes(problem, count);
      int most = 0;
      LocalEvaluator one = evaluator_of(problem, 1, most);
      const auto expected = one.evaluate(genomes, {});
      const QuantisedNetwork network = one.network(genomes[0]);
      EXPECT_EQ(most, 1);
      for (const int copies : {2, 3, 4, 9}) {
        most = 0;
        LocalEvaluator several = evaluator_of(problem, copies, most);
        EXPECT_EQ(several.evaluate(genomes, {}), expected) << count << " genomes, " << copies << " copies";
        EXPECT_EQ(several.evaluate(genomes, {}), expected);  // the tasks are larger now
        EXPECT_GE(most, std::min(copies, count));            // blocks of one network may take several too
        EXPECT_LE(most, copies);
        EXPECT_EQ(several.score(ImageSet::held_out, network), one.score(ImageSet::held_out, network));
      }
    }
  }
}

}  // namespace
}  // namespace vbq
