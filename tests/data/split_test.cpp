#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "core/random.hpp"
#include "vbq/dataset.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

std::vector<std::int32_t> random_labels(std::size_t count, int classes, std::uint32_t seed) {
  Random random(seed, 0, 0, Purpose::test);
  std::vector<std::int32_t> labels(count);
  for (auto& label : labels) label = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(classes)));
  return labels;
}

std::map<std::int32_t, std::int64_t> histogram(const std::vector<std::int32_t>& labels,
                                               const std::vector<std::int64_t>& of) {
  std::map<std::int32_t, std::int64_t> counts;
  for (const std::int64_t i : of) ++counts[labels[static_cast<std::size_t>(i)]];
  return counts;
}

TEST(Split, IsAPartitionInAscendingOrderForEveryCount) {
  const auto labels = random_labels(97, 7, 1);
  for (std::int64_t count = 1; count <= 97; ++count) {
    const Split split = stratified_split(labels, count);
    ASSERT_EQ(static_cast<std::int64_t>(split.search.size()), count);
    ASSERT_TRUE(std::is_sorted(split.search.begin(), split.search.end()));
    ASSERT_TRUE(std::is_sorted(split.held_out.begin(), split.held_out.end()));
    std::vector<std::int64_t> all = split.search;
    all.insert(all.end(), split.held_out.begin(), split.held_out.end());
    std::sort(all.begin(), all.end());
    std::vector<std::int64_t> expected(97);
    std::iota(expected.begin(), expected.end(), 0);
    ASSERT_EQ(all, expected);
  }
}

TEST(Split, EveryClassGetsItsShareRoundedUpOrDown) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const auto labels = random_labels(1000 + seed, 10, seed);
    const std::int64_t count = 123 + seed;
    std::map<std::int32_t, std::int64_t> sizes;
    for (const auto label : labels) ++sizes[label];
    const auto got = histogram(labels, stratified_split(labels, count).search);
    for (const auto& [label, size] : sizes) {
      const std::int64_t low = count * size / static_cast<std::int64_t>(labels.size());
      const std::int64_t share = got.count(label) == 0 ? 0 : got.at(label);
      EXPECT_GE(share, low) << "class " << label;
      EXPECT_LE(share, low + 1) << "class " << label;
    }
  }
}

// 6 + 3 + 1 images, 5 asked for: exact shares 3, 1.5, 0.5. One is left after rounding down; the tie goes to the smaller
// label.
TEST(Split, LargestRemainderWithTies) {
  const std::vector<std::int32_t> labels{0, 0, 0, 0, 0, 0, 1, 1, 1, 2};
  const auto got = histogram(labels, stratified_split(labels, 5).search);
  EXPECT_EQ(got, (std::map<std::int32_t, std::int64_t>{{0, 3}, {1, 2}}));
  // 7: 4.2, 2.1, 0.7; the last one goes to class 2.
  EXPECT_EQ(histogram(labels, stratified_split(labels, 7).search),
            (std::map<std::int32_t, std::int64_t>{{0, 4}, {1, 2}, {2, 1}}));
}

TEST(Split, IsFixedAndNotTheFirstOfEachClass) {
  const auto labels = random_labels(2000, 10, 3);
  const Split once = stratified_split(labels, 200), again = stratified_split(labels, 200);
  EXPECT_EQ(once.search, again.search);
  EXPECT_EQ(once.held_out, again.held_out);
  // Spread over the whole set: about half in each half.
  const auto low = std::count_if(once.search.begin(), once.search.end(), [](std::int64_t i) { return i < 1000; });
  EXPECT_GT(low, 60);
  EXPECT_LT(low, 140);
}

// Results of published runs depend on it: these are the indices that the first version gave.
TEST(Split, GoldenIndices) {
  std::vector<std::int32_t> labels(40);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % 4);
  EXPECT_EQ(stratified_split(labels, 8).search, (std::vector<std::int64_t>{2, 13, 15, 16, 20, 23, 25, 30}));
}

TEST(Split, OtherLabelsOfTheSameClassesDoNotMatterWithinAClass) {
  // A class's draw depends on its label and size alone: names of other classes do not change it.
  std::vector<std::int32_t> a(40), b(40);
  for (std::size_t i = 0; i < 40; ++i) {
    a[i] = i < 20 ? 0 : 1;
    b[i] = i < 20 ? 0 : 5;
  }
  auto first = [](std::vector<std::int64_t> v) {
    std::erase_if(v, [](std::int64_t i) { return i >= 20; });
    return v;
  };
  EXPECT_EQ(first(stratified_split(a, 10).search), first(stratified_split(b, 10).search));
}

TEST(Split, RefusesCountsOutsideTheSet) {
  const auto labels = random_labels(10, 2, 5);
  EXPECT_THROW(stratified_split(labels, 0), Error);
  EXPECT_THROW(stratified_split(labels, -1), Error);
  EXPECT_THROW(stratified_split(labels, 11), Error);
  EXPECT_THROW(stratified_split({}, 1), Error);
  EXPECT_TRUE(stratified_split(labels, 10).held_out.empty());
}

TEST(Split, ValidationImagesAreTakenFromTheSearchsInEqualShares) {
  const auto labels = random_labels(400, 5, 3);
  const Split whole = stratified_split(labels, 300);
  Split split = whole;
  set_validation_apart(split, labels, 75);
  EXPECT_EQ(split.held_out, whole.held_out);
  ASSERT_EQ(split.search.size(), 225U);
  ASSERT_EQ(split.validation.size(), 75U);
  ASSERT_TRUE(std::is_sorted(split.search.begin(), split.search.end()));
  ASSERT_TRUE(std::is_sorted(split.validation.begin(), split.validation.end()));
  std::vector<std::int64_t> both;
  std::merge(split.search.begin(), split.search.end(), split.validation.begin(), split.validation.end(),
             std::back_inserter(both));
  EXPECT_EQ(both, whole.search);
  const auto all = histogram(labels, whole.search);
  for (const auto& [label, count] : histogram(labels, split.validation)) {
    EXPECT_NEAR(static_cast<double>(count), static_cast<double>(all.at(label)) / 4, 1) << label;
  }
  EXPECT_THROW(set_validation_apart(split, labels, 225), Error);  // none would be left to search on
}

}  // namespace
}  // namespace vbq
