// Conv, Gemm, MatMul.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "model_builder.hpp"

namespace vbq::test {
namespace {

TEST(Conv, ReadsEveryAttribute) {
  ModelBuilder b(13, {0, 4, 11, 9});
  b.normal("w", {6, 2, 3, 2});
  b.normal("bias", {6}, 2);
  b.node("Conv", {"x", "w", "bias"})
      .integers("kernel_shape", {3, 2})
      .integers("strides", {2, 1})
      .integers("dilations", {2, 3})
      .integers("pads", {1, 0, 2, 3})
      .integer("group", 2);
  const Network net = b.read();
  const auto& op = only<Conv>(net);
  EXPECT_EQ(op.weight.shape, (Shape{6, 2, 3, 2}));
  EXPECT_EQ(op.weight.data, support::normals(72, 1));
  EXPECT_EQ(op.bias, support::normals(6, 2));
  EXPECT_EQ(op.stride, (std::array<std::int64_t, 2>{2, 1}));
  EXPECT_EQ(op.dilation, (std::array<std::int64_t, 2>{2, 3}));
  EXPECT_EQ(op.pad, (Padding2d{1, 0, 2, 3}));
  EXPECT_EQ(op.group, 2);
  EXPECT_EQ(net.input_shape(), (Shape{4, 11, 9}));
  EXPECT_EQ(net.output_shape(), (Shape{6, (11 + 3 - 5) / 2 + 1, 9 + 3 - 4 + 1}));
  EXPECT_EQ(net.nodes[0].name, "Conv_y");
  EXPECT_EQ(net.nodes[0].weight_name, "w");
  EXPECT_EQ(net.input_name, "x");
  EXPECT_EQ(net.output_name, "y");
}

struct AutoPadCase {
  const char* mode;
  Padding2d pad;
  Shape output;
};

TEST(Conv, AutoPad) {
  // extent 7 and 8, kernel 4, stride 2: 4 positions each; total padding 3 and 2.
  for (const AutoPadCase& c :
       {AutoPadCase{"SAME_UPPER", {1, 1, 2, 1}, {2, 4, 4}}, AutoPadCase{"SAME_LOWER", {2, 1, 1, 1}, {2, 4, 4}},
        AutoPadCase{"VALID", {0, 0, 0, 0}, {2, 2, 3}}}) {
    ModelBuilder b(11, {0, 1, 7, 8});
    b.normal("w", {2, 1, 4, 4});
    b.node("Conv", {"x", "w"}).text("auto_pad", c.mode).integers("strides", {2, 2});
    const Network net = b.read();
    EXPECT_EQ(only<Conv>(net).pad, c.pad) << c.mode;
    EXPECT_EQ(net.output_shape(), c.output) << c.mode;
  }
}

// A Conv over [0, 4, 8, 8] with one attribute wrong.
std::string conv_refusal(const std::function<void(NodeMaker&)>& change, const Shape& weight = {4, 4, 3, 3}) {
  ModelBuilder b(13, {0, 4, 8, 8});
  b.normal("w", weight);
  NodeMaker node = b.node("Conv", {"x", "w"});
  change(node);
  return b.refusal();
}

TEST(Conv, RefusesAbsurdAttributes) {
  const std::string name = "Conv node \"Conv_y\" (opset 13)";
  const std::vector<std::string> refusals{
      conv_refusal([](NodeMaker& n) {
        n.integers("strides", {0, 1});
      }),
      conv_refusal([](NodeMaker& n) { n.integers("strides", {1}); }),
      conv_refusal([](NodeMaker& n) {
        n.integers("strides", {1, INT64_MAX});
      }),
      conv_refusal([](NodeMaker& n) {
        n.integers("dilations", {INT64_MAX / 2, 1});
      }),
      conv_refusal([](NodeMaker& n) {
        n.integers("dilations", {2147483647, 1});
      }),
      conv_refusal([](NodeMaker& n) {
        n.integers("dilations", {4, 1});
      }),
      conv_refusal([](NodeMaker& n) {
        n.integers("pads", {-1, 0, 0, 0});
      }),
      conv_refusal([](NodeMaker& n) {
        n.integers("pads", {INT64_MAX, 0, INT64_MAX, 0});
      }),
      conv_refusal([](NodeMaker& n) {
        n.integers("pads", {2147483647, 2147483647, 2147483647, 2147483647});
      }),
      conv_refusal([](NodeMaker& n) {
        n.integers("kernel_shape", {3, 2});
      }),
      conv_refusal([](NodeMaker& n) { n.integer("group", 0); }),
      conv_refusal([](NodeMaker& n) { n.integer("group", 3); }),
      conv_refusal([](NodeMaker& n) { n.integer("group", 2); }),
      conv_refusal([](NodeMaker& n) { n.integer("group", INT64_MIN); }),
      conv_refusal([](NodeMaker& n) { n.integer("strides", 1); }),
      conv_refusal([](NodeMaker& n) { n.text("auto_pad", "SAME"); }),
      conv_refusal([](NodeMaker&) {}, {4, 4, 9, 9}),
      conv_refusal([](NodeMaker&) {}, {4, 4, 3}),
      conv_refusal([](NodeMaker&) {}, {4, 4, 0, 3}),
      conv_refusal([](NodeMaker&) {}, {0, 4, 3, 3}),
      conv_refusal([](NodeMaker& n) { n.proto->add_input("x"); }),
  };
  for (std::size_t k = 0; k < refusals.size(); ++k) {
    EXPECT_NE(refusals[k].find(name), std::string::npos) << k << ": " << refusals[k];
  }
}

TEST(Conv, RefusesWeightsThatAreNotFinite) {
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    ModelBuilder b(13, {0, 1, 4, 4});
    b.tensor("kernel", {1, 1, 1, 2}, {1, bad});
    b.node("Conv", {"x", "kernel"}).name("stem");
    EXPECT_NE(b.refusal().find("Conv node \"stem\""), std::string::npos) << b.refusal();
    EXPECT_NE(b.refusal().find("finite"), std::string::npos) << b.refusal();
  }
}

TEST(Conv, RefusesAComputedWeight) {
  ModelBuilder b(13, {0, 1, 4, 4});
  b.node("Conv", {"x", "x"});
  EXPECT_NE(b.refusal().find("computed from the image"), std::string::npos) << b.refusal();
}

TEST(Gemm, TransposesAndScales) {
  for (const bool transposed : {false, true}) {
    ModelBuilder b(13, {0, 3});
    const std::vector<float> by_output{1, 2, 3, 4, 5, 6}, by_input{1, 4, 2, 5, 3, 6};
    transposed ? b.tensor("w", {2, 3}, by_output) : b.tensor("w", {3, 2}, by_input);
    b.tensor("c", {2}, {10, 20});
    b.node("Gemm", {"x", "w", "c"}).integer("transB", transposed).real("alpha", 2).real("beta", 0.5F);
    const Network net = b.read();
    const auto& op = only<Linear>(net);
    EXPECT_EQ(op.weight.shape, (Shape{2, 3}));
    EXPECT_EQ(op.weight.data, (std::vector<float>{2, 4, 6, 8, 10, 12}));
    EXPECT_EQ(op.bias, (std::vector<float>{5, 10}));
    EXPECT_EQ(net.output_shape(), (Shape{2}));
    EXPECT_EQ(net.nodes[0].weight_name, "w");
  }
}

TEST(Gemm, BiasBroadcasts) {
  const std::vector<std::pair<Shape, std::vector<float>>> biases{
      {{}, {7}}, {{1}, {7}}, {{1, 1}, {7}}, {{2}, {7, 7}}, {{1, 2}, {7, 7}}};
  for (const auto& [shape, values] : biases) {
    ModelBuilder b(11, {0, 3});
    b.normal("w", {2, 3});
    b.tensor("c", shape, values);
    b.node("Gemm", {"x", "w", "c"}).integer("transB", 1);
    EXPECT_EQ(only<Linear>(b.read()).bias, (std::vector<float>{7, 7}));
  }
  ModelBuilder b(11, {0, 3});
  b.normal("w", {2, 3});
  b.node("Gemm", {"x", "w"}).integer("transB", 1);
  EXPECT_TRUE(only<Linear>(b.read()).bias.empty());
}

TEST(Gemm, AddsAComputedValue) {
  ModelBuilder b(13, {0, 3});
  b.normal("w", {3, 3});
  b.node("Gemm", {"x", "w", "x"});
  const Network net = b.read();
  EXPECT_EQ(operators(net), (Names{"Gemm", "Add"}));
  EXPECT_EQ(net.nodes[1].inputs, (std::vector<ValueId>{1, 0}));
}

TEST(Gemm, AddsAMultipleOfAComputedValue) {
  ModelBuilder b(13, {0, 3});
  b.normal("w", {3, 2});
  b.normal("v", {3, 1});
  b.node("Gemm", {"x", "w"}, "a");
  b.node("Gemm", {"x", "w", "a"}, "c").real("beta", -0.5F).real("alpha", 2);
  b.node("MatMul", {"x", "v"}, "one");  // a number an image
  b.node("Gemm", {"x", "w", "one"}, "d");
  b.node("Sum", {"c", "d"});
  const Network net = b.read();
  EXPECT_EQ(operators(net), (Names{"Gemm", "Constant", "Mul", "Gemm", "Add", "Gemm", "Gemm", "Add", "Add"}));
  EXPECT_EQ(net.nodes[3].name, "Gemm_c");
  EXPECT_EQ(only<Constant>(net, 1).value.data, std::vector<float>{-0.5F});
  ModelBuilder wide(13, {0, 3});
  wide.normal("w", {3, 2});
  wide.node("Gemm", {"x", "w", "x"});
  EXPECT_NE(wide.refusal().find("or one number an image was expected"), std::string::npos) << wide.refusal();
}

TEST(Gemm, RefusesWhatDoesNotFit) {
  const auto refusal = [](const Shape& weight, const Shape& bias, std::int64_t trans_a, float alpha) {
    ModelBuilder b(13, {0, 3});
    b.normal("w", weight);
    b.normal("c", bias);
    b.node("Gemm", {"x", "w", "c"}).integer("transA", trans_a).real("alpha", alpha);
    return b.refusal();
  };
  EXPECT_EQ(refusal({3, 2}, {2}, 0, 1), "");
  for (const auto& text : {refusal({2, 3}, {2}, 0, 1), refusal({3, 2}, {3}, 0, 1), refusal({3, 2}, {2}, 1, 1),
                           refusal({3, 2, 1}, {2}, 0, 1), refusal({3, 2}, {2, 2}, 0, 1), refusal({3, 2}, {0}, 0, 1),
                           refusal({3, 2}, {2}, 0, NAN), refusal({3, 2}, {2}, 0, 3e38F)}) {
    EXPECT_NE(text.find("Gemm"), std::string::npos) << text;
  }
}

TEST(MatMul, IsALinearLayerOverTheLastAxis) {
  ModelBuilder b(13, {0, 5, 3});
  b.tensor("w", {3, 2}, {1, 4, 2, 5, 3, 6});
  b.node("MatMul", {"x", "w"});
  const Network net = b.read();
  EXPECT_EQ(only<Linear>(net).weight.shape, (Shape{2, 3}));
  EXPECT_EQ(only<Linear>(net).weight.data, (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(net.output_shape(), (Shape{5, 2}));
  EXPECT_EQ(weight_layers(net), std::vector<int>{0});
}

TEST(MatMul, TakesAWeightTransposedInTheFile) {
  ModelBuilder b(13, {0, 3});
  b.tensor("w", {2, 3}, {1, 2, 3, 4, 5, 6});
  b.node("Transpose", {"w"}, "wt").integers("perm", {1, 0});
  b.node("MatMul", {"x", "wt"});
  EXPECT_EQ(only<Linear>(b.read()).weight.data, (std::vector<float>{1, 2, 3, 4, 5, 6}));
}

TEST(MatMul, RefusesWhatIsNoLayer) {
  const auto refusal = [](const Names& inputs, const Shape& weight) {
    ModelBuilder b(13, {0, 3, 3});
    b.normal("w", weight);
    b.node("MatMul", inputs);
    return b.refusal();
  };
  EXPECT_EQ(refusal({"x", "w"}, {1, 3, 2}), "");
  for (const auto& text : {refusal({"x", "x"}, {3, 3}), refusal({"w", "x"}, {3, 3}), refusal({"x", "w"}, {2, 3, 3}),
                           refusal({"x", "w"}, {3}), refusal({"x", "w"}, {2, 3})}) {
    EXPECT_NE(text.find("MatMul"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace vbq::test
