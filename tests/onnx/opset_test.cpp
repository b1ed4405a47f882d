// Files raised to a newer opset: the network that they hold stays the same, to its hash, or they are refused.
#include <gtest/gtest.h>

#include "onnx/export.hpp"
#include "onnx/export_opset.hpp"
#include "onnx/model_builder.hpp"
#include "onnx/onnx_checker.hpp"
#include "support/folder.hpp"

namespace vbq {
namespace {

using test::has;
using test::ModelBuilder;

onnx::ModelProto raised(const ModelBuilder& builder, int opset) {
  onnx::ModelProto model = builder.model;
  exporting::raise_opset(model, opset);
  EXPECT_EQ(model.opset_import(0).version(), opset);
  return model;
}

// In every newer opset; ONNX's own checker sees those that it knows.
void expect_same(const ModelBuilder& builder) {
  const std::string before = network_hash(builder.read());
  const auto own = static_cast<int>(builder.model.opset_import(0).version());
  for (int opset = own; opset <= kNewestOpset; ++opset) {
    const onnx::ModelProto model = raised(builder, opset);
    EXPECT_EQ(network_hash(parse_onnx(model.SerializeAsString(), "raised.onnx")), before) << opset;
    EXPECT_EQ(test::checker_finds(model), "") << opset;
  }
}

std::string refusal(const ModelBuilder& builder, int opset) {
  onnx::ModelProto model = builder.model;
  return test::error_of([&] { exporting::raise_opset(model, opset); });
}

TEST(Opset, AttributesBecomeInputs) {
  ModelBuilder b(8, {0, 4, 8, 8});
  b.normal("w", {4, 4, 3, 3});
  for (const char* name : {"scale", "bias", "mean"}) b.normal(name, {4}, 2);
  b.tensor("var", {4}, {1, 2, 3, 4});
  b.node("Pad", {"x"}, "padded").integers("pads", {0, 0, 1, 1, 0, 0, 1, 1}).real("value", 0.5F);
  b.node("Conv", {"padded", "w"}, "c").integers("kernel_shape", {3, 3});
  b.node("BatchNormalization", {"c", "scale", "bias", "mean", "var"}, "n").integer("spatial", 1);
  b.node("Clip", {"n"}, "clipped").real("max", 6);
  b.node("Dropout", {"clipped"}, "d").real("ratio", 0.25F);
  b.node("Slice", {"d"}, "s").integers("axes", {1, 2}).integers("starts", {0, 1}).integers("ends", {3, 100});
  b.node("Split", {"d"}, "first").integer("axis", 1).integers("split", {3, 1}).proto->add_output("second");
  b.node("ReduceMean", {"s"}, "m").integers("axes", {2, 3}).integer("keepdims", 0);
  b.node("ReduceSum", {"first"}, "t").integers("axes", {2, 3}).integer("keepdims", 1);
  b.node("ReduceMax", {"first"}, "u").integers("axes", {2, 3});
  b.node("Add", {"t", "u"}, "v");
  b.node("Squeeze", {"v"}, "squeezed").integers("axes", {2, 3});
  b.node("Add", {"m", "squeezed"}, "sum");
  b.node("Unsqueeze", {"sum"}, "wide").integers("axes", {2});
  b.node("Squeeze", {"wide"}, "narrow").integers("axes", {2});
  b.node("Relu", {"narrow"}, "y");
  expect_same(b);
}

// Three parts that no attribute counts, until opset 18 asks for their number.
TEST(Opset, EqualParts) {
  ModelBuilder b(11, {0, 6, 2, 2});
  b.normal("w", {2, 2, 1, 1});
  auto split = b.node("Split", {"x"}, "p").integer("axis", 1);
  for (const char* part : {"q", "r"}) split.proto->add_output(part);
  b.node("Sum", {"p", "q", "r"}, "s");
  b.node("Conv", {"s", "w"}).integers("kernel_shape", {1, 1});
  expect_same(b);
  const onnx::ModelProto model = raised(b, 18);
  const auto& node = model.graph().node(0);
  EXPECT_EQ(node.attribute(node.attribute_size() - 1).name(), "num_outputs");
  EXPECT_EQ(node.attribute(node.attribute_size() - 1).i(), 3);
}

TEST(Opset, Softmax) {
  const auto with_axis = [](int opset, const Shape& stated, std::optional<std::int64_t> axis) {
    ModelBuilder b(opset, {0, 4, 1, 1});
    b.normal("w", {5, 4, 1, 1});
    b.node("Conv", {"x", "w"}, "c").integers("kernel_shape", {1, 1});
    auto softmax = b.node("Softmax", {"c"}, "y");
    if (axis) softmax.integer("axis", *axis);
    if (!stated.empty()) ModelBuilder::declare(*b.graph().mutable_output(0), "y", stated);
    return b;
  };
  expect_same(with_axis(8, {0, 5, 1, 1}, {}));
  expect_same(with_axis(11, {0, 5, 1, 1}, -3));
  ModelBuilder linear(9, {0, 4, 1, 1});  // whose axes the operators tell
  linear.normal("w", {4, 5});
  linear.normal("b", {5});
  linear.node("Flatten", {"x"}, "f");
  linear.node("Gemm", {"f", "w", "b"}, "g");
  linear.node("LogSoftmax", {"g"}, "y");
  expect_same(linear);
  EXPECT_TRUE(has(refusal(with_axis(8, {}, {}), 13), "Softmax node \"Softmax_y\" reads a value whose number of axes"));
  EXPECT_TRUE(has(refusal(with_axis(8, {0, 5, 2, 1}, {}), 18), "over several axes"));
  raised(with_axis(8, {}, {}), 12);
}

TEST(Opset, NestedGraphsAreRaisedToo) {
  ModelBuilder b(11, {0, 4, 2, 2});
  b.normal("w", {4, 4, 1, 1});
  b.node("Conv", {"x", "w"}, "c").integers("kernel_shape", {1, 1});
  auto* condition = b.graph().add_initializer();
  condition->set_name("condition");
  condition->set_data_type(onnx::TensorProto::BOOL);
  condition->set_raw_data("\1", 1);
  auto node = b.node("If", {"condition"}, "y");
  for (const char* branch : {"then_branch", "else_branch"}) {
    auto* attribute = node.proto->add_attribute();
    attribute->set_name(branch);
    attribute->set_type(onnx::AttributeProto::GRAPH);
    auto& graph = *attribute->mutable_g();
    graph.set_name(branch);
    graph.add_output()->set_name(std::string(branch) + "_out");
    auto& inner = *graph.add_node();
    inner.set_op_type("Squeeze");
    inner.add_input("c");
    inner.add_output(std::string(branch) + "_out");
    test::NodeMaker{&inner}.integers("axes", branch[0] == 't' ? test::Ints{} : test::Ints{0});
    if (branch[0] == 't') inner.set_op_type("Relu"), inner.clear_attribute();
  }
  const std::string before = network_hash(b.read());
  const onnx::ModelProto model = raised(b, 18);
  EXPECT_EQ(network_hash(parse_onnx(model.SerializeAsString(), "raised.onnx")), before);
  const auto& other = model.graph().node(1).attribute(1).g();
  ASSERT_EQ(other.node_size(), 2);
  EXPECT_EQ(other.node(0).op_type(), "Constant");
  EXPECT_EQ(other.node(1).input_size(), 2);
}

TEST(Opset, WhatCannotBeRaisedIsRefused) {
  const auto with = [](int opset, const std::string& type, const std::string& attribute, std::int64_t value) {
    ModelBuilder b(opset, {0, 4, 5, 5});
    b.normal("w", {4, 4, 1, 1});
    b.node("Conv", {"x", "w"}, "c").integers("kernel_shape", {1, 1});
    b.node(type, {"c"}).integer(attribute, value);
    return b;
  };
  EXPECT_TRUE(has(refusal(with(11, "AveragePool", "ceil_mode", 1), 21), "AveragePool node \"AveragePool_y\" has ceil"));
  raised(with(11, "AveragePool", "ceil_mode", 1), 18);
  raised(with(11, "AveragePool", "ceil_mode", 0), 21);
  EXPECT_TRUE(has(refusal(with(8, "BatchNormalization", "spatial", 0), 9), "spatial = 0"));
  EXPECT_TRUE(has(refusal(with(11, "Resize", "mode", 0), 13), "Resize node \"Resize_y\" has an operator that vbq"));
  ModelBuilder two = with(9, "Dropout", "seed", 0);
  two.graph().mutable_node(1)->add_output("mask");
  EXPECT_TRUE(has(refusal(two, 13), "gives a mask"));
  two.graph().mutable_node(1)->set_op_type("BatchNormalization");
  EXPECT_TRUE(has(refusal(two, 14), "gives several outputs"));
  raised(two, 13);
  const ModelBuilder plain = with(17, "Relu", "none", 0);
  EXPECT_TRUE(has(refusal(plain, 13), "has opset 17, which can be raised to 28 at most and not be lowered: 13"));
  EXPECT_TRUE(has(refusal(plain, 29), "29 was asked for"));
  raised(plain, 17);
}

// Operators of other domains have versions of their own.
TEST(Opset, OtherDomainsStay) {
  ModelBuilder b(13, {0, 4, 5, 5});
  b.normal("w", {4, 4, 1, 1});
  b.node("Conv", {"x", "w"}).integers("kernel_shape", {1, 1});
  b.node("Resize", {"y"}, "z").proto->set_domain("elsewhere");
  auto* import = b.model.add_opset_import();
  import->set_domain("elsewhere");
  import->set_version(1);
  const onnx::ModelProto model = raised(b, 25);
  EXPECT_EQ(model.opset_import(1).version(), 1);
  EXPECT_EQ(model.ir_version(), 13);
}

}  // namespace
}  // namespace vbq
