// When a search stops before the end of its Slurm job.
#include "run/stopping.hpp"

#include <gtest/gtest.h>

namespace vbq {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

TEST(StopBefore, LeavesATenthButNotMoreThanTwoMinutes) {
  const system_clock::time_point now(seconds(1'000'000));
  const auto at = [&](const char* end) {
    return std::chrono::duration_cast<seconds>(stop_before(end, now).value_or(now) - now).count();
  };
  EXPECT_EQ(at("1000100"), 90);
  EXPECT_EQ(at("1003600"), 3600 - 120);
}

TEST(StopBefore, AnEndThatHasJustPassedIsThisJobs) {
  const system_clock::time_point now(seconds(1'000'000));
  for (const char* end : {"1000000", "999999", "999940"}) {
    const auto moment = stop_before(end, now);
    ASSERT_TRUE(moment.has_value()) << end;
    EXPECT_LE(*moment, now) << end;
  }
}

TEST(StopBefore, ForgetsWhatIsNoEndOfThisJob) {
  const system_clock::time_point now(seconds(1'000'000));
  for (const char* end : {static_cast<const char*>(nullptr), "", "999939", "5", "-5", "0", "soon", "1000100x", "1.5e9",
                          "4294967294", "99999999999999999999"}) {
    EXPECT_FALSE(stop_before(end, now).has_value()) << (end == nullptr ? "unset" : end);
  }
}

}  // namespace
}  // namespace vbq
