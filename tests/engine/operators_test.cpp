// Every operator of cpu against reference, at sizes off every vector width.
#include <fmt/format.h>

#include "engine/compare.hpp"

namespace vbq::test {
namespace {

using I = std::int64_t;

TEST(Operators, Convolution) {
  for (const I in : {1, 3, 7, 17, 33}) {
    for (const I out : {1, 7, 17, 33}) {
      for (const auto& [kernel, stride, pad] : {std::tuple<I, I, I>{1, 1, 0}, {3, 1, 1}, {3, 2, 1}, {5, 1, 2}}) {
        SCOPED_TRACE(fmt::format("{} -> {} channels, kernel {}, stride {}, pad {}", in, out, kernel, stride, pad));
        Graph g({in, 9, 13});
        g.conv(kInputValue, out, kernel, stride, pad);
        expect_equal_engines(g.network());
      }
    }
  }
}

TEST(Operators, ConvolutionWithUnevenPadsAndDilation) {
  for (const I channels : {3, 17}) {
    Graph g({channels, 13, 9});
    Conv op = g.make_conv(channels, 7, 3, 2);
    op.pad = {2, 0, 1, 3};
    op.dilation = {2, 3};
    op.stride = {2, 1};
    g.add_conv(kInputValue, op);
    expect_equal_engines(g.network());
  }
}

TEST(Operators, ConvolutionWhoseStrideLeavesARest) {
  Graph g({16, 6, 9});
  g.conv(g.conv(kInputValue, 33, 1, 2), 5, 2, 3);
  expect_equal_engines(g.network());
}

TEST(Operators, GroupedAndDepthwiseConvolution) {
  for (const auto& [in, out, group] :
       {std::tuple<I, I, I>{4, 6, 2}, {32, 64, 2}, {33, 33, 33}, {17, 17, 17}, {16, 32, 16}, {21, 14, 7}}) {
    SCOPED_TRACE(fmt::format("{} -> {} in {} groups", in, out, group));
    Graph g({in, 9, 5});
    const ValueId first = g.conv(kInputValue, in, 1);
    g.relu(g.norm(g.conv(first, out, 3, 2, 1, group)));
    expect_equal_engines(g.network());
  }
}

TEST(Operators, Linear) {
  for (const I in : {1, 7, 33, 64, 257}) {
    for (const I out : {1, 5, 17, 64}) {
      Graph g({in});
      g.linear(g.relu(g.linear(kInputValue, out)), 3, false);
      expect_equal_engines(g.network());
    }
  }
}

TEST(Operators, LinearOverTheLastOfSeveralAxes) {
  Graph g({3, 5, 7});
  g.linear(g.linear(kInputValue, 17), 4);
  expect_equal_engines(g.network());
}

TEST(Operators, LinearWithBatchNorm) {
  Graph g({13});
  g.relu(g.norm(g.linear(kInputValue, 17)));
  expect_equal_engines(g.network());
}

TEST(Operators, BatchNormAndActivations) {
  for (const I channels : {1, 7, 16, 17, 33}) {
    Graph g({channels, 5, 9});
    const ValueId x = g.conv(g.relu(g.norm(kInputValue)), 17, 3);
    const ValueId y = g.add(Clip{-0.5F, 0.75F}, {x}, g.shape(x));
    const ValueId z = g.norm(g.add(MaxPool{{2, 2}, {1, 1}, {1, 1}, {}}, {y}, {17, 2, 6}));
    // Zero is not between the bounds: channels beyond the 17th, which a layout may have, must stay zero.
    g.conv(g.norm(g.add(Clip{0.25F, 0.5F}, {z}, g.shape(z))), 5, 1);
    expect_equal_engines(g.network());
  }
}

TEST(Operators, ReluAlone) {
  Graph g({17, 5, 5});
  g.relu(kInputValue);
  expect_equal_engines(g.network());
}

// All that the table of vbq/functions.hpp has.
TEST(Operators, FunctionsOfTwo) {
  for (const BinaryRow& row : kBinary) {
    SCOPED_TRACE(row.name);
    const Binary op{row.kind};
    Graph g({7, 5, 9});
    const ValueId a = g.conv(kInputValue, 17, 3, 1, 1), b = g.conv(kInputValue, 17, 1);
    const ValueId p = g.relu(a), q = g.relu(b);
    const ValueId y = g.relu(g.add(op, {p, q}, g.shape(p)));
    g.add(op, {y, p}, g.shape(p));
    expect_equal_engines(g.network());
  }
}

TEST(Operators, FunctionsOfTwoThatBroadcast) {
  for (const BinaryRow& row : kBinary) {
    SCOPED_TRACE(row.name);
    const Binary op{row.kind};
    for (const Shape& other : {Shape{17, 1, 1}, Shape{1, 5, 9}, Shape{9}, Shape{5, 1}, Shape{}, Shape{1}}) {
      for (const bool swap : {false, true}) {
        Graph g({3, 5, 9});
        const ValueId x = g.conv(kInputValue, 17, 3, 1, 1);
        const ValueId c = g.constant(other);
        const ValueId y = g.add(op, swap ? std::vector{c, x} : std::vector{x, c}, g.shape(x));
        g.conv(g.relu(y), 5, 3);
        expect_equal_engines(g.network());
      }
    }
    Graph g({3, 5, 9});  // both sides are repeated
    const ValueId column = g.add(AveragePool{{1, 9}, {1, 1}, {}, false}, {kInputValue}, {3, 5, 1});
    const ValueId line = g.add(AveragePool{{5, 1}, {1, 1}, {}, false}, {kInputValue}, {3, 1, 9});
    g.relu(g.add(op, {column, line}, {3, 5, 9}));
    expect_equal_engines(g.network());
  }
}

TEST(Operators, MaxPool) {
  for (const I channels : {1, 3, 17, 32}) {
    Graph g({channels, 9, 13});
    const ValueId x = g.conv(kInputValue, channels, 1);
    g.add(MaxPool{{3, 2}, {2, 3}, {1, 1}, {1, 0, 0, 1}}, {x}, {channels, 4, 5});
    expect_equal_engines(g.network());
  }
  Graph dilated({5, 9, 13});
  dilated.add(MaxPool{{2, 3}, {1, 2}, {3, 2}, {1, 1, 1, 1}}, {kInputValue}, {5, 8, 6});
  expect_equal_engines(dilated.network());
  Graph hanging({7, 6, 6});  // ceil_mode: the last windows hang over the edge
  hanging.add(MaxPool{{3, 3}, {2, 2}, {1, 1}, {}}, {hanging.conv(kInputValue, 17, 1)}, {17, 3, 3});
  expect_equal_engines(hanging.network());
}

TEST(Operators, AveragePool) {
  for (const bool include : {false, true}) {
    for (const I channels : {1, 7, 17, 32}) {
      SCOPED_TRACE(fmt::format("{} channels, include padding {}", channels, include));
      Graph g({channels, 9, 13});
      const ValueId x = g.conv(kInputValue, channels, 1);
      g.add(AveragePool{{3, 2}, {2, 3}, {1, 0, 0, 1}, include}, {x}, {channels, 4, 5});
      expect_equal_engines(g.network());
      Graph hanging({channels, 6, 7});
      const ValueId y = hanging.conv(kInputValue, channels, 1);
      hanging.conv(hanging.add(AveragePool{{3, 3}, {2, 2}, {0, 1, 0, 0}, include}, {y}, {channels, 3, 4}), 3, 1);
      expect_equal_engines(hanging.network());
    }
  }
}

TEST(Operators, GlobalAverageAndReductions) {
  for (const I channels : {3, 16, 17}) {
    Graph g({channels, 5, 9});
    g.linear(g.flatten(g.add(GlobalAveragePool{}, {g.conv(kInputValue, channels, 1)}, {channels, 1, 1})), 3);
    expect_equal_engines(g.network());
    const std::vector<std::pair<std::vector<int>, Shape>> means{{{1, 2}, {channels}}, {{1, 2}, {channels, 1, 1}},
                                                                {{0}, {5, 9}},        {{1}, {channels, 9}},
                                                                {{0, 2}, {5}},        {{0, 1, 2}, {}}};
    for (const auto& [axes, shape] : means) {
      for (const ReduceRow& row : kReduce) {
        SCOPED_TRACE(fmt::format("{} over {} axes of {} channels", row.name, axes.size(), channels));
        Graph m({channels, 5, 9});
        m.add(Reduce{axes, row.kind}, {m.conv(kInputValue, channels, 1)}, shape);
        expect_equal_engines(m.network());
      }
    }
  }
}

TEST(Operators, Concat) {
  for (const int axis : {0, 1, 2}) {
    for (const I channels : {7, 16}) {
      Graph g({channels, 5, 9});
      const ValueId a = g.conv(kInputValue, channels, 3, 1, 1), b = g.relu(kInputValue);
      Shape shape = g.shape(a);
      shape[static_cast<std::size_t>(axis)] *= 3;
      g.conv(g.add(Concat{axis}, {a, b, kInputValue}, shape), 3, 1);
      expect_equal_engines(g.network());
    }
  }
  Graph flat({7});
  flat.add(Concat{0}, {flat.linear(kInputValue, 3), kInputValue, flat.linear(kInputValue, 16)}, {26});
  expect_equal_engines(flat.network());
}

TEST(Operators, ReshapeAndTranspose) {
  for (const I channels : {6, 16, 18}) {
    Graph g({channels, 5, 9});
    const ValueId x = g.conv(kInputValue, channels, 1);
    const ValueId r = g.add(Reshape{}, {x}, {channels / 2, 2, 45});
    const ValueId t = g.add(Transpose{{1, 0, 2}}, {r}, {2, channels / 2, 45});
    const ValueId shuffled = g.add(Reshape{}, {t}, {channels, 5, 9});  // as in ShuffleNet
    g.add(Transpose{{2, 0, 1}}, {g.conv(shuffled, 4, 1)}, {9, 4, 5});
    expect_equal_engines(g.network());
  }
}

TEST(Operators, SliceAndPad) {
  for (const I channels : {7, 16, 32}) {
    for (const float value : {0.0F, 1.5F}) {
      SCOPED_TRACE(fmt::format("{} channels padded with {}", channels, value));
      Graph g({channels, 9, 8});
      const ValueId x = g.conv(kInputValue, channels, 1);
      // The shortcut of a CIFAR ResNet: every other pixel, channels padded on both sides.
      ValueId y = g.add(Slice{{0, 0, 0}, {1, 2, 1}}, {x}, {channels, 5, 8});
      y = g.add(Slice{{0, 0, 0}, {1, 1, 2}}, {y}, {channels, 5, 4});
      y = g.add(Pad{{channels / 2, 0, 0}, {channels / 2, 0, 0}, value}, {y}, {channels / 2 * 2 + channels, 5, 4});
      g.sum(g.conv(x, g.shape(y)[0], 3, 2, 1), y);
      expect_equal_engines(g.network());
      Graph reversed({channels, 9, 8});
      const ValueId z = reversed.conv(kInputValue, channels, 1);
      const ValueId r = reversed.add(Slice{{channels - 1, 8, 6}, {-2, -3, -1}}, {z}, {(channels + 1) / 2, 3, 7});
      reversed.add(Pad{{1, 0, 2}, {0, 3, 1}, value}, {r}, {(channels + 1) / 2 + 1, 6, 10});
      expect_equal_engines(reversed.network());
    }
  }
}

TEST(Operators, Softmax) {
  Graph g({17});
  g.add(Softmax{0}, {g.linear(kInputValue, 33)}, {33});
  expect_equal_engines(g.network());
  for (const int axis : {0, 1, 2}) {
    for (const auto form : {Softmax::Form::share, Softmax::Form::logarithm}) {
      Graph s({7, 5, 9});
      s.add(Softmax{axis, form}, {kInputValue}, {7, 5, 9});
      expect_equal_engines(s.network());
    }
  }
}

TEST(Operators, ConstantIsTheSameForEveryImage) {
  Graph g({7, 5, 9});
  const ValueId c = g.constant({7, 5, 9});
  g.add(kMultiply, {g.sum(c, kInputValue), c}, {7, 5, 9});
  expect_equal_engines(g.network());
}

}  // namespace
}  // namespace vbq::test
