// A schedule played through with made-up workers, some of them slow: every network is made once, every block of it is
// run once, by a worker that holds the block and has the network, and nobody idles while there is work for him.
#include "evaluate/schedule.hpp"

#include <gtest/gtest.h>

#include <map>
#include <queue>
#include <set>
#include <tuple>

#include "core/random.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

struct Play {
  Partition partition;
  std::int64_t workers = 1;
  std::size_t networks = 1, at_once = 1;
  double make_seconds = 0.1, block_seconds = 0.01;
  std::int64_t slow = -1;            // a worker that takes thrice as long
  std::set<std::size_t> known = {};  // networks that are not to be run
  double hand_over_seconds = 0;
};

struct Outcome {
  double wall = 0, work = 0;
  std::int64_t handed_over = 0;
};

// Each worker has one task at a time.
Outcome play(const Play& of) {
  Schedule schedule(of.partition, of.workers, of.networks, of.at_once, of.hand_over_seconds);
  using Event = std::tuple<double, std::int64_t, std::int64_t>;  // when, a number that keeps them apart, worker
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
  std::map<std::int64_t, Task> running;
  std::vector<int> made(of.networks);
  std::vector<std::vector<int>> run(of.networks, std::vector<int>(static_cast<std::size_t>(of.partition.blocks)));
  std::vector<std::set<std::int64_t>> has(of.networks);
  Outcome outcome;
  std::int64_t count = 0;
  double now = 0;
  const auto give = [&](std::int64_t worker) {
    if (running.contains(worker)) return;
    const auto task = schedule.next(worker);
    if (!task) return;
    double seconds = 0;
    if (task->kind == Task::Kind::make) {
      EXPECT_LE(task->networks.size(), of.at_once);
      seconds = of.make_seconds * static_cast<double>(task->networks.size());
    } else {
      seconds = of.block_seconds * static_cast<double>(task->blocks.count);
      const std::size_t n = task->networks.at(0);
      if (task->from) {
        EXPECT_TRUE(has[n].contains(*task->from)) << "handed over by one that does not have it";
        has[n].insert(worker);
        ++outcome.handed_over;
      }
      EXPECT_TRUE(has[n].contains(worker));
      const Range part = of.partition.part(of.partition.part_of_worker(worker));
      EXPECT_GE(task->blocks.first, part.first);
      EXPECT_LE(task->blocks.end(), part.end());
      EXPECT_GT(task->blocks.count, 0);
      EXPECT_LE(task->blocks.end(), of.partition.piece_of(worker, task->blocks.first).end());
    }
    if (worker == of.slow) seconds *= 3;
    outcome.work += seconds;
    running.emplace(worker, *task);
    events.emplace(now + seconds, count++, worker);
  };
  for (std::int64_t w = 0; w < of.workers; ++w) give(w);
  while (!events.empty()) {
    const auto [when, number, worker] = events.top();
    events.pop();
    const double seconds = when - now;
    now = when;
    const Task task = running.at(worker);
    running.erase(worker);
    for (const std::size_t n : task.networks) {
      if (task.kind == Task::Kind::make) {
        ++made[n];
        has[n].insert(worker);
        schedule.made(worker, n, !of.known.contains(n));
      } else {
        for (std::int64_t b = task.blocks.first; b < task.blocks.end(); ++b) ++run[n][static_cast<std::size_t>(b)];
        const double took = of.block_seconds * static_cast<double>(task.blocks.count) * (worker == of.slow ? 3 : 1);
        schedule.ran(worker, n, task.blocks.count, took);
      }
    }
    static_cast<void>(seconds);
    for (std::int64_t w = 0; w < of.workers; ++w) give(w);
  }
  EXPECT_TRUE(schedule.done());
  for (std::size_t n = 0; n < of.networks; ++n) {
    EXPECT_EQ(made[n], 1) << "network " << n;
    const int times = of.known.contains(n) ? 0 : 1;
    for (const int blocks : run[n]) EXPECT_EQ(blocks, times) << "network " << n;
  }
  outcome.wall = now;
  return outcome;
}

TEST(Schedule, EveryNetworkIsMadeOnceAndRunOnceOverEveryBlock) {
  for (const std::int64_t workers : {1, 2, 3, 7, 50, 64, 200}) {
    for (const std::size_t networks : {1U, 2U, 7U, 50U}) {
      for (const std::int64_t blocks : {1, 5, 20}) {
        for (const std::int64_t parts : {1, 2, 5}) {
          if (parts > workers || parts > blocks) continue;
          for (const std::int64_t piece : {2, 100}) {
            SCOPED_TRACE(testing::Message() << workers << " workers, " << networks << " networks, " << blocks
                                            << " blocks, " << parts << " parts, pieces of " << piece);
            play({{blocks, parts, piece}, workers, networks, 4, 0.1, 0.01, workers - 1, {3}});
          }
        }
      }
    }
  }
}

TEST(Schedule, NothingCrossesWhileEachWorkerHasNetworksOfItsOwn) {
  // Two workers, 50 networks: only the very last may be shared.
  EXPECT_LE(play({{20, 1, 20}, 2, 50, 1}).handed_over, 2);
}

