// A worker whose engine has several copies of the network, as engine cuda may: genomes take them in turn.
#include <gtest/gtest.h>

#include <utility>

#include "evaluate/local_evaluator.hpp"
#include "support/problem.hpp"
#include "support/sums_alone.hpp"
#include "vbq/error.hpp"
#include "vbq/quantised_network.hpp"

namespace vbq {
namespace {

using support::random_genomes;
using support::small_problem;
using support::sums_alone;
using support::SumsAlone;

// Each copy an engine of its own. Counts the images that the FP32 network is run over, remembers the most that ran at
// once, and fails where a copy is asked for anything while it runs.
class ManyEngines final : public Engine {
 public:
  struct Seen {
    int most = 0;  // copies that ran at once
    std::int64_t as_trained = 0;
    std::int64_t work = 0;  // blocks that copies were started on, and images that were inferred
  };
  ManyEngines(const Network& network, EngineOptions options, int copies, Seen& seen) : seen_(seen) {
    options.kind = EngineKind::reference;
    for (int i = 0; i < copies; ++i) engines_.push_back(make_engine(network, options));
    runs_.resize(engines_.size());
  }
  const EngineInfo& info() const override { return first().info(); }
  int copies() const override { return static_cast<int>(engines_.size()); }
  void load(Shard shard) override {
    if (shard.with_divergence && shard.trained == nullptr) seen_.as_trained += shard.images.count;
    for (std::size_t k = 0; k < engines_.size(); ++k) at(static_cast<int>(k)).load(shard);
  }
  TrainedOutputs trained_outputs() override { return first().trained_outputs(); }
  TrainedTallies trained_tallies() override { return first().trained_tallies(); }
  void quantise(const NetworkFormat& formats, int copy) override { at(copy).quantise(formats); }
  std::unique_ptr<LayerRunner> open(std::int64_t images) override { return first().open(images); }
  void start(std::int64_t first, std::int64_t count, int copy) override {
    at(copy).start(first, count, 0);
    runs_[static_cast<std::size_t>(copy)] = true;
    seen_.work += count;
    seen_.most = std::max(seen_.most, static_cast<int>(std::ranges::count(runs_, true)));
  }
  Tally finish(int copy) override { return finished(copy).finish(0); }
  std::vector<ImageTally> finish_images(int copy) override { return finished(copy).finish_images(0); }
  void infer(std::span<const float> input, std::int64_t images, std::span<float> output) override {
    seen_.work += images;
    at(0).infer(input, images, output);
  }

 private:
  Engine& first() const { return *engines_.front(); }
  Engine& at(int copy) {
    const auto k = static_cast<std::size_t>(copy);
    if (runs_.at(k)) throw Error("a copy was asked for something while it runs");
    return *engines_[k];
  }
  Engine& finished(int copy) {
    if (!runs_[static_cast<std::size_t>(copy)]) throw Error("a copy was to finish what it had not started");
    runs_[static_cast<std::size_t>(copy)] = false;
    return at(copy);
  }

