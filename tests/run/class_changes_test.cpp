#include "run/class_changes.hpp"

#include <gtest/gtest.h>

#include "support/folder.hpp"

namespace vbq {
namespace {

bool operator==(const ClassChange& a, const ClassChange& b) {
  return a.label == b.label && a.images == b.images && a.right_as_trained == b.right_as_trained &&
         a.right_quantised == b.right_quantised && a.lost == b.lost && a.gained == b.gained &&
         a.taken_for == b.taken_for && a.taken_for_images == b.taken_for_images;
}

TEST(ClassChanges, CountLostAndGainedImages) {
  //                                      0  0  0  0  0  0  3  3  5
  const std::vector<std::int32_t> labels{0, 0, 0, 0, 0, 0, 3, 3, 5};
  const std::vector<std::int32_t> before{0, 0, 0, 0, 2, 1, 1, 3, 0};
  const std::vector<std::int32_t> after{0, 3, 2, 3, 0, 2, 3, 3, 1};
  const std::vector<ClassChange> changes = class_changes(labels, before, after);
  ASSERT_EQ(changes.size(), 3U) << "classes without images are left out";
  EXPECT_TRUE(changes[0] == (ClassChange{0, 6, 4, 2, 3, 1, 3, 2}));
  EXPECT_TRUE(changes[1] == (ClassChange{3, 2, 1, 2, 0, 1, kNoLabel, 0}));
  EXPECT_TRUE(changes[2] == (ClassChange{5, 1, 0, 0, 0, 0, kNoLabel, 0}));
}

TEST(ClassChanges, OfAsManyTheLowestClassAndNoneWhereNothingIsFinite) {
  const std::vector<ClassChange> changes =
      class_changes(std::vector<std::int32_t>{7, 7, 7, 7}, std::vector<std::int32_t>{7, 7, 7, 7},
                    std::vector<std::int32_t>{4, 2, 4, 2});
  EXPECT_EQ(changes.at(0).taken_for, 2);
  const std::vector<ClassChange> none =
      class_changes(std::vector<std::int32_t>{7, 7, 7}, std::vector<std::int32_t>{7, 7, 7},
                    std::vector<std::int32_t>{kNoLabel, 2, kNoLabel});
  EXPECT_EQ(none.at(0).taken_for, kNoLabel);
  EXPECT_EQ(none.at(0).taken_for_images, 2);
  EXPECT_EQ(none.at(0).lost, 3);
}

TEST(ClassChanges, WithoutLabelsTheNetworkAsTrainedGivesThem) {
  const std::vector<std::int32_t> labels(4, kNoLabel);
  const std::vector<ClassChange> changes =
      class_changes(labels, std::vector<std::int32_t>{1, 1, 2, kNoLabel}, std::vector<std::int32_t>{1, 2, 2, 2});
  ASSERT_EQ(changes.size(), 2U) << "what is no class as trained cannot be lost";
  EXPECT_TRUE(changes[0] == (ClassChange{1, 2, 2, 1, 1, 0, 2, 1}));
  EXPECT_EQ(classes_csv(changes, Labels::of_fp32, {}),
            "class,images,agreement,lost,taken_for,taken_for_images\n1,2,1,1,2,1\n2,1,1,0,-1,0\n");
}

// Two-sided: of n coins as many or more on one side, either side.
TEST(ClassChanges, ChanceIsTheExactTestOfMcNemar) {
  EXPECT_DOUBLE_EQ(chance_of(0, 0), 1);
  EXPECT_DOUBLE_EQ(chance_of(3, 3), 1);
  EXPECT_DOUBLE_EQ(chance_of(1, 0), 1);
  EXPECT_DOUBLE_EQ(chance_of(5, 0), 2 / 32.0);
  EXPECT_DOUBLE_EQ(chance_of(0, 5), chance_of(5, 0));
  EXPECT_NEAR(chance_of(9, 2), 2 * (1 + 11 + 55) / 2048.0, 1e-12);
}

TEST(ClassChanges, TheTableHasNamesWhereThereAreSome) {
  const std::vector<ClassChange> changes{{0, 10, 9, 4, 5, 0, 2, 3}, {2, 10, 9, 9, 1, 1, 0, 1}};
  EXPECT_EQ(classes_csv(changes, Labels::given, {}),
            "class,images,right_as_trained,right_quantised,lost,gained,p,taken_for,taken_for_images\n"
            "0,10,9,4,5,0,0.0625,2,3\n2,10,9,9,1,1,1,0,1\n");
  const std::string named = classes_csv(changes, Labels::given, {"tench, a fish", "cat"});
  EXPECT_TRUE(test::has(named, "\n0,\"tench, a fish\",10,9,"));
  EXPECT_TRUE(test::has(named, "\n2,,10,9,")) << "fewer names than classes";
}

}  // namespace
}  // namespace vbq
