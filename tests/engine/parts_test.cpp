// The small parts of engine cpu that know nothing of oneDNN.
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

#include "core/random.hpp"
#include "engine/common/arena.hpp"
#include "engine/common/fuse.hpp"
#include "engine/common/lanes.hpp"
#include "engine/compare.hpp"
#include "engine/cpu/batch.hpp"

namespace vbq::cpu {
namespace {

TEST(Arena, SlotsThatLiveTogetherDoNotOverlap) {
  Random random(3, 0, 0, Purpose::test);
  std::vector<Slot> slots(60);
  std::size_t sum = 0;
  for (Slot& s : slots) {
    s.bytes = 1 + random.below(1000);
    s.first = static_cast<int>(random.below(30));
    s.last = s.first + static_cast<int>(random.below(6));
    sum += (s.bytes + 63) / 64 * 64;
  }
  const std::size_t total = place_slots(slots, 64);
  EXPECT_LT(total, sum / 2);  // they share
  for (const Slot& a : slots) {
    EXPECT_EQ(a.offset % 64, 0U);
    EXPECT_LE(a.offset + a.bytes, total);
    for (const Slot& b : slots) {
      if (&a == &b || a.last < b.first || b.last < a.first) continue;
      EXPECT_TRUE(a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset);
    }
  }
}

TEST(Lanes, EachItemIsDoneOnce) {
  for (const int count : {1, 3}) {
    Lanes lanes(count);
    EXPECT_EQ(lanes.count(), count);
    for (const std::int64_t items : {0, 1, 2, 100}) {
      std::vector<std::atomic<int>> done(100);
      lanes.run(items, [&](int lane, std::int64_t item) {
        ASSERT_TRUE(lane >= 0 && lane < count);
        ++done[static_cast<std::size_t>(item)];
      });
      for (std::int64_t i = 0; i < 100; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i < items);
    }
    std::vector<std::atomic<int>> served(3);
    lanes.each([&](int lane, std::int64_t item) {
      EXPECT_EQ(lane, item);
      ++served[static_cast<std::size_t>(lane)];
    });
    for (int i = 0; i < 3; ++i) EXPECT_EQ(served[static_cast<std::size_t>(i)], i < count);
  }
}

TEST(Lanes, AnExceptionReachesTheCaller) {
  Lanes lanes(2);
  EXPECT_THROW(lanes.run(50,
                         [](int, std::int64_t item) {
                           if (item == 7) throw std::runtime_error("seven");
                         }),
               std::runtime_error);
  std::atomic<int> done = 0;
  lanes.run(10, [&](int, std::int64_t) { ++done; });
  EXPECT_EQ(done, 10);
}

TEST(MicroBatch, FitsTheBlockAndDoesNotPadMuch) {
  Network small = support::residual_network(3, 9), large;
  large.shapes = {{64, 512, 512}};
  EXPECT_EQ(micro_batch(large, 100), 1);
  for (const std::int64_t block : {1, 2, 3, 7, 10, 64, 97, 100, 1000}) {
    for (const Shape& shape : {Shape{16, 32, 32}, Shape{3, 9, 9}, Shape{64, 55, 55}}) {
      Network net;
      net.shapes = {shape};
      const std::int64_t m = micro_batch(net, block);
      EXPECT_GE(m, 1);
      EXPECT_LE(m, block);
      EXPECT_LE((block + m - 1) / m * m - block, std::max<std::int64_t>(1, block / 10)) << block << " by " << m;
    }
  }
}

TEST(MicroBatch, ImagesShareWeightsThatAreMany) {
  const auto with_weights = [](std::int64_t outputs) {
    Network net;
    net.shapes = {{1024, 32, 32}, {1024 * 1024}, {outputs}};
    net.nodes.push_back({"flat", Reshape{}, {0}, ""});
    net.nodes.push_back({"linear", Linear{{{outputs, 1024 * 1024}, {}}, {}}, {1}, ""});
    return micro_batch(net, 64);
  };
  EXPECT_EQ(with_weights(1), 1);  // 4 MB a value: one image at a time
  EXPECT_EQ(with_weights(3), 2);  // 3 weights an output, and a block of 64 in parts of 2 instead of 3
  EXPECT_EQ(with_weights(9), 8);
  EXPECT_EQ(with_weights(100), 8);
}

TEST(Fuse, AFunctionEndsALayerWhereItIsAskedFor) {
  const auto takes_swish = [](const Unary& op) { return op.kind == Unary::Kind::swish; };
  for (const auto kind : {Unary::Kind::swish, Unary::Kind::sigmoid}) {
    test::Graph g({3, 8, 8});
    const ValueId x = g.conv(kInputValue, 4, 3);
    g.add(Unary{kind, 1}, {x}, g.shape(x));
    EXPECT_EQ(fuse(g.network()).size(), 2U);
    EXPECT_EQ(fuse(g.network(), {true, takes_swish}).size(), 2U);
    const auto groups = fuse(g.network(), {false, takes_swish});
    EXPECT_EQ(groups.size(), kind == Unary::Kind::swish ? 1U : 2U);
    EXPECT_EQ(groups[0].function.has_value(), kind == Unary::Kind::swish);
  }
}

TEST(Fuse, ResidualBlockIsThreeSteps) {
  const auto groups = fuse(support::residual_network());
  ASSERT_EQ(groups.size(), 5U);  // conv + norm + relu, conv + norm + add + relu, pool, flatten, linear
  EXPECT_EQ(groups[0].batch_norm, 1);
  EXPECT_TRUE(groups[0].activation.present);
  EXPECT_EQ(groups[1].batch_norm, 4);
  EXPECT_EQ(groups[1].residual, 3);
  EXPECT_TRUE(groups[1].activation.present);
  EXPECT_EQ(groups[1].output, 7);
  EXPECT_EQ(groups[4].output, 10);
}

TEST(Fuse, EveryNodeIsInOneGroup) {
  test::Graph g({16, 9, 9});
  const ValueId padded = g.add(Pad{{0, 1, 1}, {0, 0, 0}, 0}, {kInputValue}, {16, 10, 10});
  const ValueId a = g.norm(g.conv(padded, 32, 3, 2)), b = g.norm(g.conv(kInputValue, 32, 1, 2));
  Slice crop{{0, 0, 0}, {1, 1, 1}};
  const ValueId c = g.add(crop, {b}, {32, 4, 4});
  g.relu(g.sum(a, c));
  const auto groups = fuse(g.network());
  std::size_t nodes = 0;
  for (const auto& group : groups) {
    nodes += group.copies.empty() ? 1 : group.copies.size();
    nodes += (group.batch_norm >= 0) + (group.residual >= 0);
    if (group.residual >= 0) {
      EXPECT_TRUE(group.activation.present);
      EXPECT_EQ(group.pad, (Padding2d{1, 1, 0, 0}));
      EXPECT_EQ(group.inputs, std::vector{kInputValue});
      nodes += 2;  // its Pad and its Relu
    }
  }
  EXPECT_EQ(nodes, g.network().nodes.size());
}

}  // namespace
}  // namespace vbq::cpu
