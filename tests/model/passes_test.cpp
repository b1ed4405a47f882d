// The passes, one by one, and what they leave of a real export.
#include "model/passes.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "model/onnx_graph.hpp"
#include "model_builder.hpp"

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
                                      ReduceMean{{}}};
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
    Draft draft{{"", "", "", {{3, 4, 4}, shape}, {{"n", op, {0}, ""}}}, 1};
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

TEST(RemoveDeadNodes, KeepsWhatTheOutputReads) {
  Draft draft;
  draft.network.shapes.assign(5, {3});
  draft.network.nodes = {
      {"a", Relu{}, {0}, ""}, {"b", Relu{}, {0}, ""}, {"c", Add{}, {0, 2}, ""}, {"d", Relu{}, {3}, ""}};
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