  std::vector<std::unique_ptr<Engine>> engines_;
  std::vector<bool> runs_;
  Seen& seen_;
};

LocalEvaluator evaluator_of(const Problem& problem, int copies, ManyEngines::Seen& seen) {
  return LocalEvaluator(problem, [&seen, copies](const Network& network, const EngineOptions& options) {
    return std::make_unique<ManyEngines>(network, options, copies, seen);
  });
}

TEST(Copies, GiveTheTalliesOfOne) {
  for (const Matching matching : {Matching::never, Matching::always}) {
    Problem problem = small_problem();
    problem.format.matching = matching;
    for (const int count : {1, 2, 3, 7, 40}) {
      const auto genomes = random_genomes(problem, count);
      ManyEngines::Seen seen;
      LocalEvaluator one = evaluator_of(problem, 1, seen);
      const auto expected = one.evaluate(genomes, {});
      const QuantisedNetwork network = one.network(genomes[0]);
      EXPECT_EQ(seen.most, 1);
      for (const int copies : {2, 3, 4, 9}) {
        seen.most = 0;
        LocalEvaluator several = evaluator_of(problem, copies, seen);
        EXPECT_EQ(several.evaluate(genomes, {}), expected) << count << " genomes, " << copies << " copies";
        EXPECT_EQ(several.evaluate(genomes, {}), expected);  // the tasks are larger now
        EXPECT_GE(seen.most, std::min(copies, count));       // blocks of one network may take several too
        EXPECT_LE(seen.most, copies);
        EXPECT_EQ(several.score(ImageSet::held_out, network), one.score(ImageSet::held_out, network));
      }
    }
  }
}

// Searches and formats often end in the same network: what an evaluator has said of one it says again, in whatever
// format it was asked for, and forgets the oldest of many.
TEST(Remembered, NetworksAreNotRunTwice) {
  const Problem problem = small_problem();
  ManyEngines::Seen seen;
  LocalEvaluator evaluator = evaluator_of(problem, 1, seen);
  const QuantisedNetwork network = evaluator.network(random_genomes(problem, 1).front());
  const auto asked = [&] {
    const std::int64_t before = seen.work;
    EXPECT_EQ(evaluator.score(ImageSet::held_out, network).seen, 13);
    return seen.work - before;
  };
  EXPECT_EQ(asked(), 4);  // blocks
  const Tally tally = evaluator.score(ImageSet::held_out, network);
  Format format = problem.format;
  format.levels = 5;
  evaluator.use(format);
  EXPECT_EQ(asked(), 0);
  EXPECT_EQ(evaluator.score(ImageSet::held_out, network), tally);
  const std::int64_t done = seen.work;
  Tally sum;
  for (const Tally& block : evaluator.score_blocks(ImageSet::held_out, network)) sum += block;
  EXPECT_EQ(sum, tally);
  EXPECT_EQ(evaluator.score_blocks(ImageSet::held_out, network).size(), 4U);
  EXPECT_EQ(evaluator.classify(ImageSet::held_out, network).size(), 13U);
  EXPECT_EQ(seen.work, done) << "one run told it all";
  EXPECT_NE(evaluator.score(ImageSet::held_out, {}), tally);  // another network

  evaluator.use(problem.format);
  const auto others = random_genomes(problem, kRememberedAnswers, 2);
  const auto ask_of_others = [&](std::size_t count) {
    for (std::size_t k = 0; k < count; ++k) evaluator.score(ImageSet::held_out, evaluator.network(others[k]));
  };
  EXPECT_EQ(asked(), 0);  // the latest now
  ask_of_others(kRememberedAnswers - 1);
  EXPECT_EQ(asked(), 0);
  ask_of_others(kRememberedAnswers);
  EXPECT_EQ(asked(), 4);
  EXPECT_EQ(evaluator.score(ImageSet::held_out, network), tally);
}

// On an engine that does not tell images apart each question is a run of its own; the answers are the same. Where
// blocks will be wanted, a sum is one of blocks, which are known then.
TEST(Remembered, AsFarAsTheEngineTells) {
  const Problem problem = small_problem();
  LocalEvaluator evaluator = sums_alone(problem), keeps = sums_alone(problem);
  ManyEngines::Seen seen;
  LocalEvaluator all = evaluator_of(problem, 1, seen);
  const QuantisedNetwork network = all.network(random_genomes(problem, 1).front());
  const auto costs = [&](const auto& ask) {
    const std::int64_t before = SumsAlone::work;
    ask();
    return SumsAlone::work - before;
  };
  for (const QuantisedNetwork& one : {network, QuantisedNetwork{}}) {
    const auto sum = [&] { EXPECT_EQ(evaluator.score(ImageSet::held_out, one), all.score(ImageSet::held_out, one)); };
    const auto blocks = [&] {
      EXPECT_EQ(evaluator.score_blocks(ImageSet::held_out, one), all.score_blocks(ImageSet::held_out, one));
    };
    const auto classes = [&] {
      EXPECT_EQ(evaluator.classify(ImageSet::held_out, one), all.classify(ImageSet::held_out, one));
    };
    EXPECT_EQ(costs(sum), 4);
    EXPECT_EQ(costs(blocks), 4) << "of a sum no blocks are known";
    EXPECT_EQ(costs(classes), 13);
    EXPECT_EQ(costs([&] { sum(), blocks(), classes(); }), 0);
  }
  keeps.keep_blocks();
  EXPECT_EQ(costs([&] { keeps.score(ImageSet::held_out, network); }), 4);
  EXPECT_EQ(costs([&] { keeps.score_blocks(ImageSet::held_out, network); }), 0);
  EXPECT_EQ(evaluator.not_finite(ImageSet::held_out), all.not_finite(ImageSet::held_out));
}

TEST(Blocks, AreThoseOfAnyEngineOfAnySize) {
  ASSERT_FALSE(tells_images("cuda"));
  for (const std::int64_t block : {1, 4, 5, 13, 100}) {
    const Problem problem = small_problem(22, 13, block);
    LocalEvaluator sums = sums_alone(problem);
    ManyEngines::Seen seen;
    LocalEvaluator several = evaluator_of(problem, 3, seen);
    const QuantisedNetwork network = several.network(random_genomes(problem, 1).front());
    const std::vector<Tally> blocks = several.score_blocks(ImageSet::held_out, network);
    EXPECT_EQ(std::ssize(blocks), (13 + block - 1) / block);
    EXPECT_EQ(blocks.front().seen, std::min<std::int64_t>(block, 13));
    EXPECT_EQ(sums.score_blocks(ImageSet::held_out, network), blocks) << "blocks of " << block;
  }
}

// Images come and go, format follows format: the FP32 network's outputs stay.
TEST(TrainedOutputs, AreFoundOnceForAllFormats) {
  const Problem problem = small_problem();  // 22 images to search on, 13 held out
  ManyEngines::Seen seen;
  LocalEvaluator evaluator = evaluator_of(problem, 1, seen);
  std::uint64_t seed = 1;
  for (const int levels : {4, 5, 4}) {
    Problem own = problem;
    own.format.levels = levels;
    evaluator.use(own.format);
    const QuantisedNetwork network = evaluator.network(random_genomes(own, 1, seed++).front());
    for (const ImageSet set : {ImageSet::search, ImageSet::held_out}) evaluator.score(set, network);
  }
  EXPECT_EQ(evaluator.not_finite(ImageSet::held_out), 0);
  EXPECT_EQ(seen.as_trained, 22 + 13);
}

}  // namespace
}  // namespace vbq
