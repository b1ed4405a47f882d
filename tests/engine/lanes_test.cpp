#include "engine/common/lanes.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <string>

#include "vbq/error.hpp"

namespace vbq::test {
namespace {

TEST(Lanes, DoEveryItemOnceAndEachLaneOnce) {
  Lanes lanes(3);
  std::atomic<std::int64_t> sum = 0;
  lanes.run(100, [&](int, std::int64_t item) { sum += item; });
  EXPECT_EQ(sum, 4950);
  lanes.each([&](int lane, std::int64_t) { sum += 1000 * (lane + 1); });
  EXPECT_EQ(sum, 4950 + 6000);
}

// In a process of its own: what it can still have of address space is the stacks of a few threads.
[[noreturn]] void start_too_many() {
  std::int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlim_t bytes = static_cast<rlim_t>(pages) * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
  const rlimit limit{bytes + (rlim_t{64} << 20), RLIM_INFINITY};
  ::setrlimit(RLIMIT_AS, &limit);
  try {
    const Lanes lanes(500);
  } catch (const Error& error) {
    const std::string text = error.what();
    const bool clear = text.starts_with("thread ") && text.find(" of 500 cannot be started (") != std::string::npos;
    std::_Exit(clear && error.fault() == Fault::input ? 7 : 8);
  }
  std::_Exit(9);
}

TEST(Lanes, AThreadThatCannotBeStartedIsAnError) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitiser needs address space without end";
#endif
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(start_too_many(), ::testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace vbq::test
