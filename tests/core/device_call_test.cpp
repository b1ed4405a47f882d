#include "core/device_call.hpp"

#include <gtest/gtest.h>

namespace vbq {
namespace {

using Seconds = std::chrono::duration<double>;

TEST(DeviceCall, IsOverdueAfterTenTimesTheLongestAndTwentySeconds) {
  EXPECT_FALSE(is_overdue(Seconds(1e6), Seconds(0)));  // the first one
  EXPECT_FALSE(is_overdue(Seconds(19), Seconds(0.001)));
  EXPECT_TRUE(is_overdue(Seconds(21), Seconds(0.001)));
  EXPECT_FALSE(is_overdue(Seconds(99), Seconds(10)));
  EXPECT_TRUE(is_overdue(Seconds(101), Seconds(10)));
}

TEST(DeviceCall, NoneAndAShortOneDoNotHang) {
  EXPECT_FALSE(device_hangs());
  {
    const DeviceCall call;
    EXPECT_FALSE(device_hangs());
  }
  EXPECT_FALSE(device_hangs());
}

}  // namespace
}  // namespace vbq
