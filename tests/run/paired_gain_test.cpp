#include "run/paired_gain.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/random.hpp"

namespace vbq {
namespace {

// Of so many images with this mean loss, in hundredths of a nat.
Tally block(std::int64_t images, std::int64_t hundredths) {
  Tally tally;
  tally.seen = images;
  tally.loss = static_cast<std::int64_t>(static_cast<double>(images * hundredths) * kLossUnit / 100);
  return tally;
}

std::vector<Tally> blocks(const std::vector<std::int64_t>& hundredths) {
  std::vector<Tally> tallies;
  for (const std::int64_t of : hundredths) tallies.push_back(block(50, of));
  return tallies;
}

TEST(PairedGain, IsStudentsPairedTest) {
  // Gains 0.10, 0.20, 0.30, 0.00, 0.20: mean 0.16, t = 0.16 / (0.114018 / sqrt 5) = 3.13786 with 4 degrees of freedom,
  // whose upper tail (its density summed up numerically) is 0.017460.
  const auto first = blocks({50, 60, 70, 80, 90}), second = blocks({40, 40, 40, 80, 70});
  const PairedGain gain = paired_gain(first, second, Fitness::loss);
  EXPECT_NEAR(gain.gain, 0.16, 1e-4);
  EXPECT_NEAR(gain.p, 0.017460, 1e-4);
  EXPECT_TRUE(gain.beyond_chance());
  const PairedGain back = paired_gain(second, first, Fitness::loss);
  EXPECT_NEAR(back.p, 1 - gain.p, 1e-9);
  EXPECT_FALSE(back.beyond_chance());
}

TEST(PairedGain, IsNoneForTheSame) {
  const auto tallies = blocks({50, 60, 70});
  EXPECT_FALSE(paired_gain(tallies, tallies, Fitness::loss).beyond_chance());
  EXPECT_FALSE(paired_gain({}, {}, Fitness::loss).beyond_chance());
  const auto one = blocks({50}), better = blocks({10});
  EXPECT_FALSE(paired_gain(one, better, Fitness::loss).beyond_chance()) << "one block tells nothing of chance";
  const auto all_alike = blocks({40, 50, 60});
  EXPECT_TRUE(paired_gain(tallies, all_alike, Fitness::loss).beyond_chance());
}

TEST(PairedGain, AShortLastBlockCountsWithTheOneBeforeIt) {
  auto first = blocks({50, 60, 70}), second = blocks({40, 40, 60});
  const PairedGain without = paired_gain(first, second, Fitness::loss);
  first.push_back(block(2, 70));
  second.push_back(block(2, 60));
  const PairedGain gain = paired_gain(first, second, Fitness::loss);
  EXPECT_NEAR(gain.gain, without.gain, 1e-6);
  EXPECT_NEAR(gain.p, without.p, 1e-4);
}

TEST(GreatestGain, OfOneIsThePairedTest) {
  const auto first = blocks({50, 60, 70, 80, 90}), second = blocks({40, 40, 40, 80, 70});
  EXPECT_EQ(greatest_gain(first, {second}, Fitness::loss).p, paired_gain(first, second, Fitness::loss).p);
  EXPECT_FALSE(greatest_gain(first, {}, Fitness::loss).beyond_chance());
  const PairedGain of_two = greatest_gain(first, {first, second}, Fitness::loss);
  EXPECT_NEAR(of_two.gain, 0.16, 1e-4);
  EXPECT_NEAR(of_two.p, 2 * 0.017460, 1e-4) << "too few blocks to turn signs";
}

TEST(GreatestGain, OfNetworksThatAreAlikeCostsNothing) {
  const auto first = blocks({50, 60, 70, 80, 90, 50, 60, 70}), second = blocks({40, 40, 40, 80, 70, 50, 50, 60});
  const double alone = greatest_gain(first, {second, second}, Fitness::loss).p;
  EXPECT_NEAR(alone, greatest_gain(first, {second, second, second, second}, Fitness::loss).p, 1e-12);
  // Six of the blocks differ, all in one way: one of 2^6 turns, and those that do not matter.
  EXPECT_NEAR(alone, 1.0 / 64, 0.005);
}

// Of five networks that are no better than the first one, the luckiest is taken for better one time in twenty.
TEST(GreatestGain, IsWrongAsOftenAsItSays) {
  int taken = 0, uncorrected = 0;
  constexpr int kTrials = 400;
  for (std::uint32_t trial = 0; trial < kTrials; ++trial) {
    Random random(trial, 0, 1, Purpose::test);
    std::vector<std::vector<std::int64_t>> all(6);
    for (int i = 0; i < 10; ++i) {
      const double common = 500 + 100 * random.normal();
      for (auto& own : all) own.push_back(static_cast<std::int64_t>(common + 20 * random.normal()));
    }
    std::vector<std::vector<Tally>> others;
    for (std::size_t k = 1; k < all.size(); ++k) others.push_back(blocks(all[k]));
    const PairedGain gain = greatest_gain(blocks(all[0]), others, Fitness::loss);
    taken += gain.beyond_chance() ? 1 : 0;
    double least = 1;
    for (const auto& other : others) least = std::min(least, paired_gain(blocks(all[0]), other, Fitness::loss).p);
    uncorrected += least < 0.05 ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(taken) / kTrials, 0.05, 0.044);  // four standard deviations
  EXPECT_GT(uncorrected, 2 * taken);
}

// Where there is no gain, one in twenty is taken for one.
TEST(PairedGain, IsWrongAsOftenAsItSays) {
  int taken = 0;
  constexpr int kTrials = 4000;
  for (std::uint32_t trial = 0; trial < kTrials; ++trial) {
    Random random(trial, 0, 0, Purpose::test);
    std::vector<std::int64_t> a, b;
    for (int i = 0; i < 8; ++i) {
      const double common = 500 + 100 * random.normal();  // of the block's images, whichever network sees them
      a.push_back(static_cast<std::int64_t>(common + 20 * random.normal()));
      b.push_back(static_cast<std::int64_t>(common + 20 * random.normal()));
    }
    taken += paired_gain(blocks(a), blocks(b), Fitness::loss).beyond_chance() ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(taken) / kTrials, 0.05, 0.014);  // four standard deviations
}

}  // namespace
}  // namespace vbq