TEST(Schedule, LargeNetworksGoToAsFewAsEndNearlyAsSoon) {
  // 50 networks over 8 workers: two are left, and the six others need one of them each; not more of them twice.
  Play large{{40, 1, 40}, 8, 50, 1, 0.2, 0.005};
  const Outcome before = play(large);
  large.hand_over_seconds = 0.008;
  const Outcome outcome = play(large);
  EXPECT_LE(outcome.handed_over, 6);
  EXPECT_LT(outcome.wall, 1.01 * before.wall);
  // None is worth a minute.
  large.hand_over_seconds = 60;
  EXPECT_EQ(play(large).handed_over, 0);
}

TEST(Schedule, WorkersEndTogetherAlsoWhereNetworksDoNotDivide) {
  // 50 networks over 32 workers: whole networks alone would keep them 78 % busy.
  const Outcome outcome = play({{20, 1, 20}, 32, 50, 1, 0.05, 0.05});
  EXPECT_GT(outcome.work / (32 * outcome.wall), 0.9);
}

TEST(Schedule, ASlowWorkerDoesNotHoldTheOthersUp) {
  for (const std::int64_t workers : {2, 4, 8}) {
    Play even{{20, 1, 20}, workers, 50, 1, 0.01, 0.05};
    even.slow = 0;
    const Outcome outcome = play(even);
    // What the workers could do at their own speeds, without any waiting.
    const double work = 50 * (0.01 + 20 * 0.05), speed = static_cast<double>(workers - 1) + 1.0 / 3;
    EXPECT_LT(outcome.wall, 1.1 * work / speed) << workers;
  }
}

TEST(Schedule, OneNetworkThatAllHaveIsSharedOut) {
  Schedule schedule({10, 1, 10}, 4, 1, 1);
  schedule.all_have_all();
  std::int64_t blocks = 0;
  std::set<std::int64_t> helped;
  for (int turn = 0; turn < 100 && !schedule.done(); ++turn) {
    for (std::int64_t w = 0; w < 4; ++w) {
      const auto task = schedule.next(w);
      if (!task) continue;
      EXPECT_EQ(task->kind, Task::Kind::run);
      EXPECT_FALSE(task->from);
      helped.insert(w);
      blocks += task->blocks.count;
      schedule.ran(w, 0, task->blocks.count, 1);
    }
  }
  EXPECT_EQ(blocks, 10);
  EXPECT_EQ(helped.size(), 4U);
}

TEST(Schedule, TasksAreShortEnoughToHeedAWishToStop) {
  Schedule schedule({1000, 1, 1000}, 1, 2, 1);
  schedule.made(0, schedule.next(0)->networks.at(0), true);
  const auto first = schedule.next(0);
  EXPECT_EQ(first->blocks.count, 1);  // nothing is known of its speed yet
  schedule.ran(0, 0, 1, 0.5);
  EXPECT_EQ(schedule.next(0)->blocks.count, 4);  // two seconds
}

TEST(Schedule, RefusesWhatCannotBe) {
  EXPECT_THROW(Schedule({4, 2, 4}, 1, 1, 1), Error);  // a part that nobody holds
  Schedule schedule({4, 1, 4}, 1, 1, 1);
  EXPECT_THROW(schedule.made(0, 0, true), Error);
}

TEST(Partition, PartsCoverAllBlocksAndPiecesTheirPart) {
  for (std::int64_t total = 0; total < 30; ++total) {
    for (std::int64_t parts = 1; parts < 12; ++parts) {
      std::int64_t next = 0;
      for (std::int64_t p = 0; p < parts; ++p) {
        const Range part = part_of(total, parts, p);
        EXPECT_EQ(part.first, next);
        EXPECT_LE(part.count, total / parts + 1);
        EXPECT_GE(part.count, total / parts);
        next = part.end();
      }
      EXPECT_EQ(next, total);
    }
  }
  const Partition partition{10, 2, 3};
  EXPECT_EQ(partition.piece_of(0, 0), (Range{0, 3}));
  EXPECT_EQ(partition.piece_of(0, 4), (Range{3, 2}));  // the part ends at 5
  EXPECT_EQ(partition.piece_of(3, 9), (Range{8, 2}));
}

// Of a race: nothing is run beyond a portion before it has grown, and nothing at all of what was dropped.
TEST(Schedule, RestsAtAPortionAndDrops) {
  Schedule schedule({10, 1, 10}, 2, 2, 1);
  schedule.run_first(3);
  for (const std::int64_t worker : {0, 1}) {
    EXPECT_EQ(schedule.next(worker)->kind, Task::Kind::make);
    EXPECT_FALSE(schedule.rests());
    schedule.made(worker, static_cast<std::size_t>(worker), true);
  }
  const auto run_all = [&] {
    std::vector<std::int64_t> blocks(2);
    bool any = true;
    while (any) {
      any = false;
      for (const std::int64_t worker : {0, 1}) {
        const auto task = schedule.next(worker);
        if (!task) continue;
        any = true;
        blocks[task->networks.at(0)] += task->blocks.count;
        schedule.ran(worker, task->networks.at(0), task->blocks.count, 0.1);
      }
    }
    return blocks;
  };
  EXPECT_EQ(run_all(), (std::vector<std::int64_t>{3, 3}));
  EXPECT_TRUE(schedule.rests());
  EXPECT_FALSE(schedule.done());
  schedule.drop(0);
  schedule.run_first(10);
  EXPECT_FALSE(schedule.rests());
  EXPECT_EQ(run_all(), (std::vector<std::int64_t>{0, 7}));
  EXPECT_TRUE(schedule.done());
  EXPECT_THROW(schedule.drop(0), Error);
}

}  // namespace
}  // namespace vbq
