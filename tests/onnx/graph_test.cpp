// What a file must be as a whole: opsets, inputs, outputs, names, the batch.
#include <gtest/gtest.h>

#include "model_builder.hpp"
#include "onnx/name.hpp"

namespace vbq::test {
namespace {

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Opset, FromOldestToNewest) {
  for (int opset = kOldestOpset; opset <= kNewestOpset; ++opset) {
    ModelBuilder b(opset);
    b.node("Relu", {"x"});
    EXPECT_EQ(b.refusal(), "") << opset;
  }
  for (const int opset : {0, 6, kNewestOpset + 1, -1}) {
    ModelBuilder b(opset);
    b.node("Relu", {"x"});
    EXPECT_TRUE(mentions(b.refusal(), "opset " + std::to_string(opset))) << b.refusal();
  }
  ModelBuilder none;
  none.node("Relu", {"x"});
  none.model.clear_opset_import();
  EXPECT_TRUE(mentions(none.refusal(), "no opset")) << none.refusal();
}

TEST(Operator, UnknownIsNamedWithNodeAndOpset) {
  ModelBuilder b(12);
  b.node("Einsum", {"x"}).name("attention");
  EXPECT_TRUE(mentions(b.refusal(), "test.onnx")) << b.refusal();
  EXPECT_TRUE(mentions(b.refusal(), "opset 12")) << b.refusal();
  EXPECT_TRUE(mentions(b.refusal(), "Einsum (1 node, \"attention\" first)")) << b.refusal();

  ModelBuilder domain(13);
  domain.node("Relu", {"x"}).proto->set_domain("com.example");
  EXPECT_TRUE(mentions(domain.refusal(), "com.example")) << domain.refusal();

  ModelBuilder computed(13);
  computed.node("Equal", {"x", "x"});
  EXPECT_TRUE(mentions(computed.refusal(), "on constants only")) << computed.refusal();
}

TEST(Input, OneIsExpected) {
  ModelBuilder two;
  ModelBuilder::declare(*two.graph().add_input(), "z", {0, 3});
  two.node("Relu", {"x"});
  EXPECT_TRUE(mentions(two.refusal(), "2 inputs"));
  ModelBuilder none;
  none.graph().clear_input();
  EXPECT_TRUE(mentions(none.refusal(), "0 inputs"));
  // Up to IR version 3, initialisers are inputs too.
  ModelBuilder old;
  ModelBuilder::declare(*old.graph().add_input(), "c", {});
  old.scalar("c", 1.0F);
  old.node("Add", {"x", "c"});
  EXPECT_EQ(old.refusal(), "");
}

TEST(Input, OfFixedSizeAndFloat) {
  for (const Shape& shape : {Shape{0, 3, 0, 8}, Shape{0, 3, -1, 8}, Shape{0}, Shape{}, Shape{0, INT64_MAX, 2},
                             Shape{0, 2147483647, 2}, Shape(9, 1)}) {
    ModelBuilder b(13, shape);
    b.node("Relu", {"x"});
    EXPECT_NE(b.refusal(), "");
  }
  ModelBuilder integer;
  integer.node("Relu", {"x"});
  integer.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::INT64);
  EXPECT_TRUE(mentions(integer.refusal(), "float tensor")) << integer.refusal();
  ModelBuilder untyped;
  untyped.graph().mutable_input(0)->clear_type();
  EXPECT_NE(untyped.refusal(), "");
  for (const Shape& shape : {Shape{0, 7}, Shape{0, 5, 7}, Shape{0, 3, 5, 7}}) {
    ModelBuilder b(13, shape);
    b.node("Relu", {"x"});
    EXPECT_EQ(b.read().input_shape(), Shape(shape.begin() + 1, shape.end()));
  }
}

