#include "run/pace.hpp"

#include <gtest/gtest.h>

#include "run/announce.hpp"
#include "run/history.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

TEST(Pace, ANetworkCostsItsMakingAndItsRun) {
  Pace pace(2, 100);
  EXPECT_EQ(pace.seconds_a_network(1), std::nullopt) << "nothing is known";
  pace.add({0, 3.0, 2, 0});  // two networks made in 3 s
  EXPECT_EQ(pace.seconds_a_network(3), std::nullopt) << "none was run";
  pace.add({1, 0.5, 0, 50});
  EXPECT_EQ(pace.run(), 0);
  pace.add({1, 0.5, 0, 50});
  EXPECT_EQ(pace.made(), 2);
  EXPECT_EQ(pace.run(), 1);
  EXPECT_EQ(pace.images(), 100);
  // 1.5 s to make and 1 s to run one; 4 s of work were done in 2 s.
  EXPECT_DOUBLE_EQ(*pace.seconds_a_network(2), (1.5 + 1.0) / 2);
}

TEST(Pace, WhatIsBusy) {
  Pace pace(2, 100);
  pace.add({1, 3.0, 1, 0});
  EXPECT_DOUBLE_EQ(pace.busy(0, 4), 0);
  EXPECT_DOUBLE_EQ(pace.busy(1, 4), 0.75);
  EXPECT_DOUBLE_EQ(pace.busy(1, 2), 1) << "a GPU does several tasks at once";
  EXPECT_DOUBLE_EQ(pace.busy(1, 0), 0);
}

TEST(Announce, TheTimeThatIsExpected) {
  Job job;
  job.generations = 30;
  job.search.population = 20;
  EXPECT_EQ(expected_time_text(job, 0), "told by the first networks");
  EXPECT_EQ(expected_time_text(job, 0.5), "about 3:33 min of inference (426 networks); making them is measured first");
  job.search.method = Method::annealing;
  EXPECT_EQ(networks_planned(job), 30) << "a candidate a generation";
  job.search.method = Method::genetic;
  job.front.emplace();
  EXPECT_EQ(networks_planned(job), 600) << "all individuals are new";
  job.front.reset();
  job.seconds = 600;
  EXPECT_EQ(expected_time_text(job, 0.5), "10:00 min of search, or less");
}

TEST(History, NumbersOfALine) {
  EXPECT_EQ(history_numbers("3,42,-0.25,1e-05,0,70.0"), (std::vector<double>{3, 42, -0.25, 1e-05, 0, 70}));
  EXPECT_EQ(history_numbers("3,42,6.5,14"), (std::vector<double>{3, 42, 6.5, 14})) << "a front's";
  EXPECT_THROW(history_numbers("3,42,-0.25,x"), Error);
  EXPECT_THROW(history_numbers("3,42,-0.25"), Error);
}

}  // namespace
}  // namespace vbq
