#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "cluster/threads.hpp"
#include "world.hpp"

namespace vbq {
namespace {

using test::world;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

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

TEST(Communicator, SumsToRank0) {
  std::vector<std::int64_t> values(1000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int64_t>(i) * (world().rank() + 1);
  world().sum(values);
  if (world().rank() != 0) return;
  const std::int64_t factor = world().size() * (world().size() + 1) / 2;
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], static_cast<std::int64_t>(i) * factor);
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

// A rank that waits sleeps: a second of waiting costs less than 5 % of a core.
TEST(Communicator, WaitsAsleep) {
  if (world().size() == 1) GTEST_SKIP() << "one rank has nobody to wait for";
  std::vector<std::int64_t> values(500, 1);
  world().sum(values);
  const auto start = std::chrono::steady_clock::now();
  const double before = cpu_seconds();
  if (world().rank() == 1) std::this_thread::sleep_for(std::chrono::seconds(1));
  world().sum(values);
  world().broadcast(values);  // all wait for the slowest
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double share = (cpu_seconds() - before) / wall;
  EXPECT_GE(wall, 0.9);
  EXPECT_LT(share, 0.05);
  if (world().rank() == 0) std::printf("a waiting rank uses %.2f %% of a core\n", 100 * share);
}

}  // namespace
}  // namespace vbq
