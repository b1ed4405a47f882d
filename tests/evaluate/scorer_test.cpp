#include "evaluate/scorer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/stop.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

// A genome's network is the whole part of its first gene: 1.2 and 1.7 are the same network.
class FakeEvaluator final : public Evaluator {
 public:
  std::vector<Evaluated> evaluate(std::span<const Genome> genomes, const Known& known) override {
    ++calls;
    std::vector<Evaluated> result(genomes.size());
    for (std::size_t g = 0; g < genomes.size(); ++g) {
      Evaluated& of = result[g];
      of.network = {static_cast<std::uint64_t>(network_of(genomes[g])), 7};
      if (const Tally* tally = known(of.network)) {
        of.tally = *tally;
        continue;
      }
      const auto same = std::find_if(result.begin(), result.begin() + static_cast<std::ptrdiff_t>(g),
                                     [&](const Evaluated& e) { return e.network == of.network; });
      if (same != result.begin() + static_cast<std::ptrdiff_t>(g)) {
        of.tally = same->tally;
        continue;
      }
      if (stops_before == 0) continue;
      if (stops_before > 0) --stops_before;
      were_run.push_back(network_of(genomes[g]));
      of.tally.seen = 10;
      of.tally.top1 = network_of(genomes[g]);
    }
    if (stops_before == 0) stops_before = -1;
    if (fails) throw Error("broken");
    return result;
  }
  // Networks above 5 are dropped after 4 images of 10; of a known one there is nothing to run.
  std::vector<Evaluated> race(std::span<const Genome> genomes, const Known& known, Race& race) override {
    std::vector<Evaluated> result = evaluate(genomes, known);
    race.begin(genomes.size());
    for (std::size_t g = 0; g < genomes.size(); ++g) {
      const std::int64_t network = network_of(genomes[g]);
      if (result[g].tally.seen == 0 || known(result[g].network) != nullptr) continue;
      if (network > 5) {
        result[g].tally = {4, 1, 0, 0, 0};
        result[g].foretold = 0.75;
      } else {
        std::vector<Tally> images(10, Tally{1, 0, 0, 0, network});
        race.add(g, 0, images);
      }
    }
    return result;
  }
  void use(const Format&) override {}
  std::vector<QuantisedNetwork> networks(std::span<const Genome> genomes) override {
    return std::vector<QuantisedNetwork>(genomes.size());
  }
  EvaluatorTimes times() override { return {}; }

  std::vector<std::int64_t> were_run;
  int calls = 0;
  bool fails = false;
  int stops_before = -1;  // that many networks are done when a wish to stop comes

 private:
  Outcome run(ImageSet /*set*/, const QuantisedNetwork& /*network*/, Detail /*detail*/) override { return {}; }
  std::int64_t run_not_finite(ImageSet) override { return 0; }
  static std::int64_t network_of(const Genome& genome) {
    return static_cast<std::int64_t>(genome.chromosomes.at(0).at(0));
  }
};

std::vector<Genome> genomes(std::initializer_list<double> genes) {
  std::vector<Genome> made;
  for (const double gene : genes) made.push_back({{{gene}}});
  return made;
}

std::vector<std::int64_t> top1(const std::vector<CachedTally>& tallies) {
  std::vector<std::int64_t> values;
  for (const CachedTally& of : tallies) values.push_back(of.tally.top1);
  return values;
}

