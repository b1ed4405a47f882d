// Concat, Flatten, Reshape, Squeeze, Unsqueeze, Transpose, Pad, Slice.
#include <gtest/gtest.h>

#include "model_builder.hpp"

namespace vbq::test {
namespace {

TEST(Concat, ActivationsAndConstants) {
  ModelBuilder b(13, {0, 3, 8, 8});
  b.normal("c", {1, 2, 8, 8});
  b.node("Relu", {"x"}, "r");
  b.node("Concat", {"x", "c", "r"}).integer("axis", -3);
  const Network net = b.read();
  EXPECT_EQ(operators(net), (Names{"Relu", "Constant", "Concat"}));
  EXPECT_EQ(only<Concat>(net, 2).axis, 0);
  EXPECT_EQ(net.nodes[2].inputs, (std::vector<ValueId>{0, 2, 1}));
  EXPECT_EQ(net.output_shape(), (Shape{8, 8, 8}));
}

TEST(Concat, RefusesTheBatchAndShapesThatDiffer) {
  const auto refusal = [](std::int64_t axis, const Shape& constant) {
    ModelBuilder b(13, {0, 3, 8, 8});
    b.normal("c", constant);
    b.node("Concat", {"x", "c"}).integer("axis", axis);
    return b.refusal();
  };
  EXPECT_EQ(refusal(2, {1, 3, 1, 8}), "");
  for (const auto& text : {refusal(0, {1, 3, 8, 8}), refusal(1, {1, 3, 8, 7}), refusal(1, {3, 8, 8}),
                           refusal(4, {1, 3, 8, 8}), refusal(1, {2, 3, 8, 8})}) {
    EXPECT_NE(text.find("Concat node"), std::string::npos) << text;
  }
}

TEST(Flatten, KeepsTheBatch) {
  ModelBuilder b(13, {0, 3, 8, 5});
  b.node("Relu", {"x"}, "r");
  b.node("Flatten", {"r"});
  EXPECT_EQ(b.read().output_shape(), (Shape{120}));
  for (const std::int64_t axis : {2, 5, -5}) {
    ModelBuilder bad(13, {0, 3, 8, 5});
    bad.node("Flatten", {"x"}).integer("axis", axis);
    EXPECT_NE(bad.refusal().find("Flatten node"), std::string::npos) << axis << bad.refusal();
  }
}

TEST(Reshape, ResolvesZeroAndMinusOne) {
  const std::vector<std::pair<Ints, Shape>> cases{{{0, -1}, {120}},
                                                  {{-1, 120}, {120}},
                                                  {{0, 0, 40}, {3, 40}},
                                                  {{0, 5, -1, 3}, {5, 8, 3}},
                                                  {{0, 1, 3, 8, 5}, {1, 3, 8, 5}}};
  for (const auto& [target, shape] : cases) {
    ModelBuilder b(13, {0, 3, 8, 5});
    b.list("target", target);
    b.node("Reshape", {"x", "target"}, "r");
    b.node("Relu", {"r"});
    EXPECT_EQ(b.read().output_shape(), shape);
  }
}

TEST(Reshape, RefusesWhatDoesNotFit) {
  for (const Ints& target : {Ints{0, 7, -1}, Ints{-1, -1}, Ints{0, -2}, Ints{-1, 60}, Ints{0, 3, 8, 5, 0}, Ints{0, 119},
                             Ints{0, INT64_MAX, INT64_MAX}, Ints{0, 1, 1, 1, 1, 1, 1, 1, 120}}) {
    ModelBuilder b(13, {0, 3, 8, 5});
    b.list("target", target);
    b.node("Reshape", {"x", "target"});
    EXPECT_NE(b.refusal(), "");
  }
  ModelBuilder zero(14, {0, 3, 8, 5});
  zero.list("target", {0, -1});
  zero.node("Reshape", {"x", "target"}).integer("allowzero", 1);
  EXPECT_NE(zero.refusal().find("Reshape node"), std::string::npos);
}

TEST(Squeeze, AxesAsAttributeAndAsInput) {
  for (const int opset : {11, 13}) {
    ModelBuilder b(opset, {0, 3, 1, 1});
    b.list("axes", {2, -1});
    const Names inputs = opset < 13 ? Names{"x"} : Names{"x", "axes"};
    NodeMaker node = b.node("Squeeze", inputs, "s");
    if (opset < 13) node.integers("axes", {2, -1});
    b.list("back", {1, 4});
    NodeMaker wide = b.node("Unsqueeze", opset < 13 ? Names{"s"} : Names{"s", "back"}, "u");
    if (opset < 13) wide.integers("axes", {1, 3});
    if (opset >= 13) b.graph().mutable_initializer(1)->set_int64_data(1, 3);
    b.node("Relu", {"u"});
    EXPECT_EQ(b.read().output_shape(), (Shape{1, 3, 1}));
  }
  ModelBuilder all(13, {0, 3, 1, 1});
  all.node("Squeeze", {"x"}, "s");
  all.node("Relu", {"s"});
  EXPECT_EQ(all.read().output_shape(), Shape{3});
  ModelBuilder wrong(11, {0, 3, 1, 1});
  wrong.node("Squeeze", {"x"}).integers("axes", {1});
  EXPECT_NE(wrong.refusal().find("Squeeze node"), std::string::npos);
}

TEST(Transpose, KeepsTheBatchFirst) {
  ModelBuilder b(13, {0, 3, 8, 5});
  b.node("Transpose", {"x"}).integers("perm", {0, 2, 3, 1});
  const Network net = b.read();
  EXPECT_EQ(only<Transpose>(net).permutation, (std::vector<int>{1, 2, 0}));
  EXPECT_EQ(net.output_shape(), (Shape{8, 5, 3}));
  for (const Ints& perm : {Ints{1, 0, 2, 3}, Ints{0, 1, 2}, Ints{0, 1, 1, 2}, Ints{0, 1, 2, 4}}) {
    ModelBuilder bad(13, {0, 3, 8, 5});
    bad.node("Transpose", {"x"}).integers("perm", perm);
    EXPECT_NE(bad.refusal().find("Transpose node"), std::string::npos);
  }
  ModelBuilder reversed(13, {0, 3, 8, 5});
  reversed.node("Transpose", {"x"});
  EXPECT_NE(reversed.refusal().find("across the images"), std::string::npos);
}

TEST(Pad, AmountsAsAttributeAndAsInput) {
  for (const int opset : {7, 11, 13, 18, 21}) {
    ModelBuilder b(opset, {0, 3, 8, 5});
    const Ints pads{0, 1, 2, 0, 0, 3, 0, 4};
    b.list("pads", pads);
    b.scalar("value", -1.5F);
    if (opset < 11) {
      b.node("Pad", {"x"}).integers("pads", pads).real("value", -1.5F);
    } else {
      b.node("Pad", {"x", "pads", "value"}).text("mode", "constant");
    }
    const Network net = b.read();
    const auto& op = only<Pad>(net);
    EXPECT_EQ(op.before, (Ints{1, 2, 0}));
    EXPECT_EQ(op.after, (Ints{3, 0, 4}));
    EXPECT_EQ(op.value, -1.5F);
    EXPECT_EQ(net.output_shape(), (Shape{7, 10, 9}));
  }
}

TEST(Pad, NamesAxesFromOpset18) {
  ModelBuilder b(18, {0, 3, 8, 5});
  b.list("pads", {1, 2, 3, 4});
  b.list("axes", {-1, 2});
  b.node("Pad", {"x", "pads", "", "axes"});
  const Network net = b.read();
  EXPECT_EQ(only<Pad>(net).before, (Ints{0, 2, 1}));
  EXPECT_EQ(only<Pad>(net).after, (Ints{0, 4, 3}));
}

TEST(Pad, ByTheImagesOwnElements) {
  std::string constant;
  for (const auto& [mode, expected] :
       {std::pair{"constant", Pad::Mode::constant}, {"reflect", Pad::Mode::reflect}, {"edge", Pad::Mode::edge}}) {
    ModelBuilder b(13, {0, 3, 8, 5});
    b.list("pads", {0, 0, 1, 2, 0, 0, 3, 0});
    b.node("Pad", {"x", "pads"}).text("mode", mode);
    const Network net = b.read();
    EXPECT_EQ(only<Pad>(net).mode, expected);
    EXPECT_EQ(net.output_shape(), (Shape{3, 12, 7}));
    if (expected == Pad::Mode::constant) constant = network_hash(net);
    EXPECT_EQ(network_hash(net) == constant, expected == Pad::Mode::constant);
  }
}

TEST(Pad, NegativeAmountsAreASlice) {
  ModelBuilder b(13, {0, 3, 8, 5});
  b.list("pads", {0, 0, -1, 2, 0, 0, -2, 0});
  b.node("Pad", {"x", "pads"});
  const Network net = b.read();
  EXPECT_EQ(operators(net), (Names{"Slice", "Pad"}));
  EXPECT_EQ(only<Slice>(net).start, (Ints{0, 1, 0}));
  EXPECT_EQ(net.shapes[1], (Shape{3, 5, 5}));
  EXPECT_EQ(only<Pad>(net, 1).before, (Ints{0, 0, 2}));
  EXPECT_EQ(net.output_shape(), (Shape{3, 5, 7}));
}

TEST(Pad, RefusesWhatItCannotDo) {
  const auto refusal = [](const Ints& pads, const char* mode) {
    ModelBuilder b(13, {0, 3, 8, 5});
    b.list("pads", pads);
    b.node("Pad", {"x", "pads"}).text("mode", mode);
    return b.refusal();
  };
  EXPECT_EQ(refusal({0, 0, 1, 1, 0, 0, 1, 1}, "constant"), "");
  for (const auto& text :
       {refusal({1, 0, 0, 0, 0, 0, 0, 0}, "constant"), refusal({0, 0, 1, 1, 0, 0, 1, 1}, "wrap"),
        refusal({0, 0, 1, 1}, "constant"), refusal({0, 0, INT64_MAX, 0, 0, 0, INT64_MAX, 0}, "constant"),
        refusal({0, 0, INT64_MIN, 0, 0, 0, 0, 0}, "constant"), refusal({0, 0, -8, 0, 0, 0, 0, 0}, "constant"),
        refusal({0, 0, -10, 0, 0, 0, 5, 0}, "constant"), refusal({0, 0, 2147483647, 0, 0, 0, 0, 0}, "constant")}) {
    EXPECT_NE(text.find("Pad node"), std::string::npos) << text;
  }
}

struct SliceCase {
  Ints starts, ends, axes, steps, start, step;
  Shape shape;
};

TEST(Slice, ClampsAndCountsFromTheEnd) {
  for (const SliceCase& c : {
           SliceCase{{1, 2}, {3, INT64_MAX}, {1, 2}, {1, 2}, {1, 2, 0}, {1, 2, 1}, {2, 3, 5}},
           SliceCase{{-2}, {-1}, {-1}, {1}, {0, 0, 3}, {1, 1, 1}, {3, 8, 1}},
           SliceCase{{-1}, {INT64_MIN}, {2}, {-3}, {0, 7, 0}, {1, -3, 1}, {3, 3, 5}},
           SliceCase{{100}, {1}, {2}, {-1}, {0, 7, 0}, {1, -1, 1}, {3, 6, 5}},
           SliceCase{{0, 0}, {INT64_MAX, 2}, {0, 1}, {1, 1}, {0, 0, 0}, {1, 1, 1}, {2, 8, 5}},
           SliceCase{{3}, {INT64_MAX}, {2}, {INT64_MAX}, {0, 3, 0}, {1, 2147483647, 1}, {3, 1, 5}},
       }) {
    ModelBuilder b(11, {0, 3, 8, 5});
    b.list("starts", c.starts);
    b.list("ends", c.ends);
    b.list("axes", c.axes);
    b.list("steps", c.steps);
    b.node("Slice", {"x", "starts", "ends", "axes", "steps"});
    const Network net = b.read();
    EXPECT_EQ(only<Slice>(net).start, c.start);
    EXPECT_EQ(only<Slice>(net).step, c.step);
    EXPECT_EQ(net.output_shape(), c.shape);
  }
}

TEST(Slice, AttributesBeforeOpset10) {
  ModelBuilder b(9, {0, 3, 8, 5});
  b.node("Slice", {"x"}).integers("starts", {1, 0}).integers("ends", {3, -1}).integers("axes", {1, 3});
  EXPECT_EQ(b.read().output_shape(), (Shape{2, 8, 4}));
}

TEST(Slice, RefusesTheBatchAndNothing) {
  const auto refusal = [](std::int64_t start, std::int64_t end, std::int64_t axis, std::int64_t step) {
    ModelBuilder b(11, {4, 3, 8, 5});
    b.list("starts", {start});
    b.list("ends", {end});
    b.list("axes", {axis});
    b.list("steps", {step});
    b.node("Slice", {"x", "starts", "ends", "axes", "steps"});
    return b.refusal();
  };
  EXPECT_EQ(refusal(0, 3, 2, 1), "");
  for (const auto& text : {refusal(0, 1, 0, 1), refusal(1, 4, 0, 1), refusal(3, INT64_MIN, 0, -1), refusal(2, 2, 2, 1),
                           refusal(2, 3, 2, 0), refusal(2, 3, 9, 1), refusal(2, 3, 2, INT64_MIN)}) {
    EXPECT_NE(text.find("Slice node"), std::string::npos) << text;
  }
}

// What PyTorch's dynamo exporter makes of a strided view in a file for one image.
TEST(Bare, TheImagesAxisMayBeDroppedAndBroughtBack) {
  ModelBuilder b(18, {1, 6, 1, 1});
  b.list("flat", {6});
  auto& indices = b.list("indices", {4, 3, 2, 1, 0, 5});
  indices.clear_dims();
  for (const int extent : {1, 6, 1, 1}) indices.add_dims(extent);
  b.node("Relu", {"x"}, "r");
  b.node("Reshape", {"r", "flat"}, "v");
  b.node("Gather", {"v", "indices"}, "back").integer("axis", 0);
  b.node("Relu", {"back"});
  const Network net = b.read();
  EXPECT_EQ(net.output_shape(), (Shape{6, 1, 1}));
  const auto at = std::find_if(net.nodes.begin(), net.nodes.end(),
                               [](const Node& n) { return std::holds_alternative<Slice>(n.op); });
  ASSERT_NE(at, net.nodes.end());
  EXPECT_EQ(std::get<Slice>(at->op).start, (Ints{4}));  // of [6]: 4, 3, 2, 1, 0, and then 5
  EXPECT_EQ(std::get<Slice>(at->op).step, (Ints{-1}));
  EXPECT_EQ(std::get<Slice>((at + 1)->op).start, (Ints{5}));
  ModelBuilder again(18, {1, 6, 1, 1});
  again.list("flat", {6});
  again.list("front", {0});
  again.node("Reshape", {"x", "flat"}, "v");
  again.node("Unsqueeze", {"v", "front"}, "back");
  again.node("Relu", {"back"});
  EXPECT_EQ(again.read().output_shape(), (Shape{6}));
}

TEST(Bare, NothingButMovementsTakesSuchAValue) {
  for (const std::int64_t images : {0, 1}) {
    ModelBuilder b(18, {images, 6, 2, 1});
    b.list("flat", {6, 2});
    b.node("Reshape", {"x", "flat"}, "v");
    b.list("starts", {0});
    b.list("ends", {1});
    b.node("Slice", {"v", "starts", "ends"});
    EXPECT_NE(b.refusal().find("the images' axis was expected to stay first"), std::string::npos) << b.refusal();
  }
}

}  // namespace
}  // namespace vbq::test