TEST(Output, FirstOfSeveral) {
  ModelBuilder b;
  b.node("Relu", {"x"});
  b.node("Nonsense", {"y"}, "z");
  b.graph().add_output()->set_name("z");
  EXPECT_EQ(operators(b.read()), Names{"Relu"});
  ModelBuilder none;
  none.node("Relu", {"x"});
  none.graph().clear_output();
  EXPECT_TRUE(mentions(none.refusal(), "no output"));
  ModelBuilder missing;
  missing.node("Relu", {"x"}, "z");
  EXPECT_TRUE(mentions(missing.refusal(), "given by no node"));
  ModelBuilder constant;
  constant.scalar("c", 1.0F);
  constant.node("Neg", {"c"});
  EXPECT_TRUE(mentions(constant.refusal(), "does not depend on the input")) << constant.refusal();
  ModelBuilder second;
  second.node("Dropout", {"x"}, "d").proto->add_output("y");
  EXPECT_TRUE(mentions(second.refusal(), "second output")) << second.refusal();
}

// Each output is a network of its own, with a hash of its own.
TEST(Output, OneOfSeveralByName) {
  ModelBuilder b(13, {0, 6});
  b.normal("w", {6, 4});
  b.normal("v", {4, 5}, 2);
  b.node("MatMul", {"x", "w"}, "y");
  b.node("MatMul", {"y", "v"}, "logits\n");
  b.graph().add_output()->set_name("logits\n");
  const auto read = [&](const std::string& output) { return parse_onnx(b.bytes(), "test.onnx", output); };
  EXPECT_EQ(read("").output_shape(), Shape{4});
  EXPECT_EQ(read("y").output_shape(), Shape{4});
  EXPECT_EQ(read("logits\n").output_shape(), Shape{5});
  EXPECT_EQ(read("logits?").output_shape(), Shape{5});  // as messages spell it
  EXPECT_EQ(read("logits\n").output_name, "logits?");
  EXPECT_EQ(read("y").file_outputs, (Names{"y", "logits?"}));
  EXPECT_EQ(network_hash(read("")), network_hash(read("y")));
  EXPECT_NE(network_hash(read("y")), network_hash(read("logits?")));
  try {
    read("probabilities");
    ADD_FAILURE() << "an output that is not there was read";
  } catch (const Error& error) {
    EXPECT_TRUE(mentions(error.what(), "no output \"probabilities\": its outputs are \"y\", \"logits?\""))
        << error.what();
  }
}

TEST(Names, MustBeDefinedOnceAndBefore) {
  ModelBuilder cycle;
  cycle.node("Add", {"x", "b"}, "a");
  cycle.node("Relu", {"a"}, "b");
  cycle.node("Relu", {"b"});
  EXPECT_TRUE(mentions(cycle.refusal(), "reads \"b\"")) << cycle.refusal();
  ModelBuilder self;
  self.node("Add", {"x", "y"});
  EXPECT_NE(self.refusal(), "");
  ModelBuilder undefined;
  undefined.node("Add", {"x", "nothing"});
  EXPECT_TRUE(mentions(undefined.refusal(), "nothing before it gives"));
  ModelBuilder twice;
  twice.node("Relu", {"x"});
  twice.node("Relu", {"x"});
  EXPECT_TRUE(mentions(twice.refusal(), "defined twice"));
  ModelBuilder input;
  input.node("Relu", {"x"}, "x");
  EXPECT_TRUE(mentions(input.refusal(), "defined twice"));
}

TEST(Names, AreMadeUniqueAndPrintable) {
  ModelBuilder b;
  b.node("Relu", {"x"}, "a").name("same");
  b.node("Relu", {"a"}, "b").name("same");
  b.node("Relu", {"b"}, "c").name("");
  b.node("Relu", {"c"}).name("es\x1b[31mc\xff\xc3\xa9");
  const Network net = b.read();
  EXPECT_EQ(net.nodes[0].name, "same");
  EXPECT_EQ(net.nodes[1].name, "same_2");
  EXPECT_EQ(net.nodes[2].name, "c");
  EXPECT_EQ(net.nodes[3].name, "es?[31mc?\xc3\xa9");
}

TEST(Names, CleanName) {
  EXPECT_EQ(clean_name("conv1/\xe2\x82\xac \xf0\x9f\x98\x80"), "conv1/\xe2\x82\xac \xf0\x9f\x98\x80");
  EXPECT_EQ(clean_name("\xc0\xaf\xed\xa0\x80\xe2\x82"), std::string(7, '?'));
  EXPECT_EQ(clean_name(std::string("a\0b\n", 4)), "a?b?");
  EXPECT_EQ(clean_name(std::string(1000, 'n')).size(), 200U);
}

