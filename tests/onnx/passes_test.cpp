// The passes, one by one, and what they leave of a real export.
#include "model/passes.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "model_builder.hpp"
#include "onnx/graph.hpp"

namespace vbq::test {
namespace {

TEST(RemoveUnreached, DropsNodesThatTheOutputDoesNotNeed) {
  ModelBuilder b;
  b.node("Nonsense", {"x"}, "dead");
  b.node("Relu", {"x"}, "r");
  b.node("Nonsense", {"r", "dead"}, "dead2");
  b.node("Relu", {"r"});
  Graph graph = read_graph(b.model);
  ASSERT_EQ(graph.nodes.size(), 4U);
  remove_unreached(graph);
  ASSERT_EQ(graph.nodes.size(), 2U);
  EXPECT_EQ(graph.nodes[0]->output(0), "r");
  EXPECT_EQ(graph.nodes[1]->output(0), "y");
  EXPECT_EQ(operators(b.read()), (Names{"Relu", "Relu"}));
}

TEST(RemoveIdentities, TakesOutEachKind) {
  const Shape image{3, 4, 4};
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<Operator> nothing{Reshape{},
                                      Transpose{{0, 1, 2}},
                                      Pad{{0, 0, 0}, {0, 0, 0}, 5},
                                      Slice{{0, 0, 0}, {1, 1, 1}},
                                      Clip{-infinity, infinity},
                                      Concat{0},
                                      MaxPool{},
                                      AveragePool{},
                                      Reduce{{}}};
  Draft draft;
  draft.network.shapes.push_back(image);
  int k = 0;
  for (const Operator& op : nothing) {
    draft.network.nodes.push_back({"n" + std::to_string(k), op, {k}, ""});
    draft.network.shapes.push_back(image);
    ++k;
  }
  draft.network.nodes.push_back({"relu", Relu{}, {k}, ""});
  draft.network.shapes.push_back(image);
  draft.output = k + 1;
  remove_identities(draft);
  EXPECT_EQ(operators(draft.network), Names{"Relu"});
  EXPECT_EQ(draft.network.nodes[0].inputs, std::vector<ValueId>{0});
  EXPECT_EQ(draft.output, 1);
  EXPECT_NO_THROW(validate(draft.network));
}

TEST(RemoveIdentities, KeepsWhatDoesSomething) {
  const std::vector<std::pair<Operator, Shape>> something{{Reshape{}, {48}},
                                                          {Transpose{{1, 0, 2}}, {4, 3, 4}},
                                                          {Pad{{0, 0, 1}, {0, 0, 0}, 0}, {3, 4, 5}},
                                                          {Slice{{0, 3, 0}, {1, -1, 1}}, {3, 4, 4}},
                                                          {Clip{-1, std::numeric_limits<float>::infinity()}, {3, 4, 4}},
                                                          {MaxPool{{3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, {3, 4, 4}},
                                                          {Relu{}, {3, 4, 4}}};
  for (const auto& [op, shape] : something) {
    Draft draft;
    draft.network.shapes = {{3, 4, 4}, shape};
    draft.network.nodes = {{"n", op, {0}, ""}};
    draft.output = 1;
    remove_identities(draft);
    EXPECT_EQ(draft.network.nodes.size(), 1U) << operator_name(op);
  }
}

TEST(RemoveIdentities, AtTheOutput) {
  ModelBuilder b;
  b.node("Relu", {"x"}, "r");
  b.node("Identity", {"r"});
  const Network net = b.read();
  EXPECT_EQ(operators(net), Names{"Relu"});
  EXPECT_EQ(net.output_name, "y");
}

TEST(RemoveIdentities, OfANetworkThatDoesNothingIsRefused) {
  ModelBuilder b;
  b.node("Identity", {"x"});
  EXPECT_NE(b.refusal().find("at least one node"), std::string::npos) << b.refusal();
}

// A draft of these nodes over one input, each value's shape given.
Draft draft_of(std::vector<Shape> shapes, std::vector<Node> nodes) {
  Draft draft;
  draft.network.shapes = std::move(shapes);
  draft.network.nodes = std::move(nodes);
  draft.output = static_cast<ValueId>(draft.network.nodes.size());
  return draft;
}

Constant constant(const Shape& shape, std::vector<float> values) { return Constant{{shape, std::move(values)}}; }

TEST(RecogniseBatchNorm, MulAndAddByAChannelsNumbers) {
  const Shape image{2, 4, 4}, numbers{2, 1, 1};
  Draft draft = draft_of({image, numbers, image, numbers, image}, {{"s", constant(numbers, {2, 3}), {}, ""},
                                                                   {"m", kMultiply, {1, 0}, ""},
                                                                   {"t", constant(numbers, {5, 7}), {}, ""},
                                                                   {"a", kAdd, {2, 3}, ""}});
  recognise_batch_norm(draft);
  remove_dead_nodes(draft);
  ASSERT_EQ(operators(draft.network), Names{"BatchNormalization"});
  EXPECT_EQ(draft.network.nodes[0].name, "a");
  EXPECT_EQ(draft.network.nodes[0].inputs, std::vector<ValueId>{0});
  const auto& norm = std::get<BatchNorm>(draft.network.nodes[0].op);
  EXPECT_EQ(norm.scale, (std::vector<float>{2, 3}));
  EXPECT_EQ(norm.shift, (std::vector<float>{5, 7}));
  EXPECT_NO_THROW(validate(draft.network));
}

TEST(RecogniseBatchNorm, AMulThatOthersReadStaysBesideTheAdd) {
  const Shape image{2, 4, 4}, numbers{2, 1, 1};
  Draft draft = draft_of({image, numbers, image, image, image}, {{"s", constant(numbers, {2, 3}), {}, ""},
                                                                 {"m", kMultiply, {0, 1}, ""},
                                                                 {"a", kAdd, {2, 1}, ""},
                                                                 {"b", kAdd, {2, 3}, ""}});
  recognise_batch_norm(draft);
  remove_dead_nodes(draft);
  EXPECT_EQ(operators(draft.network), (Names{"BatchNormalization", "BatchNormalization", "Add"}));
  EXPECT_EQ(std::get<BatchNorm>(draft.network.nodes[1].op).scale, (std::vector<float>{1, 1}));
}

TEST(RecogniseBatchNorm, OtherConstantsAreLeftAlone) {
  const Shape image{2, 4, 4};
  for (const auto& [shape, out] : std::vector<std::pair<Shape, Shape>>{
           {{1, 1, 1}, image}, {{1, 1, 4}, image}, {{2, 4, 4}, image}, {{2, 4, 1}, image}}) {
    Draft draft =
        draft_of({image, shape, out},
                 {{"c", constant(shape, std::vector<float>(static_cast<std::size_t>(elements(shape)), 2)), {}, ""},
                  {"m", kMultiply, {0, 1}, ""}});
    recognise_batch_norm(draft);
    EXPECT_EQ(operators(draft.network).back(), "Mul");
  }
  // A constant that is as large as the image, and the image one number a channel.
  Draft draft = draft_of({{2, 1, 1}, image, image},
                         {{"c", constant(image, std::vector<float>(32, 2)), {}, ""}, {"m", kMultiply, {0, 1}, ""}});
  recognise_batch_norm(draft);
  EXPECT_EQ(operators(draft.network).back(), "Mul");
}

TEST(RecogniseBatchNorm, InAFileItIsFoldedAsAnyBatchNorm) {
  ModelBuilder b(13, {0, 3, 8, 8});
  b.normal("w", {4, 3, 3, 3});
  b.normal("s", {4, 1, 1}, 2);
  b.normal("t", {1, 4, 1, 1}, 3);
  b.node("Conv", {"x", "w"}, "c");
  b.node("Mul", {"c", "s"}, "m");
  b.node("Add", {"t", "m"});
  EXPECT_EQ(operators(b.read()), (Names{"Conv", "BatchNormalization"}));
}

const Transpose kToLast{{1, 2, 0}}, kToFirst{{2, 0, 1}};  // [C, H, W] -> [H, W, C] and back

TEST(MergeTransposes, PairsAroundElementByElementNodesCancel) {
  const Shape first{2, 3, 4}, last{3, 4, 2};
  Draft draft = draft_of({first, last, last, last, first, first}, {{"t1", kToLast, {0}, ""},
                                                                   {"relu", Relu{}, {1}, ""},
                                                                   {"clip", Clip{0, 6}, {2}, ""},
                                                                   {"t2", kToFirst, {3}, ""},
                                                                   {"end", Relu{}, {4}, ""}});
  merge_transposes(draft);
  remove_identities(draft);
  remove_dead_nodes(draft);
  EXPECT_EQ(operators(draft.network), (Names{"Relu", "Clip", "Relu"}));
  EXPECT_EQ(draft.network.nodes[0].name, "relu");
  EXPECT_EQ(draft.network.shapes, (std::vector<Shape>{first, first, first, first}));
  EXPECT_NO_THROW(validate(draft.network));
}

TEST(MergeTransposes, TwoThatAnAddJoins) {
  const Shape first{2, 3, 4}, last{3, 4, 2};
  Draft draft = draft_of({first, first, last, last, last, first}, {{"r", Relu{}, {0}, ""},
                                                                   {"t1", kToLast, {0}, ""},
                                                                   {"t2", kToLast, {1}, ""},
                                                                   {"add", kAdd, {3, 2}, ""},
                                                                   {"t3", kToFirst, {4}, ""}});
  merge_transposes(draft);
  remove_identities(draft);
  remove_dead_nodes(draft);
  EXPECT_EQ(operators(draft.network), (Names{"Relu", "Add"}));
  EXPECT_EQ(draft.network.nodes[1].inputs, (std::vector<ValueId>{1, 0}));
  EXPECT_NO_THROW(validate(draft.network));
}

TEST(MergeTransposes, KeepsWhatIsNeeded) {
  const Shape first{2, 3, 4}, last{3, 4, 2}, other{4, 2, 3};
  // Read twice: it stays where it is.
  Draft shared =
      draft_of({first, last, last, last}, {{"t", kToLast, {0}, ""}, {"r", Relu{}, {1}, ""}, {"a", kAdd, {1, 2}, ""}});
  merge_transposes(shared);
  EXPECT_EQ(operators(shared.network), (Names{"Transpose", "Relu", "Add"}));
  // Two that do not cancel become one.
  Draft twice = draft_of({first, last, other}, {{"t", kToLast, {0}, ""}, {"u", kToLast, {1}, ""}});
  merge_transposes(twice);
  remove_dead_nodes(twice);
  ASSERT_EQ(operators(twice.network), Names{"Transpose"});
  EXPECT_EQ(std::get<Transpose>(twice.network.nodes[0].op).permutation, (std::vector<int>{2, 0, 1}));
  EXPECT_NO_THROW(validate(twice.network));
}

TEST(RemoveDeadNodes, KeepsWhatTheOutputReads) {
  Draft draft;
  draft.network.shapes.assign(5, {3});
  draft.network.nodes = {
      {"a", Relu{}, {0}, ""}, {"b", Relu{}, {0}, ""}, {"c", kAdd, {0, 2}, ""}, {"d", Relu{}, {3}, ""}};
  draft.output = 3;
  remove_dead_nodes(draft);
  ASSERT_EQ(draft.network.nodes.size(), 2U);
  EXPECT_EQ(draft.network.nodes[0].name, "b");
  EXPECT_EQ(draft.network.nodes[1].name, "c");
  EXPECT_EQ(draft.network.nodes[1].inputs, (std::vector<ValueId>{0, 1}));
  EXPECT_EQ(draft.output, 2);
  EXPECT_NO_THROW(validate(draft.network));
}

TEST(RemoveDeadNodes, ValuesReadForTheirShapeOnly) {
  ModelBuilder b(13, {0, 3, 8, 8});
  b.node("MaxPool", {"x"}, "p").integers("kernel_shape", {2, 2}).integers("strides", {2, 2});
  b.list("rest", {-1});
  b.list("first", {0});
  b.node("Shape", {"p"}, "shape");
  b.node("Gather", {"shape", "first"}, "batch");
  b.node("Concat", {"batch", "rest"}, "target").integer("axis", 0);
  b.node("Reshape", {"x", "target"});
  EXPECT_EQ(operators(b.read()), Names{"Reshape"});
}

// Pads and shapes computed as in PyTorch's export of F.pad and view.
TEST(FoldConstants, ComputedPadsBecomePlainData) {
  ModelBuilder b(13, {0, 3, 8, 8});
  b.list("pads", {0, 0, 1, 2, 4, 4});  // of the last axes first, begin and end in turn
  b.list("length", {2});
  NodeMaker zeros = b.node("ConstantOfShape", {"length"}, "zeros");
  ModelBuilder::fill(zeros.tensor("value"), {1}, Ints{0});
  b.node("Concat", {"pads", "zeros"}, "all").integer("axis", 0);
  b.list("pairs", {-1, 2});
  b.node("Reshape", {"all", "pairs"}, "table");
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::int64_t>>{
           {"axis", 0}, {"start", -1}, {"end", INT64_MIN}, {"step", -1}, {"flat", -1}}) {
    NodeMaker constant = b.node("Constant", {}, name);
    ModelBuilder::fill(constant.tensor("value"), {1}, Ints{value});
  }
  b.node("Slice", {"table", "start", "end", "axis", "step"}, "reversed");
  b.node("Transpose", {"reversed"}, "sides").integers("perm", {1, 0});
  b.node("Reshape", {"sides", "flat"}, "list");
  b.node("Cast", {"list"}, "amounts").integer("to", onnx::TensorProto::INT64);
  b.node("Pad", {"x", "amounts", ""}).text("mode", "constant");
  const Network net = b.read();
  EXPECT_EQ(operators(net), Names{"Pad"});
  EXPECT_EQ(only<Pad>(net).before, (Ints{4, 1, 0}));
  EXPECT_EQ(only<Pad>(net).after, (Ints{4, 2, 0}));
}

TEST(FoldConstants, ComputedShapesBecomePlainData) {
  const Network net = small_export().read();
  EXPECT_EQ(operators(net), (Names{"Conv", "BatchNormalization", "Relu", "MaxPool", "Reshape", "Gemm"}));
  EXPECT_EQ(net.output_shape(), Shape{5});
}

}  // namespace
}  // namespace vbq::test