TEST(Scorer, RunsEachNetworkOnceAndAnswersInOrder) {
  FakeEvaluator evaluator;
  Scorer scorer(evaluator);
  using Numbers = std::vector<std::int64_t>;
  EXPECT_EQ(top1(scorer.tallies(genomes({3.5, 1.2, 3.1, 1.9, 2.0}))), (Numbers{3, 1, 3, 1, 2}));
  EXPECT_EQ(evaluator.were_run, (Numbers{3, 1, 2}));
  EXPECT_EQ(scorer.evaluations(), 3);
  EXPECT_EQ(scorer.images(), 30);
  EXPECT_EQ(top1(scorer.tallies(genomes({2.7, 4.4, 1.0}))), (Numbers{2, 4, 1}));
  EXPECT_EQ(evaluator.were_run, (Numbers{3, 1, 2, 4}));
  EXPECT_EQ(top1(scorer.tallies(genomes({4.0, 3.0}))), (Numbers{4, 3}));
  EXPECT_EQ(evaluator.were_run.size(), 4U);
  EXPECT_EQ(scorer.evaluations(), 4);
  EXPECT_EQ(scorer.images(), 40);
  EXPECT_TRUE(scorer.tallies({}).empty());
  const int calls = evaluator.calls;
  EXPECT_EQ(top1(scorer.tallies(genomes({4.4, 3.5}))), (Numbers{4, 3}));  // genomes that were asked for before
  EXPECT_EQ(evaluator.calls, calls);
}

TEST(Scorer, BelievesWhatOtherRunsHaveFound) {
  FakeEvaluator first, second;
  Scorer plain(first), offered(second);
  const std::vector<Genome> all{{{{1.2}}}, {{{2.5}}}, {{{3.1}}}};
  plain.tallies(std::span(all).first(2));
  std::vector<ScoredGenome> known = plain.scored();
  ASSERT_EQ(known.size(), 2U);
  offered.offer(known);
  const std::vector<CachedTally> expected = plain.tallies(all);
  EXPECT_EQ(offered.tallies(all), expected);
  EXPECT_EQ(second.were_run, (std::vector<std::int64_t>{3}));
  EXPECT_EQ(offered.cache(), plain.cache());  // in the same order
  EXPECT_EQ(offered.evaluations(), plain.evaluations());
  EXPECT_EQ(offered.from_others(), 2);
  EXPECT_EQ(offered.images(), 10);
  EXPECT_EQ(plain.images(), 30);
  // Another genome of a network that is known.
  const Genome twin{{{1.9}}};
  FakeEvaluator third;
  Scorer again(third);
  again.offer(known);
  EXPECT_EQ(again.tallies(std::span(&twin, 1)).front().tally.top1, 1);
  EXPECT_TRUE(third.were_run.empty());
  EXPECT_EQ(again.images(), 0);
}

TEST(Scorer, OfARaceKeepsThoseThatWereRunWhole) {
  FakeEvaluator evaluator;
  Scorer scorer(evaluator);
  const RaceRules rules{0.1, 2, 10, 2, Fitness::divergence};
  const std::vector<Raced> first = scorer.race(genomes({2.5, 7.1, 1.5, 7.2}), rules);
  EXPECT_EQ(first[0].scored.tally.seen, 10);
  EXPECT_FALSE(first[0].foretold);
  EXPECT_EQ(first[1].scored.tally.seen, 4);
  EXPECT_EQ(first[1].foretold, 0.75);
  EXPECT_EQ(scorer.cache().size(), 2U);
  EXPECT_EQ(scorer.known({7, 7}), nullptr);
  EXPECT_EQ(scorer.evaluations(), 3);  // two genomes are the same network
  EXPECT_EQ(scorer.images(), 24);
  const auto individuals = [](std::initializer_list<double> genes) {
    std::vector<Individual> all;
    for (Genome& genome : genomes(genes)) all.push_back({std::move(genome)});
    return all;
  };
  scorer.keep_raced(individuals({1.5, 2.5}));
  ASSERT_EQ(scorer.raced().size(), 2U);
  EXPECT_EQ(scorer.raced()[0].harms, ImageHarms(10, 1));
  // Another genome of a survivor's network has that one's harms; what was dropped is run again.
  const std::vector<Raced> second = scorer.race(genomes({1.9, 3.0, 7.1}), rules);
  EXPECT_EQ(evaluator.were_run, (std::vector<std::int64_t>{2, 7, 1, 3, 7}));
  scorer.keep_raced(individuals({1.5, 1.9}));
  ASSERT_EQ(scorer.raced().size(), 2U);
  EXPECT_EQ(scorer.raced()[1].harms, ImageHarms(10, 1));
  EXPECT_EQ(scorer.raced()[1].network, (NetworkId{1, 7}));
}

