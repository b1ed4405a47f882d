#include "run/ending.hpp"

#include <gtest/gtest.h>

namespace vbq {
namespace {

using Lines = std::vector<std::string>;

Job job(int generations, double seconds, int patience) {
  Job one;
  one.generations = generations;
  one.seconds = seconds;
  one.patience = patience;
  return one;
}

TEST(Ending, GenerationsSinceTheLastGain) {
  EXPECT_EQ(generations_without_gain({}), 0);
  EXPECT_EQ(generations_without_gain({"1,20,-0.5,-1,-2,70.0,0.1"}), 0);
  const Lines lines{"1,20,-0.5,-1", "2,40,-0.25,-1", "3,60,-0.3,-1", "4,80,-0.25,-1"};
  EXPECT_EQ(generations_without_gain(lines), 2) << "as good as before is no gain";
  EXPECT_EQ(generations_without_gain({"1,20,6.5,14", "2,30,6.75,16"}), 0) << "a front's";
}

TEST(Ending, WhateverComesFirst) {
  const Lines stale{"1,20,-0.5,-1", "2,40,-0.5,-1", "3,60,-0.5,-1"};
  EXPECT_EQ(ending_of(job(100, 0, 0), {3, 1e9, false}, stale), std::nullopt) << "no limit is the default";
  EXPECT_EQ(ending_of(job(3, 0, 0), {3, 1, false}, stale), Ending::generations);
  EXPECT_EQ(ending_of(job(100, 0, 0), {3, 1, true}, stale), Ending::method);
  EXPECT_EQ(ending_of(job(100, 60, 0), {3, 59.9, false}, stale), std::nullopt);
  EXPECT_EQ(ending_of(job(100, 60, 0), {3, 60, false}, stale), Ending::seconds);
  EXPECT_EQ(ending_of(job(100, 0, 3), {3, 1, false}, stale), std::nullopt);
  EXPECT_EQ(ending_of(job(100, 0, 2), {3, 1, false}, stale), Ending::patience);
  EXPECT_EQ(ending_of(job(100, 1e-9, 1), {0, 0, false}, {}), std::nullopt) << "one generation at least";
}

TEST(Ending, TimeLeft) {
  EXPECT_DOUBLE_EQ(seconds_left(job(10, 0, 0), {2, 8, false}), 32);
  EXPECT_DOUBLE_EQ(seconds_left(job(10, 20, 0), {2, 8, false}), 12);
  EXPECT_DOUBLE_EQ(seconds_left(job(10, 100, 0), {2, 8, false}), 32);
  EXPECT_DOUBLE_EQ(seconds_left(job(10, 5, 0), {2, 8, false}), 0);
}

}  // namespace
}  // namespace vbq
