// What fusing, writing in place and shared memory could break.
#include "engine/compare.hpp"

namespace vbq::test {
namespace {

TEST(Graphs, ResidualNetwork) { expect_equal_engines(support::residual_network(3, 13, 33, 7, 3), 3); }

TEST(Graphs, ResidualInBothOperandOrders) {
  for (const bool first : {false, true}) {
    for (const std::int64_t width : {7, 16}) {
      Graph g({3, 9, 9});
      const ValueId x = g.relu(g.conv(kInputValue, width, 3, 1, 1));
      const ValueId y = g.norm(g.conv(x, width, 3, 1, 1));
      g.conv(g.relu(first ? g.sum(x, y) : g.sum(y, x)), 5, 3);
      expect_equal_engines(g.network());
    }
  }
}

TEST(Graphs, ResidualIsTheConvolutionsOwnInput) {
  Graph g({16, 9, 9});
  const ValueId x = g.relu(g.conv(kInputValue, 16, 1));
  g.relu(g.sum(g.conv(x, 16, 3, 1, 1), x));
  expect_equal_engines(g.network());
}

TEST(Graphs, ResidualIsUsedAgainLater) {
  Graph g({16, 9, 9});
  const ValueId x = g.relu(g.conv(kInputValue, 16, 3, 1, 1));
  const ValueId y = g.relu(g.sum(g.conv(g.conv(x, 16, 3, 1, 1), 16, 3, 1, 1), x));
  g.sum(g.conv(y, 16, 1), x);
  expect_equal_engines(g.network(), 2);
}

TEST(Graphs, ResidualIsTheInput) {
  Graph g({16, 9, 9});
  g.sum(kInputValue, g.conv(g.conv(kInputValue, 33, 3, 1, 1), 16, 1));
  expect_equal_engines(g.network());
}

TEST(Graphs, TwoConvolutionsAreAdded) {
  for (const bool swap : {false, true}) {
    Graph g({16, 9, 9});
    const ValueId a = g.norm(g.conv(kInputValue, 32, 3, 2, 1)), b = g.norm(g.conv(kInputValue, 32, 1, 2));
    g.relu(swap ? g.sum(b, a) : g.sum(a, b));
    expect_equal_engines(g.network());
  }
}

TEST(Graphs, ConvolutionIsAddedToItself) {
  Graph g({3, 9, 9});
  const ValueId x = g.conv(kInputValue, 17, 3);
  g.relu(g.sum(x, x));
  expect_equal_engines(g.network());
}

TEST(Graphs, AddedBeforeAndAfterActivation) {
  Graph g({3, 9, 9});
  const ValueId x = g.conv(kInputValue, 17, 3, 1, 1), y = g.relu(g.conv(kInputValue, 17, 1));
  g.sum(g.relu(x), y);
  expect_equal_engines(g.network());
}

TEST(Graphs, BatchNormOfASharedConvolutionIsNotFolded) {
  Graph g({3, 9, 9});
  const ValueId x = g.conv(kInputValue, 17, 3, 1, 1);
  const ValueId y = g.relu(g.norm(x));
  g.sum(g.norm(y), x);
  expect_equal_engines(g.network());
}

TEST(Graphs, TwoBatchNorms) {
  Graph g({3, 9, 9});
  g.relu(g.norm(g.norm(g.conv(kInputValue, 17, 3, 1, 1, 1, false))));
  expect_equal_engines(g.network());
}

TEST(Graphs, ReluOfTheSameValueTwice) {
  Graph g({3, 9, 9});
  const ValueId x = g.conv(kInputValue, 17, 3, 1, 1);
  const ValueId a = g.relu(x), b = g.add(Clip{-1.0F, 0.5F}, {x}, g.shape(x));
  g.sum(g.add(kMultiply, {a, b}, g.shape(x)), x);
  expect_equal_engines(g.network());
}

TEST(Graphs, ConcatOfConvolutions) {
  for (const std::int64_t width : {16, 17, 8, 24}) {  // blocks that fit and that do not
    SCOPED_TRACE(width);
    Graph g({3, 9, 9});
    const ValueId squeeze = g.relu(g.conv(kInputValue, 16, 1));
    const ValueId a = g.relu(g.conv(squeeze, width, 1)), b = g.relu(g.conv(squeeze, 64, 3, 1, 1));
    const ValueId fire = g.concat({a, b});
    g.conv(fire, 10, 1);
    expect_equal_engines(g.network());
  }
}

TEST(Graphs, ConcatWhosePartsAreUsedAgain) {
  Graph g({16, 9, 9});
  const ValueId a = g.relu(g.conv(kInputValue, 16, 3, 1, 1)), b = g.relu(g.conv(a, 16, 3, 1, 1));
  const ValueId joint = g.concat({a, b, a});
  const ValueId c = g.conv(g.relu(g.norm(joint)), 16, 1);
  const ValueId second = g.concat({joint, c});
  const ValueId d = g.sum(g.conv(second, 16, 1), a);
  g.add(kMultiply, {g.relu(d), b}, g.shape(b));
  expect_equal_engines(g.network(), 3);
}

TEST(Graphs, ConcatOfPoolsAndInput) {
  Graph g({16, 9, 9});
  const ValueId x = g.conv(kInputValue, 16, 1);
  const ValueId pool = g.add(MaxPool{{3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, {x}, {16, 9, 9});
  const ValueId mean = g.add(AveragePool{{3, 3}, {1, 1}, {1, 1, 1, 1}, true}, {x}, {16, 9, 9});
  g.conv(g.concat({pool, kInputValue, mean, x}), 7, 3);
  expect_equal_engines(g.network());
}

TEST(Graphs, ReshapedValueIsUsedInBothShapes) {
  for (const std::int64_t width : {16, 17}) {
    Graph g({3, 9, 9});
    const ValueId x = g.add(GlobalAveragePool{}, {g.conv(kInputValue, width, 3)}, {width, 1, 1});
    const ValueId flat = g.flatten(x), again = g.flatten(x);
    const ValueId y = g.relu(g.linear(flat, width));
    const ValueId z = g.sum(g.sum(y, g.relu(flat)), g.add(Clip{-0.1F, 0.1F}, {again}, g.shape(again)));
    g.sum(z, g.flatten(g.conv(x, width, 1)));
    expect_equal_engines(g.network());
  }
}

TEST(Graphs, NetworkWithoutWeights) {
  Graph g({3, 4, 4});
  g.flatten(kInputValue);
  expect_equal_engines(g.network());
}

TEST(Graphs, DeepChainReusesMemory) {
  Graph g({3, 13, 13});
  ValueId x = g.relu(g.norm(g.conv(kInputValue, 16, 3, 1, 1)));
  for (int k = 0; k < 6; ++k) {
    const ValueId y = g.relu(g.norm(g.conv(x, 16, 3, 1, 1)));
    x = g.relu(g.sum(g.norm(g.conv(y, 16, 3, 1, 1)), x));
  }
  g.linear(g.flatten(g.add(GlobalAveragePool{}, {x}, {16, 1, 1})), 10);
  expect_equal_engines(g.network(), 5);
}

}  // namespace
}  // namespace vbq::test
