// Races, on made-up harms: what is dropped, and how often wrongly.
#include "search/race.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/random.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

constexpr std::int64_t kImages = 800, kBlock = 50;
constexpr std::size_t kSurvivors = 6, kNewborns = 12;

// How images and networks are made up.
struct World {
  double tails;    // of images: how far their harms lie apart, in logarithms
  double noise;    // of a network on an image
  double quality;  // how far networks lie apart
  bool counts;     // right or wrong alone
};

// One generation: the survivors of before and newborns of the same making, each network's own harm of each image.
struct Networks {
  std::vector<ImageHarms> kept, newborns;
};

// Numbers that are drawn again and again are drawn from this one.
const std::vector<double>& table(double spread) {
  static std::map<double, std::vector<double>> tables;
  std::vector<double>& factors = tables[spread];
  if (!factors.empty()) return factors;
  Random random(1, 0, 0, Purpose::test);
  factors.resize(4096);
  for (double& factor : factors) factor = std::exp(spread * random.normal());
  return factors;
}

// images: each one's own harm. noise: what it may be multiplied by.
ImageHarms network(const World& world, const std::vector<double>& images, const std::vector<double>& noise,
                   Random& random) {
  const double quality = std::exp(world.quality * random.normal());
  ImageHarms harms;
  harms.reserve(images.size());
  for (const double image : images) {
    const double harm = image * quality * noise[random.bits32() % noise.size()];
    harms.push_back(static_cast<std::int64_t>(world.counts ? (harm > 4 ? 1.0 : 0.0) : harm * 1e7));
  }
  return harms;
}

double sum(const ImageHarms& harms) { return static_cast<double>(std::accumulate(harms.begin(), harms.end(), 0LL)); }

Networks networks_of(const World& world, std::uint32_t generation) {
  const std::vector<double>&tails = table(world.tails), &noise = table(world.noise);
  Random random(1, generation, 1, Purpose::test);
  std::vector<double> images(kImages);
  for (double& image : images) image = tails[random.bits32() % tails.size()];
  std::vector<ImageHarms> before;
  for (std::size_t i = 0; i < 2 * kSurvivors; ++i) before.push_back(network(world, images, noise, random));
  std::ranges::stable_sort(before, {}, sum);
  before.resize(kSurvivors);
  Networks made{std::move(before), {}};
  for (std::size_t i = 0; i < kNewborns; ++i) made.newborns.push_back(network(world, images, noise, random));
  return made;
}

struct Ran {
  std::vector<bool> dropped;
  std::int64_t images = 0;
  std::vector<double> foretold;
};

Tally tally_of(std::int64_t harm, bool counts) {
  Tally tally{1, 0, 0, 0, 0};
  (counts ? tally.top1 : tally.divergence) = counts ? 1 - harm : harm;
  return tally;
}

Ran run(const World& world, const Networks& networks, double bound) {
  Race race({bound, kSurvivors, kImages, kBlock, world.counts ? Fitness::top1 : Fitness::divergence}, networks.kept);
  race.begin(kNewborns);
  Ran ran{std::vector<bool>(kNewborns), 0, std::vector<double>(kNewborns)};
  for (std::int64_t block = 0;;) {
    const std::int64_t end = race.portion();
    for (std::size_t c = 0; c < kNewborns; ++c) {
      if (ran.dropped[c]) continue;
      std::vector<Tally> images;
      for (std::int64_t i = block * kBlock; i < end * kBlock; ++i) {
        images.push_back(tally_of(networks.newborns[c][static_cast<std::size_t>(i)], world.counts));
      }
      race.add(c, block, images);
      ran.images += std::ssize(images);
    }
    if (race.whole()) break;
    for (const std::size_t c : race.look()) ran.dropped[c] = true;
    block = end;
  }
  for (std::size_t c = 0; c < kNewborns; ++c) {
    EXPECT_EQ(race.foretold(c).has_value(), ran.dropped[c]);
    EXPECT_EQ(race.harms(c), ran.dropped[c] ? ImageHarms() : networks.newborns[c]);
    ran.foretold[c] = race.foretold(c).value_or(0);
  }
  return ran;
}

// Whether any of those that were dropped is among the best of all.
bool wrongly(const Networks& networks, const std::vector<bool>& dropped) {
  std::vector<double> all;
  for (const ImageHarms& one : networks.kept) all.push_back(sum(one));
  for (const ImageHarms& one : networks.newborns) all.push_back(sum(one));
  std::ranges::nth_element(all, all.begin() + kSurvivors - 1);
  for (std::size_t c = 0; c < kNewborns; ++c) {
    if (dropped[c] && sum(networks.newborns[c]) <= all[kSurvivors - 1]) return true;
  }
  return false;
}

class Races : public ::testing::TestWithParam<World> {};

TEST_P(Races, DropTrueSurvivorsNoMoreOftenThanTheBoundSays) {
  constexpr std::uint32_t kGenerations = 400;
  for (const double bound : {0.05, 0.3}) {
    int wrong = 0;
    std::int64_t images = 0;
    for (std::uint32_t g = 0; g < kGenerations; ++g) {
      const Networks networks = networks_of(GetParam(), g);
      const Ran ran = run(GetParam(), networks, bound);
      wrong += wrongly(networks, ran.dropped) ? 1 : 0;
      images += ran.images;
    }
    const double share = static_cast<double>(images) / (kGenerations * kNewborns * kImages);
    RecordProperty(fmt::format("images_{}", bound), fmt::format("{:.3f}, {} wrong", share, wrong));
    EXPECT_LE(wrong, bound * kGenerations);
    EXPECT_LT(share, 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Worlds, Races,
                         ::testing::Values(World{1, 0.3, 0.2, false},     // as networks are
                                           World{1, 0.3, 0.05, false},    // all nearly alike
                                           World{2.5, 0.5, 0.3, false},   // few images have most of the harm
                                           World{1, 1.5, 0.2, false},     // networks have little in common
                                           World{1.5, 0.3, 0.4, true}));  // right or wrong

TEST(Race, ForetellsWhatTheWholeShows) {
  const World world{1, 0.3, 0.3, false};
  const Networks networks = networks_of(world, 1);
  const Ran ran = run(world, networks, 0.1);
  ASSERT_TRUE(std::ranges::count(ran.dropped, true) > 3);
  for (std::size_t c = 0; c < kNewborns; ++c) {
    if (!ran.dropped[c]) continue;
    const double whole = sum(networks.newborns[c]) / kImages;
    EXPECT_NEAR(ran.foretold[c] / whole, 1, 0.25) << c;
  }
}

TEST(Race, DropsNobodyWithoutSurvivorsOfBefore) {
  const World world{1, 0.3, 1, false};
  Networks networks = networks_of(world, 2);
  networks.kept.clear();
  EXPECT_EQ(run(world, networks, 0.5).images, static_cast<std::int64_t>(kNewborns) * kImages);
}

TEST(Race, RefusesWhatDoesNotFit) {
  const RaceRules rules{0.1, 2, 10, 5, Fitness::loss};
  EXPECT_THROW(Race(rules, {ImageHarms(9)}), Error);
  EXPECT_THROW(Race({0, 2, 10, 5}, {}), Error);
  Race race(rules, {ImageHarms(10), ImageHarms(10)});
  race.begin(1);
  EXPECT_THROW(race.add(0, 1, std::vector<Tally>(6)), Error);
}

}  // namespace
}  // namespace vbq
