// Functions of one element: known values, and both engines alike, whatever the layout.
#include <gtest/gtest.h>

#include "engine/common/unary.hpp"
#include "engine/compare.hpp"

namespace vbq::test {
namespace {

using Kind = Unary::Kind;

TEST(UnaryFunctions, KnownValues) {
  const auto at = [](Unary op, double x) { return unary(op, x); };
  EXPECT_NEAR(at({Kind::sigmoid}, 1), 0.731058578630005, 1e-12);
  EXPECT_NEAR(at({Kind::sigmoid}, -800), 0, 1e-12);
  EXPECT_EQ(at({Kind::hard_sigmoid, 0.25F, 0.5F}, 1), 0.75);
  EXPECT_EQ(at({Kind::hard_sigmoid, 0.25F, 0.5F}, 9), 1);
  EXPECT_EQ(at({Kind::hard_swish}, 3), 3);
  EXPECT_EQ(at({Kind::hard_swish}, -4), 0);
  EXPECT_NEAR(at({Kind::hard_swish}, 1), 2.0 / 3, 1e-12);
  EXPECT_NEAR(at({Kind::swish, 1}, 1), 0.731058578630005, 1e-12);
  EXPECT_NEAR(at({Kind::swish, 2}, 1), 0.880797077977882, 1e-12);
  EXPECT_NEAR(at({Kind::tanh}, 0.5), 0.46211715726001, 1e-12);
  EXPECT_NEAR(at({Kind::erf}, 0.5), 0.520499877813047, 1e-12);
  EXPECT_NEAR(at({Kind::gelu}, 1), 0.841344746068543, 1e-12);
  EXPECT_NEAR(at({Kind::gelu, 1}, 1), 0.841191990608276, 1e-12);
  EXPECT_EQ(at({Kind::leaky_relu, 0.25F}, -2), -0.5);
  EXPECT_EQ(at({Kind::leaky_relu, 0.25F}, 2), 2);
  EXPECT_NEAR(at({Kind::elu, 2}, -1), -1.264241117657115, 1e-12);
  EXPECT_EQ(at({Kind::elu, 2}, 3), 3);
  EXPECT_NEAR(at({Kind::exp}, 1), 2.718281828459045, 1e-12);
  EXPECT_EQ(at({Kind::sqrt}, 9), 3);
  EXPECT_EQ(at({Kind::reciprocal}, 4), 0.25);
  EXPECT_NEAR(at({Kind::power, -0.75F}, 16), 0.125, 1e-12);
}

// 17 channels: more than a layout's blocks hold, so that what lies beyond them must stay zero for the layer that
// follows.
TEST(UnaryFunctions, EnginesAgree) {
  for (const auto kind : {Kind::sigmoid, Kind::hard_sigmoid, Kind::hard_swish, Kind::swish, Kind::tanh, Kind::erf,
                          Kind::gelu, Kind::leaky_relu, Kind::elu, Kind::exp}) {
    Graph g({3, 5, 9});
    const ValueId x = g.conv(kInputValue, 17, 3);
    const ValueId y = g.add(Unary{kind, 0.3F, 0.4F}, {x}, g.shape(x));
    g.add(Unary{kind, 0.3F, 0.4F}, {g.conv(y, 5, 1)}, {5, 3, 7});
    expect_equal_engines(g.network());
  }
}

// Of positive values alone; the input is used again, so that it must not be overwritten.
TEST(UnaryFunctions, EnginesAgreeOnRootsAndPowers) {
  for (const auto kind : {Kind::sqrt, Kind::reciprocal, Kind::power}) {
    Graph g({16, 4, 4});
    const ValueId x = g.conv(kInputValue, 16, 3, 1, 1);
    const ValueId positive = g.add(Clip{0.5F, 4.0F}, {x}, g.shape(x));
    const ValueId y = g.add(Unary{kind, -0.75F}, {positive}, g.shape(x));
    g.sum(y, positive);
    expect_equal_engines(g.network());
  }
}

}  // namespace
}  // namespace vbq::test
