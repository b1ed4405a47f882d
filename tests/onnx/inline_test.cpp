// Local functions and Ifs: what they hold is read, and exported, as if it stood in their place.
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include "onnx/export.hpp"
#include "onnx/export_formats.hpp"
#include "onnx/function_builder.hpp"
#include "onnx/functions.hpp"
#include "onnx/model_builder.hpp"
#include "onnx/onnx_checker.hpp"
#include "support/folder.hpp"

namespace vbq::test {
namespace {

// conv 3x3 with padding, LeakyRelu with an alpha of its own: twice, the second after a function that calls the first.
ModelBuilder with_functions() {
  ModelBuilder b(13);
  auto& inner = function(b, "Layer", {"a", "w"}, {"r"});
  inner.add_attribute("slope");
  inner.add_attribute("pads");
  refer(put_node(inner, "Conv", {"a", "w"}, {"c"}), "pads", onnx::AttributeProto::INTS, "pads");
  refer(put_node(inner, "LeakyRelu", {"c"}, {"r"}), "alpha", onnx::AttributeProto::FLOAT, "slope");
  auto& outer = function(b, "Both", {"a", "v", "left_out"}, {"b"});
  auto& call = put_node(outer, "Layer", {"a", "v"}, {"c"}, "own");
  attribute(call, "slope", onnx::AttributeProto::FLOAT).set_f(0.25F);
  put_node(outer, "Relu", {"c"}, {"b"});
  b.normal("w1", {4, 3, 3, 3});
  b.normal("w2", {5, 4, 3, 3}, 2);
  auto first =
      b.node("Layer", {"x", "w1"}, "c").name("one").integers("pads", {1, 1, 1, 1});  // "c" is an inner name too
  first.proto->set_domain("own");
  b.node("Both", {"c", "w2"}).name("two").proto->set_domain("own");
  return b;
}

TEST(Functions, OfTheFileAreWrittenOut) {
  const Network net = with_functions().read();
  ModelBuilder plain(13);
  plain.normal("w1", {4, 3, 3, 3});
  plain.normal("w2", {5, 4, 3, 3}, 2);
  plain.node("Conv", {"x", "w1"}, "a").integers("pads", {1, 1, 1, 1});
  plain.node("LeakyRelu", {"a"}, "b");  // the attribute is left out: ONNX's own default
  plain.node("Conv", {"b", "w2"}, "c");
  plain.node("LeakyRelu", {"c"}, "d").real("alpha", 0.25F);
  plain.node("Relu", {"d"});
  EXPECT_EQ(network_hash(net), network_hash(plain.read()));
  EXPECT_EQ(net.nodes[0].name, "one/c");
  EXPECT_EQ(net.nodes[0].weight_name, "w1");
  EXPECT_EQ(net.nodes[2].name, "two/c/c");
  EXPECT_EQ(net.output_name, "y");
}

TEST(Functions, DefaultsOfTheirAttributes) {  // a field that libonnx 1.12 does not know
  ModelBuilder b(13);
  auto& f = function(b, "Own", {"a"}, {"b"});
  refer(put_node(f, "LeakyRelu", {"a"}, {"b"}), "alpha", onnx::AttributeProto::FLOAT, "slope");
  onnx::AttributeProto given;
  given.set_name("slope");
  given.set_type(onnx::AttributeProto::FLOAT);
  given.set_f(0.75F);
  f.GetReflection()->MutableUnknownFields(&f)->AddLengthDelimited(11, given.SerializeAsString());
  b.node("Own", {"x"}, "c").proto->set_domain("own");
  b.node("Own", {"c"}).real("slope", 0.5F).proto->set_domain("own");
  const Network net = b.read();
  EXPECT_EQ(only<Unary>(net).alpha, 0.75F);
  EXPECT_EQ(only<Unary>(net, 1).alpha, 0.5F);
}

TEST(Functions, MayHandOnTheirInputs) {
  ModelBuilder b(13);
  auto& f = function(b, "Two", {"a"}, {"a", "b"});
  put_node(f, "Relu", {"a"}, {"b"});
  auto two = b.node("Two", {"x"}, "same");
  two.proto->set_domain("own");
  two.proto->add_output("r");
  b.node("Add", {"same", "r"});
  const Network net = b.read();
  EXPECT_EQ(operators(net), (Names{"Relu", "Add"}));
  EXPECT_EQ(net.nodes[1].inputs, (std::vector<ValueId>{0, 1}));
}

TEST(Functions, ThatCannotBeWrittenOutAreRefused) {
  const auto refusal = [](const auto& make, const std::string& called = "F0") {
    ModelBuilder b(13);
    make(b);
    b.node(called, {"x"}).proto->set_domain("own");
    return b.refusal();
  };
  const auto chain = [](int count, int calls) {
    return [=](ModelBuilder& b) {
      for (int k = 0; k < count; ++k) {
        auto& f = function(b, "F" + std::to_string(k), {"a"}, {"c0"});
        for (int c = calls; c-- > 0;) {
          put_node(f, k + 1 == count ? "Relu" : "F" + std::to_string(k + 1), {"a"}, {"c" + std::to_string(c)},
                   k + 1 == count ? "" : "own");
        }
      }
    };
  };
  EXPECT_EQ(refusal(chain(30, 1)), "");
  EXPECT_NE(refusal(chain(30, 2)).find("more than 131072 nodes"), std::string::npos) << refusal(chain(30, 2));
  EXPECT_NE(refusal(chain(1000, 1)).find("called by 64 others in turn"), std::string::npos);
  EXPECT_NE(refusal([&](ModelBuilder& b) {
              for (int k = 0; k < 40; ++k) {  // calls without end that hold no node at all
                auto& f = function(b, "F" + std::to_string(k), {"a"}, {"a"});
                for (int c = 0; c < 2 && k < 39; ++c) {
                  put_node(f, "F" + std::to_string(k + 1), {"a"}, {c == 0 ? "p" : "q"}, "own");
                }
              }
            }).find("more than 131072 nodes"),
            std::string::npos);
  EXPECT_NE(refusal([](ModelBuilder& b) {
              put_node(function(b, "F0", {"a"}, {"b"}), "F1", {"a"}, {"b"}, "own");
              put_node(function(b, "F1", {"a"}, {"b"}), "F0", {"a"}, {"b"}, "own");
            }).find("function \"F0\" calls itself"),
            std::string::npos);
  EXPECT_NE(refusal([](ModelBuilder& b) {
              put_node(function(b, "F0", {"a"}, {"b"}), "Relu", {"x"}, {"b"});
            }).find("reads \"x\", which nothing in it gives before"),
            std::string::npos);
  EXPECT_NE(refusal([](ModelBuilder& b) {
              auto& f = function(b, "F0", {"a"}, {"b"});
              put_node(f, "Relu", {"a"}, {"b"});
              f.mutable_opset_import(0)->set_version(17);
            }).find("written in opset 17, the file in 13"),
            std::string::npos);
  EXPECT_NE(refusal([](ModelBuilder& b) {
              put_node(function(b, "F0", {}, {"b"}), "Relu", {"b"}, {"b"});
            }).find("takes 0 values and gives 1"),
            std::string::npos);
  EXPECT_NE(refusal([](ModelBuilder& b) { function(b, "F0", {"a"}, {"b"}); }).find("is given by no node"),
            std::string::npos);
  EXPECT_NE(refusal([](ModelBuilder& b) { function(b, "F1", {"a"}, {"b"}); }).find("domain \"own\""),
            std::string::npos);
}

TEST(Functions, MuchMemoryIsRefused) {  // many empty messages in a node that is written out again and again
  ModelBuilder b(13);
  auto& f = function(b, "F", {"a"}, {"b"});
  auto& node = put_node(f, "Relu", {"a"}, {"b"});
  for (int k = 0; k < 20000; ++k) node.add_attribute();
  std::string value = "x";
  for (int k = 0; k < 1000; ++k) {
    const std::string next = k == 999 ? "y" : "v" + std::to_string(k);
    b.node("F", {value}, next).proto->set_domain("own");
    value = next;
  }
  EXPECT_NE(b.refusal().find("or 256 MiB"), std::string::npos) << b.refusal();
}

// If condition: a Relu and a convolution, or a Tanh. "r" and "shared" are of the graph around.
NodeMaker add_if(ModelBuilder& b, const std::string& condition, const std::string& output = "y") {
  NodeMaker choice = b.node("If", {condition}, output);
  auto& yes = *attribute(*choice.proto, "then_branch", onnx::AttributeProto::GRAPH).mutable_g();
  yes.set_name("yes");
  auto& weight = *yes.add_initializer();
  weight.set_name("w");
  ModelBuilder::fill(weight, {2, 3, 1, 1}, std::vector<float>{1, 2, 3, 4, 5, 6});
  put_node(yes, "Conv", {"r", "w"}, {"t"});
  put_node(yes, "Relu", {"t"}, {"u"});
  ModelBuilder::declare(*yes.add_output(), "u", {0, 2, 8, 8});
  auto& no = *attribute(*choice.proto, "else_branch", onnx::AttributeProto::GRAPH).mutable_g();
  no.set_name("no");
  put_node(no, "Tanh", {"r"}, {"t"});
  ModelBuilder::declare(*no.add_output(), "t", {0, 3, 8, 8});
  return choice;
}

ModelBuilder with_condition(bool taken) {
  ModelBuilder b(13);
  auto& flag = b.scalar("flag", std::int64_t{taken});
  flag.set_data_type(onnx::TensorProto::BOOL);
  flag.clear_int64_data();
  flag.add_int32_data(taken ? 1 : 0);
  b.node("Relu", {"x"}, "r");
  return b;
}

TEST(If, ByAConstant) {
  for (const bool taken : {false, true}) {
    ModelBuilder b = with_condition(taken);
    add_if(b, "flag");
    EXPECT_EQ(operators(b.read()), taken ? (Names{"Relu", "Conv", "Relu"}) : (Names{"Relu", "Tanh"}));
  }
  ModelBuilder twice = with_condition(true);  // branches may use the same names
  add_if(twice, "flag", "a");
  add_if(twice, "flag", "b");
  twice.node("Add", {"a", "b"});
  EXPECT_EQ(operators(twice.read()), (Names{"Relu", "Conv", "Relu", "Conv", "Relu", "Add"}));
}

TEST(If, ByAShape) {
  for (const std::int64_t channels : {3, 4}) {
    ModelBuilder b = with_condition(true);
    b.list("one", {1});
    b.list("wanted", {channels});
    b.node("Shape", {"r"}, "shape");
    b.node("Gather", {"shape", "one"}, "channels");
    b.node("Equal", {"channels", "wanted"}, "same");
    add_if(b, "same");
    EXPECT_EQ(operators(b.read()), channels == 3 ? (Names{"Relu", "Conv", "Relu"}) : (Names{"Relu", "Tanh"}));
  }
}

TEST(If, OnlyTheBranchThatIsTakenIsLookedAt) {
  ModelBuilder b = with_condition(true);
  NodeMaker choice = add_if(b, "flag");
  auto& no = *choice.proto->mutable_attribute(1)->mutable_g();
  no.mutable_node(0)->set_op_type("Nonsense");
  EXPECT_EQ(b.refusal(), "");
  choice.proto->mutable_attribute(0)->mutable_g()->mutable_node(0)->set_op_type("Nonsense");
  EXPECT_NE(b.refusal().find("not supported"), std::string::npos) << b.refusal();
}

TEST(If, InAnIfAndInAFunction) {
  ModelBuilder b = with_condition(true);
  ModelBuilder inner = with_condition(true);
  add_if(inner, "flag", "z");
  auto& f = function(b, "Choose", {"r", "flag"}, {"z"});
  *f.add_node() = inner.graph().node(1);
  auto& outer = *b.node("If", {"flag"}, "y").proto;
  auto& yes = *attribute(outer, "then_branch", onnx::AttributeProto::GRAPH).mutable_g();
  put_node(yes, "Choose", {"r", "flag"}, {"u"}, "own");
  ModelBuilder::declare(*yes.add_output(), "u", {});
  EXPECT_EQ(operators(b.read()), (Names{"Relu", "Conv", "Relu"}));
}

TEST(If, ThatCannotBeDecidedIsRefused) {
  const auto refusal = [](const auto& change) {
    ModelBuilder b = with_condition(true);
    NodeMaker choice = add_if(b, "flag");
    change(*choice.proto);
    return b.refusal();
  };
  const auto yes = [](onnx::NodeProto& node) { return node.mutable_attribute(0)->mutable_g(); };
  EXPECT_EQ(refusal([](onnx::NodeProto&) {}), "");
  EXPECT_NE(refusal([](onnx::NodeProto& n) { n.set_input(0, "r"); }).find("computed from the image"),
            std::string::npos);
  EXPECT_NE(refusal([](onnx::NodeProto& n) { n.clear_attribute(); }).find("lacks the branch"), std::string::npos);
  EXPECT_NE(refusal([&](onnx::NodeProto& n) { yes(n)->clear_output(); }).find("0 outputs: none and 1"),
            std::string::npos);
  EXPECT_NE(refusal([&](onnx::NodeProto& n) { yes(n)->mutable_output(0)->set_name("t2"); }).find("nothing gives"),
            std::string::npos);
  EXPECT_NE(refusal([&](onnx::NodeProto& n) { yes(n)->mutable_node(0)->set_input(0, "u"); }).find("nothing before"),
            std::string::npos);
}

// What a branch defined is not known behind it.
TEST(If, NamesOfABranchEndWithIt) {
  ModelBuilder b = with_condition(true);
  add_if(b, "flag", "z");
  b.node("Add", {"z", "u"});
  EXPECT_NE(b.refusal().find("\"u\""), std::string::npos) << b.refusal();
}

TEST(Inlined, NetworksAreExported) {
  Folder folder;
  ModelBuilder branches = with_condition(true);
  add_if(branches, "flag", "a");
  add_if(branches, "flag", "b");
  branches.node("Add", {"a", "b"});
  ModelBuilder::declare(*branches.graph().mutable_output(0), "y", {0, 2, 8, 8});
  for (const ModelBuilder& b : {with_functions(), branches}) {
    const auto path = folder / "net.onnx";
    put(path, b.bytes());
    const Network before = read_onnx(path);
    const auto layers = formats_for(before, {-0.75F, -0.2F, 0.1F, 0.9F}, true);
    for (const ExportForm form : {ExportForm::codebook, ExportForm::packed, ExportForm::plain}) {
      const ExportedModel model = export_onnx(path, before, layers, {form}, {});
      onnx::ModelProto proto;
      ASSERT_TRUE(proto.ParseFromString(model.bytes));
      EXPECT_EQ(checker_finds(proto), "");
      const Network after = parse_onnx(model.bytes, "exported.onnx");
      EXPECT_EQ(operators(after), operators(before));
      expect_quantised(after, layers);
    }
  }
}

}  // namespace
}  // namespace vbq::test
