// Relu, Clip, Add, Sub, Mul, Div, Sum, Softmax, Dropout, Identity, Cast.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "model_builder.hpp"

namespace vbq::test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(Clip, LimitsAsAttributesAndAsInputs) {
  for (const int opset : {7, 10, 11, 13}) {
    ModelBuilder b(opset);
    b.scalar("low", 0.0F);
    b.scalar("high", 6.0F);
    if (opset < 11) {
      b.node("Clip", {"x"}).real("min", 0).real("max", 6);
    } else {
      b.node("Clip", {"x", "low", "high"});
    }
    const Network net = b.read();
    EXPECT_EQ(only<Clip>(net).minimum, 0.0F) << opset;
    EXPECT_EQ(only<Clip>(net).maximum, 6.0F) << opset;
  }
}

TEST(Clip, LimitsAreOptional) {
  ModelBuilder b(13);
  b.scalar("high", 6.0F);
  b.node("Clip", {"x", "", "high"});
  const Network net = b.read();
  EXPECT_EQ(only<Clip>(net).minimum, -kInfinity);
  EXPECT_EQ(only<Clip>(net).maximum, 6.0F);
}

TEST(Clip, RefusesLimitsThatCross) {
  for (const float high : {-1.0F, static_cast<float>(NAN)}) {
    ModelBuilder b(13);
    b.scalar("low", 0.0F);
    b.scalar("high", high);
    b.node("Clip", {"x", "low", "high"});
    EXPECT_NE(b.refusal().find("Clip node"), std::string::npos);
  }
}

TEST(Add, TwoActivations) {
  ModelBuilder b;
  b.node("Relu", {"x"}, "r");
  b.node("Add", {"r", "x"});
  const Network net = b.read();
  EXPECT_EQ(net.nodes[1].inputs, (std::vector<ValueId>{1, 0}));
  EXPECT_EQ(operators(net), (Names{"Relu", "Add"}));
}

TEST(Add, BroadcastsOverAnImage) {
  ModelBuilder b(13, {0, 3, 8, 8});
  b.node("GlobalAveragePool", {"x"}, "g");
  b.node("Mul", {"x", "g"});
  EXPECT_EQ(b.read().output_shape(), (Shape{3, 8, 8}));
}

TEST(Add, AConstantBecomesANodeOfTheImagesRank) {
  const std::vector<std::pair<Shape, Shape>> cases{{{}, {1, 1, 1}},           {{1}, {1, 1, 1}},
                                                   {{8}, {1, 1, 8}},          {{3, 8, 1}, {3, 8, 1}},
                                                   {{1, 3, 8, 1}, {3, 8, 1}}, {{1, 3, 8, 8}, {3, 8, 8}}};
  for (const auto& [shape, image] : cases) {
    for (const bool first : {false, true}) {
      ModelBuilder b;
      b.normal("c", shape);
      b.node("Mul", first ? Names{"c", "x"} : Names{"x", "c"});
      const Network net = b.read();
      EXPECT_EQ(operators(net), (Names{"Constant", "Mul"}));
      EXPECT_EQ(only<Constant>(net).value.shape, image);
      EXPECT_EQ(only<Constant>(net).value.data, support::normals(static_cast<std::size_t>(elements(shape)), 1));
      EXPECT_EQ(net.nodes[1].inputs, first ? (std::vector<ValueId>{1, 0}) : (std::vector<ValueId>{0, 1}));
      EXPECT_EQ(net.output_shape(), (Shape{3, 8, 8}));
      EXPECT_EQ(net.nodes[1].name, "Mul_y");
    }
  }
}

TEST(Add, RefusesWhatMovesOrMixesImages) {
  const auto refusal = [](const Shape& constant, std::int64_t batch) {
    ModelBuilder b(13, {batch, 3, 8, 8});
    b.normal("c", constant);
    b.node("Add", {"x", "c"});
    return b.refusal();
  };
  EXPECT_EQ(refusal({1, 3, 8, 8}, 4), "");
  for (const auto& text : {refusal({4, 3, 8, 8}, 4), refusal({1, 1, 3, 8, 8}, 0), refusal({2, 3, 8, 8}, 0),
                           refusal({5}, 0), refusal({0}, 0), refusal({0, 3, 8, 8}, 0)}) {
    EXPECT_NE(text.find("Add node"), std::string::npos) << text;
  }
  ModelBuilder b(13, {0, 3, 8, 8});
  b.node("Flatten", {"x"}, "f");
  b.node("Add", {"x", "f"});
  EXPECT_NE(b.refusal().find("number of axes"), std::string::npos) << b.refusal();
}

TEST(Sub, IsAdditionOfTheNegative) {
  ModelBuilder b;
  b.scalar("c", 2.5F);
  b.node("Sub", {"x", "c"});
  const Network net = b.read();
  EXPECT_EQ(operators(net), (Names{"Constant", "Constant", "Mul", "Add"}));
  EXPECT_EQ(only<Constant>(net, 0).value.data, std::vector<float>{2.5F});
  EXPECT_EQ(only<Constant>(net, 1).value.data, std::vector<float>{-1.0F});
  EXPECT_EQ(net.nodes[2].inputs, (std::vector<ValueId>{1, 2}));
  EXPECT_EQ(net.nodes[3].inputs, (std::vector<ValueId>{0, 3}));
}

