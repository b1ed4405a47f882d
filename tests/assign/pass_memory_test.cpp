// What a PassMemory keeps, and gives up.
#include "assign/pass_memory.hpp"

#include <gtest/gtest.h>

namespace vbq {
namespace {

using Kind = PassMemory::Kind;

PassMemory::Key key(Kind kind, std::uint64_t layers, int node) { return {kind, {layers, 7}, node}; }

PassMemory::Kept format_of_node(int node, double seconds) {
  LayerFormat format;
  format.node = node;
  return {std::make_shared<LayerFormat>(format), seconds};
}

PassMemory::Kept some_state(double seconds) { return {std::make_shared<LayerRunner::State>(), seconds}; }

TEST(PassMemory, KeepsNothingWithoutBytes) {
  PassMemory memory(0);
  memory.keep(key(Kind::layer, 1, 0), format_of_node(0, 1), 0);
  EXPECT_EQ(memory.find<LayerFormat>(key(Kind::layer, 1, 0)), nullptr);
  EXPECT_FALSE(memory.make_room(0, 1e9));
  EXPECT_EQ(memory.bytes(), 0);
}

TEST(PassMemory, GivesUpWhatSavesLeastForItsBytes) {
  PassMemory memory(30'000);
  memory.keep(key(Kind::layer, 1, 1), format_of_node(1, 5), 10'000);
  memory.keep(key(Kind::layer, 2, 2), format_of_node(2, 1), 10'000);
  memory.keep(key(Kind::layer, 3, 3), format_of_node(3, 3), 10'000);  // no room beside the second one
  EXPECT_LE(memory.bytes(), memory.most());
  EXPECT_NE(memory.find<LayerFormat>(key(Kind::layer, 1, 1)), nullptr);
  EXPECT_EQ(memory.find<LayerFormat>(key(Kind::layer, 2, 2)), nullptr);
  ASSERT_NE(memory.find<LayerFormat>(key(Kind::layer, 3, 3)), nullptr);
  EXPECT_EQ(memory.find<LayerFormat>(key(Kind::layer, 3, 3))->node, 3);
  EXPECT_FALSE(memory.make_room(30'000, 1e9));  // more than there is: nothing is given up for it
  EXPECT_TRUE(memory.holds(key(Kind::layer, 1, 1)));
}

// What nobody asks for goes in the end, however much it would save.
TEST(PassMemory, GivesUpWhatWasOfNoUseForLong) {
  PassMemory memory(30'000);
  memory.keep(key(Kind::layer, 0, 0), format_of_node(0, 3), 10'000);
  memory.keep(key(Kind::layer, 1, 1), format_of_node(1, 1), 10'000);
  for (int i = 2; i < 20; ++i) {
    memory.keep(key(Kind::layer, static_cast<std::uint64_t>(i), i), format_of_node(i, 1), 10'000);
    memory.find<LayerFormat>(key(Kind::layer, 1, 1));
  }
  EXPECT_FALSE(memory.holds(key(Kind::layer, 0, 0)));
}

TEST(PassMemory, FindsTheLastStateBehindTheSameLayers) {
  PassMemory memory(100'000);
  memory.keep(key(Kind::target, 4, 5), {std::make_shared<LayerTarget>(), 1}, 10);
  memory.keep(key(Kind::state, 4, 3), some_state(3), 10);
  memory.keep(key(Kind::state, 4, 8), some_state(8), 10);
  memory.keep(key(Kind::state, 5, 6), some_state(6), 10);
  const auto node_of = [&](std::uint64_t layers, int node) {
    const auto found = memory.last_state(key(Kind::state, layers, node));
    return found ? found->first : -1;
  };
  EXPECT_EQ(node_of(4, 2), -1);
  EXPECT_EQ(node_of(4, 3), 3);
  EXPECT_EQ(node_of(4, 7), 3);
  EXPECT_EQ(node_of(4, 9), 8);
  EXPECT_EQ(node_of(5, 9), 6);
  EXPECT_EQ(node_of(3, 9), -1);
  EXPECT_EQ(node_of(6, 9), -1);
  EXPECT_EQ(memory.last_state(key(Kind::state, 4, 9))->second.seconds, 8);
}

}  // namespace
}  // namespace vbq
