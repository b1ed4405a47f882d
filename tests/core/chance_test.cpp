// Against printed tables.
#include "core/chance.hpp"

#include <gtest/gtest.h>

namespace vbq {
namespace {

TEST(Chance, Students) {
  EXPECT_NEAR(students_quantile(0.025, 30), 2.0423, 1e-4);
  EXPECT_NEAR(students_quantile(0.0005, 30), 3.6460, 1e-4);
  EXPECT_NEAR(students_quantile(0.005, 100), 2.6259, 1e-4);
  EXPECT_NEAR(students_tail(2.0423, 30), 0.025, 3e-6);  // four decimals of a table
  EXPECT_EQ(students_tail(0, 7), 0.5);
}

TEST(Chance, FairCoin) {
  EXPECT_DOUBLE_EQ(fair_coin(0, 3), 0.125);
  EXPECT_DOUBLE_EQ(fair_coin(1, 3), 0.5);
  EXPECT_DOUBLE_EQ(fair_coin(3, 3), 1);
}

}  // namespace
}  // namespace vbq
