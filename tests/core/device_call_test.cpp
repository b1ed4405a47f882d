#include "core/device_call.hpp"

#include <gtest/gtest.h>

namespace vbq {
namespace {

using Kind = DeviceCall::Kind;
using namespace std::chrono_literals;

void call(Kind kind, std::chrono::milliseconds length) {
  const DeviceCall one(kind);
  advance_device_clock(length);
}

// One test, because what is known of earlier calls stays.
TEST(DeviceCall, HangsAfterTenTimesTheLongestOfItsKindAndTwentySeconds) {
  EXPECT_FALSE(device_hangs());
  {
    const DeviceCall first(Kind::tally);
    advance_device_clock(3s);
    EXPECT_FALSE(device_hangs());
    advance_device_clock(std::chrono::hours(1));  // nothing is known of its kind yet
    EXPECT_FALSE(device_hangs());
  }
  call(Kind::pass, 1s);
  {
    const DeviceCall second(Kind::pass);
    advance_device_clock(20s);
    EXPECT_FALSE(device_hangs());
    advance_device_clock(1ms);
    EXPECT_TRUE(device_hangs());
    {
      const DeviceCall inner(Kind::other);
      EXPECT_FALSE(device_hangs());
    }
    EXPECT_TRUE(device_hangs());  // the outer one goes on
  }
  EXPECT_FALSE(device_hangs());
  {
    const DeviceCall third(Kind::pass);  // the longest took 20 s
    advance_device_clock(200s);
    EXPECT_FALSE(device_hangs());
    advance_device_clock(1s);
    EXPECT_TRUE(device_hangs());
  }
  call(Kind::host, 1s);
  {
    const DeviceCall own(Kind::host);
    advance_device_clock(std::chrono::hours(9));  // starved by other programs
    EXPECT_FALSE(device_hangs());
  }
  advance_device_clock(std::chrono::hours(9));  // between calls
  EXPECT_FALSE(device_hangs());
}

}  // namespace
}  // namespace vbq
