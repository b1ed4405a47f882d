// What a comparison comes to.
#include "run/conclude.hpp"

#include <gtest/gtest.h>

namespace vbq {
namespace {

// A row whose blocks of 100 images have so many right; every block is `steps` below or above that in turn.
ComparedFormat row(const char* group, int number, std::int64_t bytes, std::int64_t right, std::int64_t steps = 0) {
  ComparedFormat one;
  one.group = group;
  one.number = number;
  one.bytes = bytes;
  for (int block = 0; block < 20; ++block) {
    one.held_out_blocks.push_back({100, right + (block % 2 == 0 ? steps : -steps), 100, 0, 0});
    one.held_out += one.held_out_blocks.back();
  }
  return one;
}

std::vector<std::size_t> places(const Conclusion& conclusion) {
  std::vector<std::size_t> all;
  for (const Alike& one : conclusion.alike) all.push_back(one.row);
  return all;
}

TEST(Conclude, TheBestThoseAlikeAndTheCheapestOfThem) {
  // Row 3 is best; 2 is worse by half an image a block, which varies by 5; 1 is worse by one in every block; 4 costs
  // less than all and is far worse.
  std::vector<ComparedFormat> rows{row("2bit", 1, 10, 90), row("2bit", 2, 20, 90, 5), row("2bit", 3, 30, 91),
                                   row("2bit", 4, 5, 60)};
  rows[1].held_out_blocks[0].top1 += 10;
  rows[1].held_out.top1 += 10;
  const auto found = conclude(rows);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].group, "");
  EXPECT_EQ(found[0].best, 2U);
  EXPECT_EQ(places(found[0]), (std::vector<std::size_t>{1}));
  EXPECT_GT(found[0].alike[0].p, 0.05);
  EXPECT_EQ(found[0].cheapest, 1U);
}

TEST(Conclude, GroupsAloneThenAllTogetherAndTheNetworkAsTrainedAside) {
  const std::vector<ComparedFormat> rows{row("fp32", 0, 100, 99), row("2bit", 1, 10, 80), row("2bit", 2, 12, 80),
                                         row("3bit", 3, 20, 95)};
  const auto found = conclude(rows);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].group, "2bit");
  EXPECT_EQ(found[0].best, 1U) << "of equals the smaller";
  EXPECT_EQ(places(found[0]), (std::vector<std::size_t>{2}));
  EXPECT_EQ(found[0].cheapest, 1U);
  EXPECT_EQ(found[1].group, "3bit");
  EXPECT_TRUE(found[1].alike.empty());
  EXPECT_EQ(found[2].best, 3U);
  EXPECT_TRUE(found[2].alike.empty());
  EXPECT_TRUE(conclude({row("fp32", 0, 100, 99)}).empty());
}

}  // namespace
}  // namespace vbq
