#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "cluster/threads.hpp"
#include "world.hpp"

namespace vbq {
namespace {

using test::world;

TEST(Communicator, BroadcastsFromRank0) {
  std::vector<std::int64_t> values(3, world().rank());
  if (world().rank() == 0) values = {7, -8, std::int64_t{1} << 60};
  world().broadcast(values);
  EXPECT_EQ(values, (std::vector<std::int64_t>{7, -8, std::int64_t{1} << 60}));

  for (const std::size_t size : {0UL, 1UL, 3'000'000UL}) {
    std::string expected(size, '\0');
    for (std::size_t i = 0; i < size; ++i) expected[i] = static_cast<char>(i * 31);
    std::string bytes = world().rank() == 0 ? expected : "left over";
    world().broadcast(bytes);
    EXPECT_TRUE(bytes == expected) << size << " bytes";
  }
}

TEST(Communicator, GathersByRank) {
  const std::string mine(static_cast<std::size_t>(world().rank() * 1000), static_cast<char>('a' + world().rank()));
  const auto all = world().gather(mine);
  if (world().rank() != 0) {
    EXPECT_TRUE(all.empty());
    return;
  }
  ASSERT_EQ(all.size(), static_cast<std::size_t>(world().size()));
  for (std::size_t r = 0; r < all.size(); ++r) EXPECT_EQ(all[r], std::string(r * 1000, static_cast<char>('a' + r)));
}

// Without this, all other tests could pass on one rank each.
TEST(Communicator, IsAsLargeAsTheTestSaid) {
  const char* ranks = std::getenv("VBQ_TEST_RANKS");
  if (ranks == nullptr) GTEST_SKIP() << "started by hand, on " << world().size() << " ranks";
  EXPECT_EQ(std::to_string(world().size()), ranks);
  EXPECT_LT(world().rank(), world().size());
}

TEST(Communicator, KnowsItsHost) {
  EXPECT_FALSE(world().host().empty());
  EXPECT_EQ(world().local_rank(), world().rank());  // all on one host here
  std::vector<std::int64_t> ones{1};
  world().sum_on_host(ones);
  EXPECT_EQ(ones[0], world().size());
}

TEST(Communicator, WorkersShareTheProcessors) {
  const bool works = world().rank() != 0;
  const int shared = fair_threads(world(), works);
  const int alone = fair_threads(world(), world().rank() == 1);
  if (!works) {
    EXPECT_EQ(shared, 1);
    return;
  }
  EXPECT_GE(shared, 1);
  EXPECT_LE(shared, std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
  if (world().rank() == 1) {
    EXPECT_GE(alone, shared);
  } else {
    EXPECT_EQ(alone, 1);
  }
}

TEST(Communicator, WorkersOfAHostAreNumbered) {
  const HostPlace mine = place_on_host(world(), world().rank() != 0);  // all on one host here
  EXPECT_EQ(mine.count, world().size() - 1);
  EXPECT_EQ(mine.index, std::max(0, world().rank() - 1));
}

// A rank that waits sleeps: a second of waiting costs less than 5 % of a core.
TEST(Communicator, WaitsAsleep) {
  if (world().size() == 1) GTEST_SKIP() << "one rank has nobody to wait for";
  std::vector<std::int64_t> values(500, 1);
  world().gather("ready");
  const test::CpuShare watch;
  if (world().rank() == 1) std::this_thread::sleep_for(std::chrono::seconds(1));
  world().gather("done");
  world().broadcast(values);  // all wait for the slowest
  EXPECT_GE(watch.wall(), 0.9);
  const double share = watch.share();
  EXPECT_LT(share, 0.05);
  if (world().rank() == 0) std::printf("a waiting rank uses %.2f %% of a core\n", 100 * share);
}

}  // namespace
}  // namespace vbq
