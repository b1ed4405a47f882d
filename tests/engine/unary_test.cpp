// Functions of one element: known values, and both engines alike, whatever the layout.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/common/arithmetic.hpp"
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
  EXPECT_NEAR(at({Kind::softplus}, 1), 1.313261687518223, 1e-12);
  EXPECT_NEAR(at({Kind::softplus}, 800), 800, 1e-12);
  EXPECT_NEAR(at({Kind::softplus}, -40), std::exp(-40), 1e-30);
  EXPECT_NEAR(at({Kind::mish}, 1), 0.865098388267294, 1e-12);
  EXPECT_NEAR(at({Kind::mish}, -800), 0, 1e-12);
  EXPECT_EQ(at({Kind::absolute}, -2.5), 2.5);
}

TEST(BinaryFunctions, KnownValues) {
  using Of = Binary::Kind;
  EXPECT_EQ(binary(Of::minimum, 2.0, -3.0), -3);
  EXPECT_EQ(binary(Of::maximum, 2.0, -3.0), 2);
  EXPECT_EQ(binary(Of::prelu, -2.0, 0.25), -0.5);
  EXPECT_EQ(binary(Of::prelu, 2.0, 0.25), 2);
  const double nan = std::nan("");
  for (const Of kind : {Of::minimum, Of::maximum}) {
    EXPECT_TRUE(std::isnan(binary(kind, nan, 1.0)) && std::isnan(binary(kind, 1.0, nan)));
  }
  for (const BinaryRow& row : kBinary)
    EXPECT_EQ(binary(row.kind, 0.0F, 0.0F), 0) << row.name;  // functions.hpp says why
}

// Those that take any number: the others follow.
bool takes_all(Kind kind) { return kind != Kind::sqrt && kind != Kind::reciprocal && kind != Kind::power; }

// 17 channels: more than a layout's blocks hold, so that what lies beyond them must stay zero for the layer that
// follows.
TEST(UnaryFunctions, EnginesAgree) {
  for (const auto& [kind, name, alpha, beta] : kUnary) {
    if (!takes_all(kind)) continue;
    SCOPED_TRACE(name);
    Graph g({3, 5, 9});
    const ValueId x = g.conv(kInputValue, 17, 3);
    const ValueId y = g.add(Unary{kind, 0.3F, 0.4F}, {x}, g.shape(x));
    g.add(Unary{kind, 0.3F, 0.4F}, {g.conv(y, 5, 1)}, {5, 3, 7});
    // In half precision, one function widens errors, another makes a whole step of the least of them.
    expect_equal_engines(g.network(), 1, kind == Kind::exp ? 4 : (kind == Kind::round_to ? 2 : 1));
  }
}

// Of positive values alone; the input is used again, so that it must not be overwritten.
TEST(UnaryFunctions, EnginesAgreeOnRootsAndPowers) {
  for (const auto& [kind, name, alpha, beta] : kUnary) {
    if (takes_all(kind)) continue;
    SCOPED_TRACE(name);
    Graph g({16, 4, 4});
    const ValueId x = g.conv(kInputValue, 16, 3, 1, 1);
    const ValueId positive = g.add(Clip{0.5F, 4.0F}, {x}, g.shape(x));
    const ValueId y = g.add(Unary{kind, -0.75F}, {positive}, g.shape(x));
    g.sum(y, positive);
    expect_equal_engines(g.network());
  }
}

// The exact Gelu, after layers of either kind: 16 channels and 3x3 are Winograd's.
TEST(UnaryFunctions, EnginesAgreeWhereAFunctionEndsALayer) {
  for (const Unary& op : {Unary{Kind::gelu}, Unary{Kind::gelu, 1}, Unary{Kind::swish, 1}, Unary{Kind::hard_swish},
                          Unary{Kind::mish}, Unary{Kind::softplus}, Unary{Kind::absolute}}) {
    Graph g({16, 14, 13});
    const ValueId x = g.add(op, {g.conv(kInputValue, 16, 3, 1, 1)}, {16, 14, 13});
    const ValueId y = g.conv(x, 16, 3, 1, 1);
    const ValueId z = g.add(op, {g.sum(y, x)}, {16, 14, 13});
    g.add(op, {g.conv(z, 17, 1)}, {17, 14, 13});
    expect_equal_engines(g.network());
  }
}

// Squeeze and excitation: each image has numbers of its own, one a channel.
TEST(UnaryFunctions, EnginesAgreeOnANumberAChannel) {
  for (const std::int64_t channels : {16, 17, 3}) {
    for (const BinaryRow& row : kBinary) {
      SCOPED_TRACE(row.name);
      for (const bool first : {true, false}) {
        Graph g({3, 9, 7});
        const ValueId x = g.conv(kInputValue, channels, 3);
        const ValueId mean = g.add(GlobalAveragePool{}, {x}, {channels, 1, 1});
        const ValueId gate = g.add(Unary{Kind::sigmoid}, {g.conv(mean, channels, 1)}, {channels, 1, 1});
        const std::vector<ValueId> inputs = first ? std::vector{x, gate} : std::vector{gate, x};
        const ValueId y = g.add(Binary{row.kind}, inputs, g.shape(x));
        g.conv(g.relu(g.sum(y, x)), 5, 1);  // x is used again
        expect_equal_engines(g.network());
      }
    }
  }
}

}  // namespace
}  // namespace vbq::test
