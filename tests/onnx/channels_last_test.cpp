// Files whose images have their channels last become networks over [C, H, W], their Transposes gone where they may.
#include "model/channels_last.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "model_builder.hpp"

namespace vbq::test {
namespace {

const Ints kFirst{0, 3, 1, 2}, kLast{0, 2, 3, 1};

// x [N, 8, 6, 3] -> Transpose -> Conv, as tf2onnx writes it.
ModelBuilder tensorflow_export() {
  ModelBuilder b(13, {0, 8, 6, 3});
  b.normal("w", {4, 3, 3, 3});
  b.node("Transpose", {"x"}, "t").integers("perm", kFirst);
  b.node("Conv", {"t", "w"}, "y");
  return b;
}

TEST(ChannelsLast, TheTransposeAtTheDoorIsGone) {
  const Network net = tensorflow_export().read();
  EXPECT_EQ(net.file_layout, Layout::nhwc);
  EXPECT_EQ(net.input_shape(), (Shape{3, 8, 6}));
  EXPECT_EQ(operators(net), Names{"Conv"});
  // The same network as the one that was written with channels first, so formats and caches know it.
  ModelBuilder first(13, {0, 3, 8, 6});
  first.normal("w", {4, 3, 3, 3});
  first.node("Conv", {"x", "w"}, "y");
  const Network other = first.read();
  EXPECT_EQ(other.file_layout, Layout::nchw);
  EXPECT_EQ(network_hash(net), network_hash(other));
}

TEST(ChannelsLast, ConstantsAndFunctionsOnTheWay) {
  ModelBuilder b(13, {0, 8, 6, 3});
  b.normal("w", {4, 3, 3, 3});
  b.tensor("mean", {3}, {1, 2, 3});
  b.tensor("scale", {1, 1, 1, 3}, {4, 5, 6});
  b.tensor("inner", {4}, {1, 2, 3, 4});
  b.scalar("half", 0.5F);
  b.node("Mul", {"x", "half"}, "s");
  b.node("Sub", {"s", "mean"}, "a");
  b.node("Mul", {"scale", "a"}, "m");
  b.list("pads", {0, 1, 2, 0, 0, 1, 0, 0});
  b.node("Pad", {"m", "pads"}, "p");
  b.node("Transpose", {"p"}, "t").integers("perm", kFirst);
  b.node("Conv", {"t", "w"}, "c");
  b.node("Transpose", {"c"}, "l").integers("perm", kLast);
  b.node("Relu", {"l"}, "r");
  b.node("Mul", {"r", "inner"}, "i");
  b.node("Transpose", {"i"}, "f").integers("perm", kFirst);
  b.node("Relu", {"f"}, "y");
  const Network net = b.read();
  EXPECT_EQ(net.file_layout, Layout::nhwc);
  EXPECT_EQ(net.input_shape(), (Shape{3, 8, 6}));
  for (const Node& node : net.nodes) EXPECT_FALSE(std::holds_alternative<Transpose>(node.op)) << node.name;
  const auto pad = std::ranges::find_if(net.nodes, [](const Node& n) { return std::holds_alternative<Pad>(n.op); });
  ASSERT_NE(pad, net.nodes.end());
  EXPECT_EQ(std::get<Pad>(pad->op).before, (Ints{0, 1, 2}));
  EXPECT_EQ(std::get<Pad>(pad->op).after, (Ints{0, 1, 0}));
  EXPECT_EQ(net.output_shape(), (Shape{4, 8, 6}));
  // Numbers a channel are the batch norms that they would be with channels first.
  std::vector<const BatchNorm*> norms;
  for (const Node& node : net.nodes) {
    if (const auto* norm = std::get_if<BatchNorm>(&node.op)) norms.push_back(norm);
  }
  ASSERT_EQ(norms.size(), 3U);
  EXPECT_EQ(norms[0]->shift, (std::vector<float>{-1, -2, -3}));
  EXPECT_EQ(norms[1]->scale, (std::vector<float>{4, 5, 6}));
  EXPECT_EQ(norms[2]->scale, (std::vector<float>{1, 2, 3, 4}));
}

// PRelu's slopes stay its second value wherever they stand in the file, and a Pad stays a reflection.
TEST(ChannelsLast, PReluAndReflectionOnTheWay) {
  ModelBuilder b(13, {0, 8, 6, 3});
  b.normal("w", {4, 3, 3, 3});
  b.tensor("slope", {3}, {-1, 2, 3});
  b.tensor("inner", {4}, {1, 2, 3, -4});
  b.list("pads", {0, 1, 2, 0, 0, 1, 0, 0});
  b.node("PRelu", {"x", "slope"}, "m");
  b.node("Pad", {"m", "pads"}, "p").text("mode", "reflect");
  b.node("Transpose", {"p"}, "t").integers("perm", kFirst);
  b.node("Conv", {"t", "w"}, "c");
  b.node("Transpose", {"c"}, "l").integers("perm", kLast);
  b.node("PRelu", {"l", "inner"}, "i");
  b.node("Transpose", {"i"}, "f").integers("perm", kFirst);
  b.node("Relu", {"f"}, "y");
  const Network net = b.read();
  int slopes = 0;
  for (const Node& node : net.nodes) {
    EXPECT_FALSE(std::holds_alternative<Transpose>(node.op)) << node.name;
    if (const auto* pad = std::get_if<Pad>(&node.op)) {
      EXPECT_EQ(pad->mode, Pad::Mode::reflect);
      EXPECT_EQ(pad->before, (Ints{0, 1, 2}));
    }
    if (!std::holds_alternative<Binary>(node.op)) continue;
    ++slopes;
    ASSERT_GT(node.inputs[1], 0);
    const Node& second = net.nodes[static_cast<std::size_t>(node.inputs[1]) - 1];
    EXPECT_TRUE(std::holds_alternative<Constant>(second.op)) << node.name;
  }
  EXPECT_EQ(slopes, 2);
}

TEST(ChannelsLast, AReshapeOfOneChannelIsATranspose) {
  ModelBuilder b(13, {0, 8, 6, 1});
  b.normal("w", {4, 1, 3, 3});
  b.list("shape", {-1, 1, 8, 6});
  b.node("Reshape", {"x", "shape"}, "t");
  b.node("Conv", {"t", "w"}, "y");
  const Network net = b.read();
  EXPECT_EQ(net.file_layout, Layout::nhwc);
  EXPECT_EQ(net.input_shape(), (Shape{1, 8, 6}));
  EXPECT_EQ(operators(net), Names{"Conv"});
}

// Where the graph says nothing, the shape does; the Transpose stays, because the order of the elements counts.
TEST(ChannelsLast, AFlattenedImageKeepsItsOrder) {
  ModelBuilder b(13, {0, 8, 6, 3});
  b.normal("w", {144, 5});
  b.node("Flatten", {"x"}, "f");
  b.node("MatMul", {"f", "w"}, "y");
  const Network net = b.read();
  EXPECT_EQ(net.file_layout, Layout::nhwc);
  EXPECT_EQ(net.input_shape(), (Shape{3, 8, 6}));
  EXPECT_EQ(operators(net), (Names{"Transpose", "Reshape", "Gemm"}));
  EXPECT_EQ(only<Transpose>(net).permutation, (std::vector<int>{1, 2, 0}));
}

TEST(ChannelsLast, ChannelsFirstStayAsTheyAre) {
  ModelBuilder conv(13, {0, 8, 6, 3});  // eight channels of 6x3
  conv.normal("w", {4, 8, 1, 1});
  conv.node("Conv", {"x", "w"}, "y");
  EXPECT_EQ(conv.read().input_shape(), (Shape{8, 6, 3}));
  EXPECT_EQ(conv.read().file_layout, Layout::nchw);

  ModelBuilder both(13, {0, 8, 8, 8});  // a convolution knows where the channels are, whatever else reads the image
  both.normal("w", {8, 8, 1, 1});
  both.node("Conv", {"x", "w"}, "c");
  both.node("Transpose", {"x"}, "t").integers("perm", kFirst);
  both.node("Add", {"c", "t"}, "y");
  EXPECT_EQ(operators(both.read()), (Names{"Conv", "Transpose", "Add"}));
  EXPECT_EQ(both.read().file_layout, Layout::nchw);

  ModelBuilder flat(13, {0, 3, 8, 6});
  flat.normal("w", {144, 5});
  flat.node("Flatten", {"x"}, "f");
  flat.node("MatMul", {"f", "w"}, "y");
  EXPECT_EQ(flat.read().file_layout, Layout::nchw);
  EXPECT_EQ(operators(flat.read()), (Names{"Reshape", "Gemm"}));
}

// Two branches from the image, each with a Transpose of its own.
TEST(ChannelsLast, EveryBranchIsFreed) {
  ModelBuilder b(13, {0, 8, 6, 3});
  b.normal("w", {4, 3, 1, 1});
  b.normal("v", {4, 3, 1, 1}, 2);
  b.node("Transpose", {"x"}, "t").integers("perm", kFirst);
  b.node("Conv", {"t", "w"}, "a");
  b.node("Transpose", {"x"}, "u").integers("perm", kFirst);
  b.node("Conv", {"u", "v"}, "c");
  b.node("Add", {"a", "c"}, "y");
  EXPECT_EQ(operators(b.read()), (Names{"Conv", "Conv", "Add"}));
}

}  // namespace
}  // namespace vbq::test
