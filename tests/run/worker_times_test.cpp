#include "run/worker_times.hpp"

#include <gtest/gtest.h>

#include "support/folder.hpp"

namespace vbq {
namespace {

TEST(WorkerTimes, ALineAWorker) {
  Pace pace(2, 100);
  pace.add({0, 1.5, 2, 0});
  pace.add({0, 2.0, 0, 100});
  pace.add({1, 0.25, 0, 50});
  const std::vector<ComputingRank> workers{{1, "node7", "EPYC"}, {2, "node8", "a, b"}};
  EXPECT_EQ(worker_lines(3, 4, pace, workers), (std::vector<std::string>{"3,1,1,node7,EPYC,1.5000,2.0000,0.5000",
                                                                         "3,2,1,node8,\"a, b\",0.0000,0.2500,3.7500"}));
}

TEST(WorkerTimes, TasksThatADeviceDoesAtOnceAreNoMoreThanTheGeneration) {
  Pace pace(1, 100);
  pace.add({0, 2.0, 1, 0});
  pace.add({0, 6.0, 0, 100});
  EXPECT_EQ(worker_lines(1, 4, pace, std::vector<ComputingRank>{{0, "h", "GPU"}}).at(0),
            "1,0,1,h,GPU,1.0000,3.0000,0.0000");
}

TEST(WorkerTimes, NeighboursShareALineWhereTheyAreMany) {
  Pace pace(130, 100);
  std::vector<ComputingRank> workers;
  for (int rank = 1; rank <= 130; ++rank) {
    workers.push_back({rank, "h", "d"});
    pace.add({static_cast<std::size_t>(rank - 1), rank == 2 ? 3.0 : 0.0, 0, 10});
  }
  const std::vector<std::string> lines = worker_lines(9, 3, pace, workers);
  ASSERT_EQ(lines.size(), 44U);
  EXPECT_EQ(lines.front(), "9,1,3,h,d,0.0000,1.0000,2.0000") << "their mean";
  EXPECT_EQ(lines.back(), "9,130,1,h,d,0.0000,0.0000,3.0000");
}

// A start that was killed may have left lines of generations that are done again, and half a line.
TEST(WorkerTimes, AResumeKeepsWhatIsOfItsGenerations) {
  const test::Folder folder;
  const std::string head = std::string(kWorkersHeader) + "\n";
  const auto kept = [&](const std::string& content, int generation) {
    test::put(folder / "workers.csv", content);
    return kept_worker_lines(folder / "workers.csv", generation);
  };
  EXPECT_TRUE(kept_worker_lines(folder / "none.csv", 3).empty());
  const std::string lines = "1,1,1,h,d,1,1,1\n1,2,1,h,d,1,1,1\n2,1,1,h,d,1,1,1\nx\n3,1,1,h,d,1,1,1\n1,1,1,h";
  EXPECT_EQ(kept(head + lines, 2), (std::vector<std::string>{"1,1,1,h,d,1,1,1", "1,2,1,h,d,1,1,1", "2,1,1,h,d,1,1,1"}));
  EXPECT_TRUE(kept(head + lines, 0).empty());
  EXPECT_TRUE(kept("generation,other\n" + lines, 2).empty());
  EXPECT_TRUE(kept("", 2).empty());
}

}  // namespace
}  // namespace vbq