TEST(Div, IsMultiplicationByTheReciprocal) {
  ModelBuilder b;
  b.tensor("c", {3, 1, 1}, {2, 4, 8});
  b.node("Div", {"x", "c"});
  const Network net = b.read();
  EXPECT_EQ(operators(net), Names{"BatchNormalization"});  // which a Mul by a number a channel is
  EXPECT_EQ(only<BatchNorm>(net).scale, (std::vector<float>{0.5F, 0.25F, 0.125F}));

  for (const float bad : {0.0F, 1e-45F}) {
    ModelBuilder z;
    z.scalar("c", bad);
    z.node("Div", {"x", "c"});
    EXPECT_NE(z.refusal().find("divides by"), std::string::npos);
  }
}

TEST(Sum, IsAChainOfAdds) {
  ModelBuilder b;
  b.node("Relu", {"x"}, "r");
  b.node("Sum", {"x", "r", "x"});
  const Network net = b.read();
  EXPECT_EQ(operators(net), (Names{"Relu", "Add", "Add"}));
  EXPECT_EQ(net.nodes[2].inputs, (std::vector<ValueId>{2, 0}));
  EXPECT_EQ(net.nodes[2].name, "Sum_y");
}

TEST(Softmax, AxisFromOpset13) {
  ModelBuilder b(13, {0, 3, 8, 5});
  b.node("Softmax", {"x"});
  EXPECT_EQ(only<Softmax>(b.read()).axis, 2);
  ModelBuilder c(13, {0, 3, 8, 5});
  c.node("Softmax", {"x"}).integer("axis", 1);
  EXPECT_EQ(only<Softmax>(c.read()).axis, 0);
}

TEST(Softmax, FlattensBeforeOpset13) {
  ModelBuilder b(11, {0, 3, 8, 5});
  b.node("Softmax", {"x"});
  const Network net = b.read();
  EXPECT_EQ(operators(net), (Names{"Reshape", "Softmax", "Reshape"}));
  EXPECT_EQ(net.shapes[2], (Shape{120}));
  EXPECT_EQ(net.output_shape(), (Shape{3, 8, 5}));

  ModelBuilder vector(11, {0, 10});
  vector.node("Softmax", {"x"});
  EXPECT_EQ(operators(vector.read()), Names{"Softmax"});

  ModelBuilder pixel(11, {0, 10, 1, 1});
  pixel.node("Softmax", {"x"});
  EXPECT_EQ(only<Softmax>(pixel.read()).axis, 0);
}

TEST(Softmax, ItsLogarithm) {
  ModelBuilder b(13, {0, 10});
  b.node("LogSoftmax", {"x"});
  ModelBuilder shares(13, {0, 10});
  shares.node("Softmax", {"x"});
  const Network net = b.read();
  EXPECT_EQ(operators(net), Names{"LogSoftmax"});
  EXPECT_EQ(only<Softmax>(net).form, Softmax::Form::logarithm);
  EXPECT_NE(network_hash(net), network_hash(shares.read()));
  ModelBuilder old(11, {0, 3, 8, 5});
  old.node("LogSoftmax", {"x"});
  EXPECT_EQ(operators(old.read()), (Names{"Reshape", "LogSoftmax", "Reshape"}));
}

TEST(Softmax, RefusesTheBatch) {
  ModelBuilder b(13, {0, 3, 8, 5});
  b.node("Softmax", {"x"}).integer("axis", 0);
  EXPECT_NE(b.refusal().find("across the images"), std::string::npos) << b.refusal();
}

TEST(Dropout, IsNothingAtInference) {
  for (const int opset : {7, 10, 12, 13}) {
    ModelBuilder b(opset);
    b.node("Dropout", {"x"}, "d").proto->add_output("mask");
    b.node("Relu", {"d"});
    EXPECT_EQ(operators(b.read()), Names{"Relu"});
  }
  ModelBuilder b(13);
  b.scalar("ratio", 0.5F);
  b.scalar("training", std::int64_t{1});
  b.node("Dropout", {"x", "ratio", "training"});
  EXPECT_NE(b.refusal().find("training mode"), std::string::npos) << b.refusal();
}

TEST(Dropout, OfAConstantIsRefusedInTrainingToo) {
  ModelBuilder b(13, {0, 3});
  b.normal("w", {3, 2});
  b.scalar("ratio", 0.5F);
  b.scalar("training", std::int64_t{1});
  b.node("Dropout", {"w", "ratio", "training"}, "dropped");
  b.node("MatMul", {"x", "dropped"});
  EXPECT_NE(b.refusal().find("Dropout node \"Dropout_dropped\""), std::string::npos) << b.refusal();
}

TEST(Cast, BetweenRealNumbersIsNothing) {
  ModelBuilder b;
  b.node("Cast", {"x"}, "c").integer("to", onnx::TensorProto::DOUBLE);
  b.node("Relu", {"c"});
  EXPECT_EQ(operators(b.read()), Names{"Relu"});
  ModelBuilder i;
  i.node("Cast", {"x"}).integer("to", onnx::TensorProto::INT64);
  EXPECT_NE(i.refusal().find("Cast node"), std::string::npos);
}

}  // namespace
}  // namespace vbq::test