TEST(Batch, FreeFixedOrNegative) {
  for (const std::int64_t batch : {std::int64_t{0}, std::int64_t{1}, std::int64_t{4}, std::int64_t{-1}}) {
    ModelBuilder b(13, {batch, 3, 8, 8});
    b.node("Flatten", {"x"});
    EXPECT_EQ(b.read().output_shape(), Shape{192}) << batch;
  }
}

TEST(Batch, OneImageBakedIn) {
  ModelBuilder b(13, {0, 3, 8, 8});
  b.list("target", {1, 192});
  b.node("Reshape", {"x", "target"});
  EXPECT_EQ(b.read().output_shape(), Shape{192});
  ModelBuilder two(13, {0, 3, 8, 8});
  two.list("target", {2, 96});
  two.node("Reshape", {"x", "target"});
  EXPECT_TRUE(mentions(two.refusal(), "Reshape node")) << two.refusal();
}

TEST(Batch, FixedBatchStaysWhole) {
  ModelBuilder b(13, {4, 3, 8, 8});
  b.list("target", {4, -1});
  b.node("Reshape", {"x", "target"});
  EXPECT_EQ(b.read().output_shape(), Shape{192});
  ModelBuilder mixed(13, {4, 3, 8, 8});
  mixed.list("target", {2, -1});
  mixed.node("Reshape", {"x", "target"});
  EXPECT_TRUE(mentions(mixed.refusal(), "axis was expected to stay first")) << mixed.refusal();
}

// A constant made for every image of the batch, as class tokens are.
TEST(Batch, ConstantExpandedToTheBatch) {
  ModelBuilder b(13, {0, 3, 4});
  b.normal("token", {1, 1, 4});
  b.list("first", {0});
  b.list("tail", {1, 4});
  b.node("Shape", {"x"}, "shape");
  b.node("Gather", {"shape", "first"}, "batch");
  b.node("Concat", {"batch", "tail"}, "target").integer("axis", 0);
  b.node("Expand", {"token", "target"}, "tokens");
  b.node("Concat", {"tokens", "x"}).integer("axis", 1);
  const Network net = b.read();
  EXPECT_EQ(operators(net), (Names{"Constant", "Concat"}));
  EXPECT_EQ(only<Constant>(net).value.data, support::normals(4, 1));
  EXPECT_EQ(net.output_shape(), (Shape{4, 4}));
}

TEST(Batch, WhatDependsOnItsSizeIsRefused) {
  ModelBuilder b(13, {0, 3, 4});
  b.scalar("first", std::int64_t{0});
  b.node("Shape", {"x"}, "shape");
  b.node("Gather", {"shape", "first"}, "batch");
  b.node("Cast", {"batch"}, "count").integer("to", onnx::TensorProto::FLOAT);
  b.node("Div", {"x", "count"});
  EXPECT_TRUE(mentions(b.refusal(), "more images are in the batch")) << b.refusal();
}

TEST(Shape, SizeAndRangesOfShape) {
  for (const int opset : {13, 15}) {
    ModelBuilder b(opset, {0, 3, 8, 5});
    if (opset >= 15) {
      b.node("Shape", {"x"}, "image").integer("start", 1).integer("end", -1);  // [3, 8]
    } else {
      b.list("from", {1});
      b.list("to", {3});
      b.node("Shape", {"x"}, "shape");
      b.node("Slice", {"shape", "from", "to"}, "image");
    }
    b.list("five", {5});
    b.list("head", {0});
    b.node("Concat", {"head", "five", "image"}, "target").integer("axis", 0);
    b.node("Reshape", {"x", "target"});
    EXPECT_EQ(b.read().output_shape(), (Shape{5, 3, 8}));
  }
  ModelBuilder size(13, {0, 3, 8, 5});
  size.normal("c", {6, 20});
  size.list("one", {1});
  size.list("head", {-1});
  size.node("Size", {"c"}, "count");
  size.node("Reshape", {"count", "one"}, "counts");
  size.node("Concat", {"head", "counts"}, "target").integer("axis", 0);
  size.node("Reshape", {"x", "target"});
  EXPECT_EQ(size.read().output_shape(), Shape{120});
}

}  // namespace
}  // namespace vbq::test
