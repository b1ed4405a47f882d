// Sigmoid and its kin, LayerNormalization, LRN, Split, Gather, division; and all unknown operators named at once.
#include <gtest/gtest.h>

#include "model_builder.hpp"

namespace vbq::test {
namespace {

using Kind = Unary::Kind;

TEST(Functions, OneElement) {
  for (const UnaryRow& row : kUnary) {
    if (row.kind == Kind::power) continue;  // takes its exponent from a second input
    ModelBuilder b(22);
    b.node(row.name, {"x"});
    const Network net = b.read();
    EXPECT_EQ(only<Unary>(net).kind, row.kind) << row.name;
    EXPECT_EQ(only<Unary>(net).alpha, row.alpha.otherwise) << row.name;
    EXPECT_STREQ(operator_name(net.nodes[0].op), row.name);
    if (row.alpha.attribute == nullptr) continue;
    ModelBuilder set(22);
    set.node(row.name, {"x"}).real(row.alpha.attribute, 0.75F);
    EXPECT_EQ(only<Unary>(set.read()).alpha, 0.75F) << row.name;
  }
  ModelBuilder b;
  b.node("HardSigmoid", {"x"}).real("alpha", 0.5F);
  EXPECT_EQ(only<Unary>(b.read()).alpha, 0.5F);
  EXPECT_EQ(only<Unary>(b.read()).beta, 0.5F);
  ModelBuilder gelu(20);
  gelu.node("Gelu", {"x"}).text("approximate", "tanh");
  EXPECT_EQ(only<Unary>(gelu.read()).alpha, 1.0F);
}

TEST(Functions, HashTellsThemApart) {
  ModelBuilder a, b;
  a.node("Sigmoid", {"x"});
  b.node("Tanh", {"x"});
  EXPECT_NE(network_hash(a.read()), network_hash(b.read()));
}

TEST(Functions, Powers) {
  ModelBuilder b;
  b.scalar("two", 2.0F);
  b.scalar("c", 1.5F);
  b.node("Pow", {"x", "two"}, "s");
  b.node("Pow", {"s", "c"});
  const Network net = b.read();
  EXPECT_EQ(operators(net), (Names{"Mul", "Pow"}));
  EXPECT_EQ(net.nodes[0].inputs, (std::vector<ValueId>{0, 0}));
  EXPECT_EQ(only<Unary>(net, 1).alpha, 1.5F);
  ModelBuilder computed;
  computed.node("Pow", {"x", "x"});
  EXPECT_NE(computed.refusal().find("computed exponent"), std::string::npos);
}

TEST(Functions, PReluHasASlopeAChannelOrOne) {
  ModelBuilder b;
  b.tensor("slope", {3, 1, 1}, {0.5F, 0, -1});
  b.node("PRelu", {"x", "slope"});
  const Network net = b.read();
  EXPECT_EQ(operators(net), (Names{"Constant", "PRelu"}));
  EXPECT_EQ(net.nodes[1].inputs, (std::vector<ValueId>{0, 1}));
  ModelBuilder one;
  one.tensor("slope", {1}, {0.25F});
  one.node("PRelu", {"x", "slope"});
  EXPECT_EQ(only<Unary>(one.read()).kind, Kind::leaky_relu);
  EXPECT_EQ(only<Unary>(one.read()).alpha, 0.25F);
  ModelBuilder wide(13, {0, 3, 1, 8});
  wide.normal("slope", {3, 4, 8});
  wide.node("PRelu", {"x", "slope"});
  EXPECT_NE(wide.refusal().find("slopes of shape"), std::string::npos) << wide.refusal();
  ModelBuilder constant;
  constant.normal("c", {3, 8, 8});
  constant.node("PRelu", {"c", "x"});
  EXPECT_NE(constant.refusal().find("is a constant"), std::string::npos) << constant.refusal();
}

TEST(Functions, MinAndMaxOfAnyNumber) {
  ModelBuilder b;
  b.normal("c", {3, 1, 1});
  b.node("Relu", {"x"}, "r");
  b.node("Max", {"x", "c", "r"});
  EXPECT_EQ(operators(b.read()), (Names{"Relu", "Constant", "Max", "Max"}));
  ModelBuilder clip;  // what one number bounds is clipped
  clip.scalar("low", -1.0F);
  clip.tensor("high", {1}, {6.0F});
  clip.node("Max", {"low", "x"}, "m");
  clip.node("Min", {"m", "high"});
  const Network net = clip.read();
  EXPECT_EQ(operators(net), (Names{"Clip", "Clip"}));
  EXPECT_EQ(only<Clip>(net).minimum, -1);
  EXPECT_EQ(only<Clip>(net, 1).maximum, 6);
  ModelBuilder all(13, {0, 3, 8, 8});
  all.scalar("a", 2.0F);
  all.scalar("b", 1.0F);
  all.node("Relu", {"x"}, "r");
  all.node("Min", {"a", "x", "b", "r"});
  EXPECT_EQ(operators(all.read()), (Names{"Relu", "Min", "Clip"}));
  EXPECT_EQ(only<Clip>(all.read(), 2).maximum, 1);
}

TEST(Functions, DivisionByAComputedValue) {
  ModelBuilder b;
  b.node("Sigmoid", {"x"}, "s");
  b.node("Div", {"x", "s"});
  EXPECT_EQ(operators(b.read()), (Names{"Sigmoid", "Reciprocal", "Mul"}));
}

TEST(Functions, LayerNormalizationInPieces) {
  ModelBuilder b(17, {0, 4, 6});
  b.normal("scale", {6});
  b.normal("bias", {6}, 2);
  b.node("LayerNormalization", {"x", "scale", "bias"});
  const Network net = b.read();
  EXPECT_EQ(net.output_shape(), (Shape{4, 6}));
  EXPECT_EQ(only<Reduce>(net).axes, (std::vector<int>{1}));
  ModelBuilder both(17, {0, 4, 6});
  both.normal("scale", {4, 6});
  both.node("LayerNormalization", {"x", "scale"}).integer("axis", 1);
  EXPECT_EQ(only<Reduce>(both.read()).axes, (std::vector<int>{0, 1}));
  ModelBuilder images(17, {0, 4, 6});
  images.scalar("scale", 1.0F);
  images.node("LayerNormalization", {"x", "scale"}).integer("axis", 0);
  EXPECT_NE(images.refusal().find("across the images"), std::string::npos);
}

TEST(Functions, LrnIsAPoolAlongTheChannels) {
  ModelBuilder b(13, {0, 8, 2, 3});
  b.node("LRN", {"x"}).integer("size", 4);
  const Network net = b.read();
  const auto pool = std::find_if(net.nodes.begin(), net.nodes.end(),
                                 [](const Node& n) { return std::holds_alternative<AveragePool>(n.op); });
  ASSERT_NE(pool, net.nodes.end());
  const auto& op = std::get<AveragePool>(pool->op);
  EXPECT_EQ(op.kernel[0], 4);
  EXPECT_EQ(op.pad, (Padding2d{1, 0, 2, 0}));
  EXPECT_TRUE(op.count_include_pad);
  EXPECT_EQ(net.output_shape(), (Shape{8, 2, 3}));
}

TEST(Functions, SplitIsSlices) {
  for (const int opset : {11, 13, 18}) {
    ModelBuilder b(opset, {0, 7, 2, 2});
    b.list("sizes", {3, 4});
    auto node = b.node("Split", opset < 13 ? Names{"x"} : Names{"x", "sizes"}, "a").integer("axis", 1);
    if (opset < 13) node.integers("split", {3, 4});
    node.proto->add_output("b");
    b.node("Concat", {"b", "a"}).integer("axis", 1);
    const Network net = b.read();
    EXPECT_EQ(operators(net), (Names{"Slice", "Slice", "Concat"}));
    EXPECT_EQ(only<Slice>(net, 1).start, (Ints{3, 0, 0}));
    EXPECT_EQ(net.shapes[2], (Shape{4, 2, 2}));
  }
  ModelBuilder last(18, {0, 7, 2, 2});  // 4 and 3
  auto node = last.node("Split", {"x"}, "a").integer("axis", 1).integer("num_outputs", 2);
  node.proto->add_output("y2");
  last.graph().mutable_output(0)->set_name("y2");
  EXPECT_EQ(last.read().output_shape(), (Shape{3, 2, 2}));
  ModelBuilder wrong(13, {0, 7, 2, 2});
  wrong.list("sizes", {3, 3});
  wrong.node("Split", {"x", "sizes"}).integer("axis", 1).proto->add_output("b");
  EXPECT_NE(wrong.refusal().find("cuts 7 into [3, 3] for 2 outputs"), std::string::npos);
}

TEST(Functions, GatherIsASlice) {
  ModelBuilder b(13, {0, 5, 2});
  b.scalar("one", std::int64_t{-4});
  b.node("Gather", {"x", "one"}).integer("axis", 1);
  const Network net = b.read();
  EXPECT_EQ(operators(net), (Names{"Slice", "Reshape"}));
  EXPECT_EQ(only<Slice>(net).start, (Ints{1, 0}));
  EXPECT_EQ(net.output_shape(), (Shape{2}));
  ModelBuilder back(13, {0, 5, 2});
  back.list("indices", {4, 2, 0});
  back.node("Gather", {"x", "indices"}).integer("axis", 1);
  EXPECT_EQ(only<Slice>(back.read()).step, (Ints{-2, 1}));
  EXPECT_EQ(back.read().output_shape(), (Shape{3, 2}));
  ModelBuilder uneven(13, {0, 5, 2});
  uneven.list("indices", {0, 1, 3, 3, 2});
  uneven.node("Gather", {"x", "indices"}).integer("axis", 1);
  const Network runs = uneven.read();
  EXPECT_EQ(operators(runs), (Names{"Slice", "Slice", "Slice", "Concat"}));
  EXPECT_EQ(only<Slice>(runs, 0).start, (Ints{0, 0}));
  EXPECT_EQ(only<Slice>(runs, 1).start, (Ints{3, 0}));
  EXPECT_EQ(only<Slice>(runs, 2).step, (Ints{-1, 1}));
  EXPECT_EQ(runs.output_shape(), (Shape{5, 2}));
  ModelBuilder table(13, {0, 5, 2});
  auto& indices = table.list("indices", {0, 1, 3, -1});
  indices.clear_dims();
  indices.add_dims(2);
  indices.add_dims(2);
  table.node("Gather", {"x", "indices"}).integer("axis", 1);
  EXPECT_EQ(operators(table.read()), (Names{"Slice", "Slice", "Concat", "Reshape"}));
  EXPECT_EQ(table.read().output_shape(), (Shape{2, 2, 2}));
}

TEST(Functions, GatherRefusesWhatIsNotThere) {
  const auto refusal = [](const Ints& indices) {
    ModelBuilder b(13, {0, 5, 2});
    b.list("indices", indices);
    b.node("Gather", {"x", "indices"}).integer("axis", 1);
    return b.refusal();
  };
  EXPECT_NE(refusal({0, 5}).find("reads index 5 of an axis of 5"), std::string::npos);
  EXPECT_NE(refusal({-6}).find("reads index -6 of an axis of 5"), std::string::npos);
  EXPECT_NE(refusal({}).find("no indices"), std::string::npos);
  EXPECT_NE(refusal(Ints(300, 2)).find("at most 256 evenly spaced runs"), std::string::npos);
}

TEST(Functions, UnknownOperatorsAreNamedAllAtOnce) {
  ModelBuilder b;
  b.node("Sinh", {"x"}, "a");
  b.node("GRU", {"a"}, "g");
  b.node("Relu", {"g"}, "r");
  b.node("Sinh", {"r"});
  const std::string said = b.refusal();
  EXPECT_NE(said.find("not supported: GRU (1 node, \"GRU_g\" first), Sinh (2 nodes, \"Sinh_a\" first)"),
            std::string::npos)
      << said;
}

}  // namespace
}  // namespace vbq::test