// Who is dropped depends on all that race, so a part of them is of no use.
TEST(Scorer, OfARaceThatIsStoppedNothingIsKept) {
  FakeEvaluator evaluator;
  Scorer scorer(evaluator);
  evaluator.stops_before = 1;
  EXPECT_THROW(scorer.race(genomes({1.0, 2.0}), {0.1, 2, 10, 2}), Stopped);
  EXPECT_TRUE(scorer.cache().empty());
  EXPECT_TRUE(scorer.raced().empty());
  EXPECT_EQ(scorer.images(), 0);
}

TEST(Scorer, CacheGoesOutAndIn) {
  FakeEvaluator first, second;
  Scorer before(first);
  before.tallies(genomes({5.0, 2.0, 9.0, 2.5}));
  ASSERT_EQ(before.cache().size(), 3U);
  EXPECT_EQ(before.cache()[1].network, (NetworkId{2, 7}));
  EXPECT_EQ(before.cache()[2].tally.top1, 9);

  Scorer after(second);
  after.restore(before.cache(), before.evaluations(), before.images());
  EXPECT_EQ(after.cache(), before.cache());
  after.tallies(genomes({9.9, 6.0, 5.5}));
  EXPECT_EQ(second.were_run, std::vector<std::int64_t>{6});
  EXPECT_EQ(after.evaluations(), 4);
  EXPECT_EQ(after.images(), 40);
}

TEST(Scorer, RefusesABrokenCacheAndStaysAsItWas) {
  FakeEvaluator evaluator;
  Scorer scorer(evaluator);
  scorer.tallies(genomes({5.0}));
  const CachedTally entry{{1, 2}, {}};
  EXPECT_THROW(scorer.restore({entry, entry}, 2, 2), Error);
  EXPECT_THROW(scorer.restore({entry}, -1, 2), Error);
  EXPECT_THROW(scorer.restore({entry}, 1, -2), Error);
  EXPECT_EQ(scorer.cache().size(), 1U);
  EXPECT_EQ(scorer.cache()[0].network, (NetworkId{5, 7}));
}

TEST(Scorer, KeepsNothingOfAnEvaluationThatFailed) {
  FakeEvaluator evaluator;
  Scorer scorer(evaluator);
  evaluator.fails = true;
  EXPECT_THROW(scorer.tallies(genomes({1.0, 2.0})), Error);
  EXPECT_EQ(scorer.evaluations(), 0);
  EXPECT_TRUE(scorer.cache().empty());
  evaluator.fails = false;
  EXPECT_EQ(scorer.tallies(genomes({2.0})).at(0).tally.top1, 2);
}

TEST(Scorer, AfterAWishToStopKeepsWhatIsWholeAndAsksForTheRest) {
  FakeEvaluator evaluator;
  Scorer scorer(evaluator);
  evaluator.stops_before = 2;
  EXPECT_THROW(scorer.tallies(genomes({1.0, 2.0, 3.0, 2.5, 4.0})), Stopped);
  EXPECT_EQ(scorer.evaluations(), 2);
  EXPECT_EQ(scorer.images(), 20);
  ASSERT_EQ(scorer.cache().size(), 2U);
  evaluator.were_run.clear();
  EXPECT_EQ(top1(scorer.tallies(genomes({1.0, 2.0, 3.0, 2.5, 4.0}))), (std::vector<std::int64_t>{1, 2, 3, 2, 4}));
  EXPECT_EQ(evaluator.were_run, (std::vector<std::int64_t>{3, 4}));
  EXPECT_EQ(scorer.evaluations(), 4);
  EXPECT_EQ(scorer.images(), 40);
}

}  // namespace
}  // namespace vbq
