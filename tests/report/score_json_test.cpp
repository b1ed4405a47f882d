// How sure an accuracy is, and the one rounding of shares.
#include "report/score_json.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "report/interval.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

TEST(Interval, IsWilsons) {
  const Interval resnet = wilson95(9155, 9980);
  EXPECT_NEAR(resnet.low, 91.18, 0.005);
  EXPECT_NEAR(resnet.high, 92.26, 0.005);
  // Agresti and Coull 1998: 0 of 20 gives an upper end of z^2 / (n + z^2).
  const Interval none = wilson95(0, 20);
  EXPECT_EQ(none.low, 0.0);
  EXPECT_NEAR(none.high, 100 * 3.8414589 / 23.8414589, 1e-4);
  const Interval all = wilson95(20, 20);
  EXPECT_EQ(all.high, 100.0);
  EXPECT_NEAR(all.low, 100 - none.high, 1e-9);
}

TEST(Interval, HoldsTheShareAndStaysInRange) {
  for (std::int64_t n = 1; n <= 60; ++n) {
    for (std::int64_t k = 0; k <= n; ++k) {
      const Interval interval = wilson95(k, n);
      const double share = 100.0 * static_cast<double>(k) / static_cast<double>(n);
      EXPECT_LE(0.0, interval.low);
      EXPECT_LE(interval.low, share);
      EXPECT_LE(share, interval.high);
      EXPECT_LE(interval.high, 100.0);
    }
  }
  EXPECT_EQ(wilson95(0, 0).low, 0.0);
  EXPECT_EQ(wilson95(0, 0).high, 100.0);
  EXPECT_THROW(wilson95(3, 2), Error);
  EXPECT_THROW(wilson95(-1, 2), Error);
}

// The middle goes up, and what is printed is what JSON holds.
TEST(Percent, IsRoundedOnce) {
  EXPECT_EQ(percent(0, 0), 0);
  EXPECT_EQ(percent(1, 3), 33.33);
  EXPECT_EQ(percent(2, 3), 66.67);
  EXPECT_EQ(percent(1, 8), 12.5);
  EXPECT_EQ(percent(1, 800), 0.13);      // 0.125: printf gives 0.12
  EXPECT_EQ(percent(23, 800), 2.88);     // 2.875
  EXPECT_EQ(percent(201, 20000), 1.01);  // 1.005, which is below its half in binary
  EXPECT_EQ(percent(9155, 9980), 91.73);
  for (int correct = 0; correct <= 800; ++correct) {
    Tally tally;
    tally.seen = 800;
    tally.top1 = correct;
    const auto json = score_json(tally, Divergence::left_out)["top1"];
    const std::string text = percent_text(correct, 800), table = interval_text(correct, 800);
    EXPECT_NE(text.find(fmt::format("{:.2f} %", json["percent"].get<double>())), std::string::npos) << text;
    EXPECT_EQ(table, fmt::format("{:.2f} [{:.2f}, {:.2f}]", json["percent"].get<double>(),
                                 json["interval95"][0].get<double>(), json["interval95"][1].get<double>()));
  }
}

}  // namespace
}  // namespace vbq
