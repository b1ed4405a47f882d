// Constant folding: each operator of the interpreter, on data that a node of the file computes from constants.
#include <gtest/gtest.h>

#include <cmath>

#include "model_builder.hpp"
#include "onnx/fold.hpp"
#include "support/folder.hpp"

namespace vbq::test {
namespace {

using Reals = std::vector<float>;

HostTensor reals(const Shape& shape, const Reals& values) { return {shape, values}; }
HostTensor integers(const Shape& shape, const Ints& values) { return {shape, values}; }

// One node under test and its constant inputs.
struct Folding {
  onnx::NodeProto proto;
  NodeMaker maker() { return {&proto}; }
  std::vector<Value> inputs;
  int opset = 13;

  explicit Folding(const std::string& type, const std::vector<HostTensor>& tensors = {}, int version = 13)
      : opset(version) {
    proto.set_op_type(type);
    *proto.add_output() = std::string("y");
    for (const HostTensor& tensor : tensors) {
      Value value;
      value.folded = std::make_shared<const HostTensor>(tensor);
      inputs.push_back(value);
    }
  }

  HostTensor result() const {
    TensorReader reader(ModelPlace("test.onnx"), Budget(100000));
    NodeContext node(proto, opset, inputs, reader);
    if (!can_fold(node.type())) fail_internal("{} is not in the table", node.type());
    return fold(node);
  }
  std::string refusal() const {
    try {
      result();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
};

void expect_reals(const Folding& folding, const Shape& shape, const Reals& values) {
  const HostTensor result = folding.result();
  EXPECT_EQ(result.shape, shape) << folding.proto.op_type();
  ASSERT_TRUE(result.is_real()) << folding.proto.op_type();
  EXPECT_EQ(result.reals(), values) << folding.proto.op_type();
}

void expect_integers(const Folding& folding, const Shape& shape, const Ints& values) {
  const HostTensor result = folding.result();
  EXPECT_EQ(result.shape, shape) << folding.proto.op_type();
  ASSERT_FALSE(result.is_real()) << folding.proto.op_type();
  EXPECT_EQ(result.integers(), values) << folding.proto.op_type();
}

TEST(Fold, ArithmeticBroadcasts) {
  const HostTensor a = integers({2, 1}, {7, -7}), b = integers({3}, {2, 3, -2});
  expect_integers(Folding("Add", {a, b}), {2, 3}, {9, 10, 5, -5, -4, -9});
  expect_integers(Folding("Sub", {a, b}), {2, 3}, {5, 4, 9, -9, -10, -5});
  expect_integers(Folding("Mul", {a, b}), {2, 3}, {14, 21, -14, -14, -21, 14});
  expect_integers(Folding("Div", {a, b}), {2, 3}, {3, 2, -3, -3, -2, 3});
  expect_integers(Folding("Min", {a, b}), {2, 3}, {2, 3, -2, -7, -7, -7});
  expect_integers(Folding("Max", {a, b}), {2, 3}, {7, 7, 7, 2, 3, -2});
  const HostTensor x = reals({2}, {1.5F, -3}), y = reals({}, {2});
  expect_reals(Folding("Add", {x, y}), {2}, {3.5F, -1});
  expect_reals(Folding("Sub", {y, x}), {2}, {0.5F, 5});
  expect_reals(Folding("Mul", {x, y}), {2}, {3, -6});
  expect_reals(Folding("Div", {x, y}), {2}, {0.75F, -1.5F});
}

TEST(Fold, Comparisons) {
  const HostTensor a = integers({3}, {1, 2, 3}), b = integers({1}, {2});
  expect_integers(Folding("Equal", {a, b}), {3}, {0, 1, 0});
  expect_integers(Folding("Less", {a, b}), {3}, {1, 0, 0});
  expect_integers(Folding("Greater", {a, b}), {3}, {0, 0, 1});
  expect_integers(Folding("Not", {integers({2}, {0, 1})}), {2}, {1, 0});
  expect_integers(Folding("And", {integers({2}, {0, 1}), integers({}, {1})}), {2}, {0, 1});
  expect_integers(Folding("Or", {integers({2}, {0, 1}), integers({}, {0})}), {2}, {0, 1});
  expect_reals(Folding("Where", {integers({2, 1}, {1, 0}), reals({2}, {1, 2}), reals({}, {9})}), {2, 2}, {1, 2, 9, 9});
}

TEST(Fold, Unary) {
  expect_reals(Folding("Floor", {reals({2}, {1.5F, -1.5F})}), {2}, {1, -2});
  expect_reals(Folding("Ceil", {reals({2}, {1.5F, -1.5F})}), {2}, {2, -1});
  expect_reals(Folding("Sqrt", {reals({}, {9})}), {}, {3});
  expect_reals(Folding("Neg", {reals({}, {9})}), {}, {-9});
  expect_integers(Folding("Neg", {integers({1}, {9})}), {1}, {-9});
}

TEST(Fold, IntegersRefuseToOverflow) {
  const HostTensor most = integers({}, {INT64_MAX}), least = integers({}, {INT64_MIN}), minus = integers({}, {-1});
  for (const auto& f : {Folding("Add", {most, most}), Folding("Sub", {least, most}), Folding("Mul", {most, most}),
                        Folding("Div", {least, minus}), Folding("Neg", {least})}) {
    EXPECT_NE(f.refusal().find("overflow"), std::string::npos) << f.proto.op_type() << f.refusal();
  }
  EXPECT_NE(Folding("Div", {most, integers({}, {0})}).refusal().find("by 0"), std::string::npos);
  EXPECT_NE(Folding("Add", {most, reals({}, {1})}).refusal(), "");
  EXPECT_NE(Folding("Add", {integers({2}, {1, 2}), integers({3}, {1, 2, 3})}).refusal(), "");
}

TEST(Fold, Cast) {
  Folding to_integer("Cast", {reals({2}, {2.9F, -2.9F})});
  to_integer.maker().integer("to", onnx::TensorProto::INT64);
  expect_integers(to_integer, {2}, {2, -2});
  Folding to_real("Cast", {integers({1}, {3})});
  to_real.maker().integer("to", onnx::TensorProto::FLOAT);
  expect_reals(to_real, {1}, {3});
  Folding to_bool("Cast", {reals({2}, {0, 0.5F})});
  to_bool.maker().integer("to", onnx::TensorProto::BOOL);
  expect_integers(to_bool, {2}, {0, 1});
  for (const float bad : {static_cast<float>(NAN), 1e30F, -0x1p63F}) {
    Folding f("Cast", {reals({}, {bad})});
    f.maker().integer("to", onnx::TensorProto::INT64);
    EXPECT_NE(f.refusal().find("makes an integer"), std::string::npos);
  }
  Folding narrow("Cast", {integers({}, {INT64_MAX})});
  narrow.maker().integer("to", onnx::TensorProto::INT32);
  EXPECT_NE(narrow.refusal(), "");
  Folding half("Cast", {reals({6}, {1.00048828125F, 1.00146484375F, 70000, -65519, 0x1p-25F, 0x1.8p-24F})});
  half.maker().integer("to", onnx::TensorProto::FLOAT16);
  expect_reals(half, {6}, {1, 1.001953125F, INFINITY, -65504, 0, 0x1p-23F});  // ties to even, overflow, subnormals
  Folding brain("Cast", {reals({2}, {1.01171875F, 3.4e38F})});
  brain.maker().integer("to", onnx::TensorProto::BFLOAT16);
  expect_reals(brain, {2}, {1.015625F, INFINITY});
  Folding text("Cast", {integers({}, {1})});
  text.maker().integer("to", onnx::TensorProto::STRING);
  EXPECT_NE(text.refusal(), "");
}

TEST(Fold, Shapes) {
  const HostTensor m = integers({2, 3}, {1, 2, 3, 4, 5, 6});
  expect_integers(Folding("Reshape", {m, integers({2}, {-1, 2})}), {3, 2}, {1, 2, 3, 4, 5, 6});
  expect_integers(Folding("Reshape", {m, integers({1}, {-1})}), {6}, {1, 2, 3, 4, 5, 6});
  expect_integers(Folding("Transpose", {m}), {3, 2}, {1, 4, 2, 5, 3, 6});
  expect_integers(Folding("Flatten", {m}), {2, 3}, {1, 2, 3, 4, 5, 6});
  expect_integers(Folding("Unsqueeze", {m, integers({2}, {0, -1})}), {1, 2, 3, 1}, {1, 2, 3, 4, 5, 6});
  expect_integers(Folding("Squeeze", {integers({1, 2, 1}, {1, 2})}), {2}, {1, 2});
  expect_integers(Folding("Squeeze", {integers({1, 2, 1}, {1, 2}), integers({1}, {0})}), {2, 1}, {1, 2});
  Folding old("Squeeze", {integers({1, 2, 1}, {1, 2})}, 11);
  old.maker().integers("axes", {2});
  expect_integers(old, {1, 2}, {1, 2});
  expect_integers(Folding("Expand", {integers({2, 1}, {1, 2}), integers({3}, {2, 1, 3})}), {2, 2, 3},
                  {1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2});
}

TEST(Fold, Concat) {
  Folding rows("Concat", {integers({1, 2}, {1, 2}), integers({2, 2}, {3, 4, 5, 6})});
  rows.maker().integer("axis", 0);
  expect_integers(rows, {3, 2}, {1, 2, 3, 4, 5, 6});
  Folding columns("Concat", {integers({2, 1}, {1, 2}), integers({2, 2}, {3, 4, 5, 6}), integers({2, 0}, {})});
  columns.maker().integer("axis", -1);
  expect_integers(columns, {2, 3}, {1, 3, 4, 2, 5, 6});
  Folding mixed("Concat", {integers({1}, {1}), reals({1}, {1})});
  mixed.maker().integer("axis", 0);
  EXPECT_NE(mixed.refusal(), "");
}

TEST(Fold, Slice) {
  const HostTensor m = integers({2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
  expect_integers(
      Folding("Slice", {m, integers({1}, {-1}), integers({1}, {INT64_MIN}), integers({1}, {1}), integers({1}, {-2})}),
      {2, 2}, {4, 2, 8, 6});
  expect_integers(Folding("Slice", {m, integers({2}, {1, 1}), integers({2}, {2, 3})}), {1, 2}, {6, 7});
  expect_integers(Folding("Slice", {m, integers({1}, {1}), integers({1}, {1})}), {0, 4}, {});
  Folding old("Slice", {m}, 9);
  old.maker().integers("starts", {2}).integers("ends", {9}).integers("axes", {1});
  expect_integers(old, {2, 2}, {3, 4, 7, 8});
}

TEST(Fold, Gather) {
  const HostTensor m = integers({2, 3}, {1, 2, 3, 4, 5, 6});
  expect_integers(Folding("Gather", {m, integers({}, {-1})}), {3}, {4, 5, 6});
  Folding columns("Gather", {m, integers({2, 2}, {0, 2, 1, -3})});
  columns.maker().integer("axis", 1);
  expect_integers(columns, {2, 2, 2}, {1, 3, 2, 1, 4, 6, 5, 4});
  for (const std::int64_t bad : {std::int64_t{2}, std::int64_t{-3}, INT64_MIN, INT64_MAX}) {
    EXPECT_NE(Folding("Gather", {m, integers({}, {bad})}).refusal().find("reads index"), std::string::npos);
  }
  EXPECT_NE(Folding("Gather", {integers({}, {1}), integers({}, {0})}).refusal(), "");
}

TEST(Fold, NewElements) {
  expect_reals(Folding("ConstantOfShape", {integers({2}, {2, 1})}), {2, 1}, {0, 0});
  Folding seven("ConstantOfShape", {integers({1}, {3})});
  ModelBuilder::fill(seven.maker().tensor("value"), {1}, Ints{7});
  expect_integers(seven, {3}, {7, 7, 7});
  expect_integers(Folding("Range", {integers({}, {5}), integers({}, {0}), integers({}, {-2})}), {3}, {5, 3, 1});
  expect_integers(Folding("Range", {integers({}, {5}), integers({}, {0}), integers({}, {2})}), {0}, {});
  expect_reals(Folding("Range", {reals({}, {0}), reals({}, {1}), reals({}, {0.5F})}), {2}, {0, 0.5F});
  Folding constant("Constant");
  constant.maker().integers("value_ints", {4, 5});
  expect_integers(constant, {2}, {4, 5});
  Folding one("Constant");
  one.maker().real("value_float", 0.25F);
  expect_reals(one, {}, {0.25F});
  EXPECT_NE(Folding("Constant").refusal(), "");
}

TEST(Fold, DequantizeLinear) {
  const HostTensor x = integers({2, 3}, {-2, 0, 4, 10, 20, 30});
  expect_reals(Folding("DequantizeLinear", {x, reals({}, {0.5F})}), {2, 3}, {-1, 0, 2, 5, 10, 15});
  expect_reals(Folding("DequantizeLinear", {x, reals({1}, {0.5F}), integers({1}, {2})}), {2, 3}, {-2, -1, 1, 4, 9, 14});
  const HostTensor columns = reals({3}, {1, 2, 0.5F});
  expect_reals(Folding("DequantizeLinear", {x, columns}), {2, 3}, {-2, 0, 2, 10, 40, 15});
  Folding rows("DequantizeLinear", {x, reals({2}, {1, 2}), integers({2}, {0, 10})});
  rows.maker().integer("axis", -2);
  expect_reals(rows, {2, 3}, {-2, 0, 4, 0, 20, 40});
  // Blocks of two along the last axis, the second of them short; and along the first.
  Folding blocks("DequantizeLinear", {x, reals({2, 2}, {1, 2, 3, 4}), integers({2, 2}, {0, 1, 2, 3})}, 21);
  blocks.maker().integer("block_size", 2);
  expect_reals(blocks, {2, 3}, {-2, 0, 6, 24, 54, 108});
  Folding first("DequantizeLinear", {x, reals({1, 3}, {1, 2, 3})}, 21);
  first.maker().integer("block_size", 2).integer("axis", 0);
  expect_reals(first, {2, 3}, {-2, 0, 12, 10, 40, 90});

  EXPECT_NE(Folding("DequantizeLinear", {reals({1}, {1}), reals({}, {1})}).refusal(), "");
  EXPECT_NE(Folding("DequantizeLinear", {x, integers({}, {1})}).refusal(), "");
  EXPECT_NE(Folding("DequantizeLinear", {x, reals({2}, {1, 2})}).refusal().find("[3] was expected"), std::string::npos);
  EXPECT_NE(Folding("DequantizeLinear", {x, columns, integers({}, {0})}).refusal(), "");
  EXPECT_NE(Folding("DequantizeLinear", {integers({1}, {INT64_MIN}), reals({}, {1}), integers({}, {1})}).refusal(), "");
  for (const std::int64_t size : {std::int64_t{-1}, std::int64_t{3}, INT64_MAX}) {
    Folding wrong("DequantizeLinear", {x, reals({2, 2}, {1, 2, 3, 4})}, 21);
    wrong.maker().integer("block_size", size);
    EXPECT_NE(wrong.refusal(), "") << size;
  }
}

TEST(Fold, MemoryIsBounded) {
  const HostTensor huge = integers({2}, {1000, 1000}), absurd = integers({3}, {INT64_MAX, INT64_MAX, 2});
  EXPECT_NE(Folding("ConstantOfShape", {huge}).refusal().find("elements"), std::string::npos);
  EXPECT_NE(Folding("ConstantOfShape", {absurd}).refusal(), "");
  EXPECT_NE(Folding("ConstantOfShape", {integers({2}, {-1, -1})}).refusal(), "");
  EXPECT_NE(Folding("ConstantOfShape", {integers({9}, Ints(9, 1))}).refusal(), "");
  EXPECT_NE(Folding("Expand", {integers({}, {1}), huge}).refusal(), "");
  EXPECT_NE(Folding("Range", {integers({}, {0}), integers({}, {INT64_MAX}), integers({}, {1})}).refusal(), "");
  EXPECT_NE(Folding("Range", {integers({}, {0}), integers({}, {1}), integers({}, {0})}).refusal(), "");
  EXPECT_NE(Folding("Range", {reals({}, {0}), reals({}, {static_cast<float>(NAN)}), reals({}, {1})}).refusal(), "");
  const HostTensor hollow = integers({4, 0}, {});
  EXPECT_NE(Folding("Reshape", {hollow, integers({4}, {0, 2147483647, 2147483647, 2147483647})}).refusal(), "");
}

TEST(Fold, MissingInputsAreRefused) {
  for (const char* type :
       {"Add", "Where", "Concat", "Gather", "Range", "Reshape", "Slice", "Unsqueeze", "Cast", "Min", "Transpose"}) {
    EXPECT_NE(Folding(type).refusal(), "") << type;
  }
}

TEST(Fold, Bits) {
  expect_integers(Folding("BitwiseAnd", {integers({2, 1}, {5, 255}), integers({3}, {1, 2, 12})}), {2, 3},
                  {1, 0, 4, 1, 2, 12});
  EXPECT_TRUE(has(Folding("BitwiseAnd", {reals({1}, {1}), reals({1}, {1})}).refusal(), "integers were expected"));
}

// As in ONNX's description of the operator.
TEST(Fold, GatherND) {
  const HostTensor square = integers({2, 2}, {0, 1, 2, 3}), cube = integers({2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7});
  expect_integers(Folding("GatherND", {square, integers({2, 2}, {0, 0, 1, -1})}), {2}, {0, 3});
  expect_integers(Folding("GatherND", {square, integers({2, 1}, {1, 0})}), {2, 2}, {2, 3, 0, 1});
  expect_integers(Folding("GatherND", {cube, integers({2, 1, 2}, {0, 1, 1, 0})}), {2, 1, 2}, {2, 3, 4, 5});
  Folding batch("GatherND", {cube, integers({2, 1}, {1, 0})});
  batch.maker().integer("batch_dims", 1);
  expect_integers(batch, {2, 2}, {2, 3, 4, 5});
  expect_integers(Folding("GatherND", {square, integers({0, 2}, {})}), {0}, {});
  EXPECT_TRUE(has(Folding("GatherND", {square, integers({1, 2}, {0, 2})}).refusal(), "reads index 2 of an axis of 2"));
  EXPECT_TRUE(has(Folding("GatherND", {square, integers({1, 3}, {0, 0, 0})}).refusal(), "do not fit together"));
  EXPECT_TRUE(has(Folding("GatherND", {square, reals({1, 2}, {0, 0})}).refusal(), "do not fit together"));
  batch.inputs[1].folded = std::make_shared<const HostTensor>(integers({3, 1}, {0, 0, 0}));
  EXPECT_TRUE(has(batch.refusal(), "do not fit together"));
}

}  // namespace
}  // namespace vbq::test
