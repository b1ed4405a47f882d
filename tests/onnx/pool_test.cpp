// Pools and means.
#include <gtest/gtest.h>

#include "model_builder.hpp"

namespace vbq::test {
namespace {

TEST(MaxPool, ReadsEveryAttribute) {
  ModelBuilder b(12, {0, 3, 10, 9});
  b.node("MaxPool", {"x"})
      .integers("kernel_shape", {3, 2})
      .integers("strides", {2, 3})
      .integers("dilations", {2, 1})
      .integers("pads", {1, 1, 0, 1});
  const Network net = b.read();
  const auto& op = only<MaxPool>(net);
  EXPECT_EQ(op.kernel, (std::array<std::int64_t, 2>{3, 2}));
  EXPECT_EQ(op.stride, (std::array<std::int64_t, 2>{2, 3}));
  EXPECT_EQ(op.dilation, (std::array<std::int64_t, 2>{2, 1}));
  EXPECT_EQ(op.pad, (Padding2d{1, 1, 0, 1}));
  EXPECT_EQ(net.output_shape(), (Shape{3, 4, 4}));
}

// Outputs along an axis of `extent`, kernel 3, stride 2, padded by `pad` at both ends.
std::int64_t pooled(std::int64_t extent, std::int64_t kernel, std::int64_t stride, std::int64_t pad, bool ceil,
                    const char* type = "MaxPool") {
  ModelBuilder b(11, {0, 1, extent, extent});
  b.node(type, {"x"})
      .integers("kernel_shape", {kernel, kernel})
      .integers("strides", {stride, stride})
      .integers("pads", {pad, pad, pad, pad})
      .integer("ceil_mode", ceil);
  return b.read().output_shape()[1];
}

TEST(Pool, CeilModeRoundsUp) {
  EXPECT_EQ(pooled(8, 3, 2, 0, false), 3);
  EXPECT_EQ(pooled(8, 3, 2, 0, true), 4);
  EXPECT_EQ(pooled(7, 3, 2, 0, true), 3);
  EXPECT_EQ(pooled(8, 3, 2, 0, true, "AveragePool"), 4);
  // A last window that would start in the far padding is left out: extent 5 + 2, kernel 2, stride 3.
  EXPECT_EQ(pooled(5, 2, 3, 1, true), 2);
}

TEST(AveragePool, CountsPaddingWhenTold) {
  for (const bool counts : {false, true}) {
    ModelBuilder b(7, {0, 3, 8, 8});
    b.node("AveragePool", {"x"})
        .integers("kernel_shape", {3, 3})
        .integers("pads", {1, 1, 1, 1})
        .integer("count_include_pad", counts);
    const Network net = b.read();
    EXPECT_EQ(only<AveragePool>(net).count_include_pad, counts);
    EXPECT_EQ(only<AveragePool>(net).stride, (std::array<std::int64_t, 2>{1, 1}));
    EXPECT_EQ(net.output_shape(), (Shape{3, 8, 8}));
  }
}

TEST(Pool, AutoPad) {
  ModelBuilder b(11, {0, 3, 7, 7});
  b.node("AveragePool", {"x"})
      .integers("kernel_shape", {2, 2})
      .integers("strides", {2, 2})
      .text("auto_pad", "SAME_UPPER");
  const Network net = b.read();
  EXPECT_EQ(only<AveragePool>(net).pad, (Padding2d{0, 0, 1, 1}));
  EXPECT_EQ(net.output_shape(), (Shape{3, 4, 4}));
}

TEST(Pool, RefusesAbsurdWindows) {
  const auto refusal = [](const char* type, const Ints& kernel, const Ints& stride, const Ints& pads,
                          const Ints& dilation) {
    ModelBuilder b(19, {0, 3, 8, 8});
    b.node(type, {"x"})
        .integers("kernel_shape", kernel)
        .integers("strides", stride)
        .integers("pads", pads)
        .integers("dilations", dilation);
    return b.refusal();
  };
  EXPECT_EQ(refusal("MaxPool", {2, 2}, {1, 1}, {0, 0, 0, 0}, {1, 1}), "");
  for (const auto& text :
       {refusal("MaxPool", {9, 2}, {1, 1}, {0, 0, 0, 0}, {1, 1}),
        refusal("MaxPool", {2, 2}, {1, 0}, {0, 0, 0, 0}, {1, 1}),
        refusal("MaxPool", {2, 2}, {1, 1}, {2, 0, 0, 0}, {1, 1}), refusal("MaxPool", {2}, {1, 1}, {0, 0, 0, 0}, {1, 1}),
        refusal("MaxPool", {2, 2}, {1, 1}, {0, 0}, {1, 1}), refusal("MaxPool", {0, 2}, {1, 1}, {0, 0, 0, 0}, {1, 1}),
        refusal("MaxPool", {2, 2}, {1, 1}, {5, 0, 5, 0}, {9, 1}),
        refusal("AveragePool", {2, 2}, {1, 1}, {0, 0, 0, 0}, {2, 2})}) {
    EXPECT_NE(text.find("Pool node"), std::string::npos) << text;
  }
  ModelBuilder b(12, {0, 3, 8, 8});
  b.node("MaxPool", {"x"});
  EXPECT_NE(b.refusal().find("kernel_shape"), std::string::npos);
}

TEST(MaxPool, RefusesItsIndices) {
  ModelBuilder b(12, {0, 3, 8, 8});
  b.node("MaxPool", {"x"}, "p").integers("kernel_shape", {2, 2}).proto->add_output("indices");
  b.node("Relu", {"indices"});
  EXPECT_NE(b.refusal().find("second output"), std::string::npos) << b.refusal();
}

TEST(GlobalPools, GiveOnePixel) {
  ModelBuilder b(13, {0, 3, 8, 5});
  b.node("GlobalAveragePool", {"x"});
  const Network net = b.read();
  EXPECT_TRUE(std::holds_alternative<GlobalAveragePool>(net.nodes[0].op));
  EXPECT_EQ(net.output_shape(), (Shape{3, 1, 1}));

  ModelBuilder m(13, {0, 3, 8, 5});
  m.node("GlobalMaxPool", {"x"});
  EXPECT_EQ(only<MaxPool>(m.read()).kernel, (std::array<std::int64_t, 2>{8, 5}));
}

TEST(Reduce, AxesAsAttributeAndAsInput) {
  for (const ReduceRow& row : kReduce) {
    const int since = row.kind == Reduce::Kind::sum ? 13 : 18;  // the opset in which axes became an input
    for (const int opset : {11, 13, 18, 21}) {
      for (const bool keep : {false, true}) {
        ModelBuilder b(opset, {0, 3, 8, 5});
        if (opset >= since) b.list("axes", {-1, 2});
        NodeMaker node = b.node(row.name, opset >= since ? Names{"x", "axes"} : Names{"x"});
        if (opset < since) node.integers("axes", {-1, 2});
        node.integer("keepdims", keep);
        const Network net = b.read();
        EXPECT_EQ(only<Reduce>(net).axes, (std::vector<int>{1, 2}));
        EXPECT_EQ(only<Reduce>(net).kind, row.kind);
        EXPECT_STREQ(operator_name(net.nodes[0].op), row.name);
        EXPECT_EQ(net.output_shape(), keep ? (Shape{3, 1, 1}) : Shape{3});
      }
    }
  }
}

TEST(Reduce, RefusesTheBatch) {
  for (const Ints& axes : {Ints{0}, Ints{-4}, Ints{1, 1}, Ints{4}, Ints{}}) {
    ModelBuilder b(13, {0, 3, 8, 5});
    NodeMaker node = b.node("ReduceMean", {"x"});
    if (!axes.empty()) node.integers("axes", axes);
    EXPECT_NE(b.refusal().find("ReduceMean node"), std::string::npos) << b.refusal();
  }
  ModelBuilder b(18, {0, 3, 8, 5});
  b.node("ReduceMean", {"x"}, "r").integer("noop_with_empty_axes", 1);
  b.node("Relu", {"r"});
  EXPECT_EQ(operators(b.read()), Names{"Relu"});
}

}  // namespace
}  // namespace vbq::test
