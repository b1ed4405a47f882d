#include "evaluate/matrix.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "vbq/error.hpp"

namespace vbq {
namespace {

// How often the workers together visit each cell of genomes x blocks.
std::vector<int> visits(const Cut& cut, std::int64_t workers, std::int64_t genomes) {
  std::vector<int> count(static_cast<std::size_t>(genomes * cut.blocks));
  for (std::int64_t w = 0; w < workers; ++w) {
    const Range rows = genome_range(cut, w, genomes), columns = block_range(cut, w);
    for (std::int64_t g = rows.first; g < rows.end(); ++g) {
      for (std::int64_t b = columns.first; b < columns.end(); ++b) {
        ++count.at(static_cast<std::size_t>(g * cut.blocks + b));
      }
    }
  }
  return count;
}

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

TEST(Matrix, EveryCellExactlyOnce) {
  for (std::int64_t workers = 1; workers <= 40; ++workers) {
    for (std::int64_t blocks = 1; blocks <= 30; ++blocks) {
      for (std::int64_t genomes = 1; genomes <= 60; ++genomes) {
        if (workers > genomes * blocks) {
          EXPECT_THROW(check_workers(workers, genomes, blocks), Error);
        } else {
          EXPECT_NO_THROW(check_workers(workers, genomes, blocks));
        }
        const Cut cut = cut_matrix(workers, genomes, blocks);
        const auto count = visits(cut, workers, genomes);
        ASSERT_TRUE(std::all_of(count.begin(), count.end(), [](int n) { return n == 1; }))
            << workers << " workers, " << blocks << " blocks, " << genomes << " genomes";
      }
    }
  }
}

TEST(Matrix, GenerationsOfOtherSizesAreCoveredByTheSameCut) {
  for (const std::int64_t workers : {1, 3, 7, 12, 25}) {
    for (const std::int64_t blocks : {1, 5, 8, 30}) {
      const Cut cut = cut_matrix(workers, 50, blocks);
      for (std::int64_t genomes = 0; genomes <= 70; ++genomes) {
        const auto count = visits(cut, workers, genomes);
        ASSERT_TRUE(std::all_of(count.begin(), count.end(), [](int n) { return n == 1; }))
            << workers << " workers, " << blocks << " blocks, " << genomes << " genomes";
      }
    }
  }
}

TEST(Matrix, FewWorkersTakeRunsOfBlocksThatDifferByAtMostOne) {
  for (std::int64_t blocks = 1; blocks <= 30; ++blocks) {
    for (std::int64_t workers = 1; workers <= blocks; ++workers) {
      const Cut cut = cut_matrix(workers, 50, blocks);
      if (cut.genome_groups > 1) continue;  // see the next test
      std::int64_t next = 0;
      for (std::int64_t w = 0; w < workers; ++w) {
        EXPECT_EQ(genome_range(cut, w, 50), (Range{0, 50}));
        const Range mine = block_range(cut, w);
        EXPECT_EQ(mine.first, next);
        EXPECT_GE(mine.count, blocks / workers);
        EXPECT_LE(mine.count, ceil_div(blocks, workers));
        next = mine.end();
      }
      EXPECT_EQ(next, blocks);
    }
  }
}

TEST(Matrix, GenomesAreSplitWhereBlocksAreFewForTheWorkers) {
  for (const auto& [workers, blocks, groups] :
       {std::tuple{4, 40, 1}, {8, 40, 1}, {1, 3, 1}, {3, 100, 1}, {20, 20, 1}, {16, 40, 2}, {32, 40, 4}, {18, 20, 9}}) {
    EXPECT_EQ(cut_matrix(workers, 50, blocks).genome_groups, groups) << workers << " workers, " << blocks << " blocks";
  }
  for (std::int64_t blocks = 1; blocks <= 60; ++blocks) {  // never worse than all genomes on own blocks
    for (std::int64_t workers = 1; workers <= blocks; ++workers) {
      const Cut cut = cut_matrix(workers, 50, blocks);
      const std::int64_t largest = ceil_div(50, cut.genome_groups) * ceil_div(blocks, cut.block_groups);
      const std::int64_t plain = 50 * ceil_div(blocks, workers);
      EXPECT_TRUE(cut.genome_groups == 1 ? largest == plain : 6 * largest <= 5 * plain) << workers << ' ' << blocks;
    }
  }
}

// Against all grids, tried one by one.
TEST(Matrix, ManyWorkersTakeTheGridWithTheSmallestRectangleAndShard) {
  for (std::int64_t workers = 2; workers <= 40; ++workers) {
    for (std::int64_t blocks = 1; blocks < workers; ++blocks) {
      for (const std::int64_t genomes : {1, 2, 7, 20, 50, 60}) {
        if (workers > genomes * blocks) continue;
        std::int64_t least = genomes * blocks, shard = blocks;
        for (std::int64_t rows = 1; rows <= genomes; ++rows) {
          for (std::int64_t columns = 1; columns <= blocks && rows * columns <= workers; ++columns) {
            const std::int64_t part = ceil_div(blocks, columns), cells = ceil_div(genomes, rows) * part;
            if (cells < least || (cells == least && part < shard)) {
              least = cells;
              shard = part;
            }
          }
        }
        const Cut cut = cut_matrix(workers, genomes, blocks);
        EXPECT_LE(cut.genome_groups * cut.block_groups, workers);
        EXPECT_EQ(ceil_div(genomes, cut.genome_groups) * ceil_div(blocks, cut.block_groups), least);
        EXPECT_EQ(ceil_div(blocks, cut.block_groups), shard);
      }
    }
  }
}

TEST(Matrix, MoreWorkersThanWorkIsOneClearSentence) {
  EXPECT_EQ(cut_matrix(6, 3, 2).genome_groups, 3);
  try {
    check_workers(7, 3, 2);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::input);
    const std::string text = error.what();
    EXPECT_NE(text.find("more workers than work: 7 workers for 3 genomes x 2 blocks"), std::string::npos) << text;
  }
}

TEST(Matrix, IdleWorkersHaveNothing) {
  const Cut cut = cut_matrix(3, 2, 2);  // 2 x 2 would need four
  EXPECT_EQ(cut.genome_groups * cut.block_groups, 2);
  EXPECT_EQ(genome_range(cut, 2, 2).count, 0);
  EXPECT_EQ(block_range(cut, 2).count, 0);
  const Cut few = cut_matrix(5, 1, 2);  // an evaluation of few images
  EXPECT_EQ(few.genome_groups * few.block_groups, 2);
  for (const int worker : {2, 3, 4}) {
    EXPECT_EQ(genome_range(few, worker, 1).count, 0);
    EXPECT_EQ(block_range(few, worker).count, 0);
  }
}

}  // namespace
}  // namespace vbq
