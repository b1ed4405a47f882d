// Files whose names are in the exporter's way: our own exports above all. ONNX's own checker sees every file that is
// made.
#include <gtest/gtest.h>

#include <set>

#include "onnx/export_formats.hpp"
#include "onnx/model_builder.hpp"
#include "onnx/onnx_checker.hpp"
#include "support/folder.hpp"

namespace vbq {
namespace {

using test::expect_quantised;
using test::formats_for;
using test::has;
using test::ModelBuilder;

constexpr ExportForm kForms[] = {ExportForm::codebook, ExportForm::packed, ExportForm::dequantize, ExportForm::plain};
const std::vector<float> kGrid{-0.5F, -0.25F, 0, 0.25F}, kOtherGrid{-0.75F, -0.25F, 0.25F, 0.75F};

class Reexport : public ::testing::Test {
 protected:
  // Of the file's bytes. metadata: the form, so that it differs from one pass to the next.
  std::string exported(const std::string& bytes, const std::vector<ExportLayer>& layers, ExportForm form) {
    test::put(path(), bytes);
    const std::string mark = std::to_string(static_cast<int>(form));
    std::string result = export_onnx(path(), read_onnx(path()), layers, {form}, {{"vbq.form", mark}}).bytes;
    EXPECT_EQ(test::checker_finds(parsed(result)), "");
    return result;
  }
  std::filesystem::path path() const { return folder_ / "net.onnx"; }
  static onnx::ModelProto parsed(const std::string& bytes) {
    onnx::ModelProto proto;
    EXPECT_TRUE(proto.ParseFromString(bytes));
    return proto;
  }
  // Of every value that the graph defines, and how often.
  static std::multiset<std::string> defined(const onnx::ModelProto& model) {
    std::multiset<std::string> names;
    for (const auto& tensor : model.graph().initializer()) names.insert(tensor.name());
    for (const auto& node : model.graph().node()) names.insert(node.output().begin(), node.output().end());
    return names;
  }
  test::Folder folder_;
};

TEST_F(Reexport, EveryFormOnEveryForm) {
  const std::string trained = test::small_export().bytes();
  const Network network = parse_onnx(trained, "trained.onnx");
  for (const bool matched : {false, true}) {
    const auto first = formats_for(network, kGrid, matched), second = formats_for(network, kOtherGrid, matched);
    for (const ExportForm before : kForms) {
      const std::string once = exported(trained, first, before);
      expect_quantised(parse_onnx(once, "once.onnx"), first, before);
      for (const ExportForm after : kForms) {
        const std::string twice = exported(once, second, after);
        expect_quantised(parse_onnx(twice, "twice.onnx"), second, after);
        const onnx::ModelProto model = parsed(twice);
        const auto names = defined(model);
        for (const std::string& name : names) EXPECT_EQ(names.count(name), 1U) << name;
        EXPECT_TRUE(names.contains("w") && names.contains("fc")) << "weights keep their names";
        ASSERT_EQ(model.metadata_props_size(), 1);
        EXPECT_EQ(model.metadata_props(0).value(), std::to_string(static_cast<int>(after)));
        // Nothing of the first pass is left, and the names are the same after any number of them.
        EXPECT_EQ(names, defined(parsed(exported(trained, second, after))));
      }
    }
  }
}

TEST_F(Reexport, DifferentLayersInTwoPasses) {
  const std::string trained = test::small_export().bytes();
  const auto layers = formats_for(parse_onnx(trained, "trained.onnx"), kGrid, false);
  for (const ExportForm before : kForms) {
    for (const ExportForm after : kForms) {
      const std::string once = exported(trained, {layers[0]}, before);
      const std::string twice = exported(once, {layers[1]}, after);
      const Network read = parse_onnx(twice, "twice.onnx");
      expect_quantised(read, {layers[0]}, before);
      expect_quantised(read, {layers[1]}, after);
      EXPECT_EQ(parsed(twice).metadata_props_size(), 1);
    }
  }
}

// Initialisers, nodes, values, descriptions and nested graphs that are called what the exporter would call its own.
TEST_F(Reexport, NamesThatAreTaken) {
  ModelBuilder b(13, {0, 2, 4, 4});
  b.normal("w", {2, 2, 1, 1}, 1);
  for (const char* name : {"w_indices", "w_levels", "w_quantized", "a_unmatched", "w_bias"}) b.scalar(name, 2.0F);
  b.scalar("yes", 1.0F).set_data_type(onnx::TensorProto::BOOL);
  b.graph().mutable_initializer(b.graph().initializer_size() - 1)->set_raw_data("\1", 1);
  ModelBuilder::declare(*b.graph().add_value_info(), "w_shape", {1});
  b.node("Conv", {"x", "w"}, "a").name("w_Cast");
  b.node("Mul", {"a", "w_indices"}, "b").name("w");
  b.node("Add", {"b", "w_levels"}, "w_scale");
  b.node("Add", {"w_scale", "w_quantized"}, "w_Gather").name("w_Mul");
  b.node("Add", {"w_Gather", "a_unmatched"}, "c");
  b.node("Add", {"c", "w_bias"}, "y");
  auto branch = b.node("If", {"yes"}, "unread");  // which nothing needs
  for (const char* side : {"then_branch", "else_branch"}) {
    auto* attribute = branch.proto->add_attribute();
    attribute->set_name(side);
    attribute->set_type(onnx::AttributeProto::GRAPH);
    attribute->mutable_g()->set_name(side);
    auto* node = attribute->mutable_g()->add_node();
    node->set_op_type("Identity");
    node->set_name("w_Gather_2");
    node->add_input("w");  // read here too: it stays
    node->add_output(std::string("w_Reshape") + side);
    attribute->mutable_g()->add_output()->set_name(node->output(0));
  }
  const std::string trained = b.bytes();
  const Network network = parse_onnx(trained, "trained.onnx");
  ASSERT_EQ(test::checker_finds(parsed(trained)), "");
  for (const ExportForm form : kForms) {
    const auto layers = formats_for(network, kGrid, true);
    const std::string once = exported(trained, layers, form);
    expect_quantised(parse_onnx(once, "once.onnx"), layers);
    const auto names = defined(parsed(once));
    for (const std::string& name : names) EXPECT_EQ(names.count(name), 1U) << name;
    EXPECT_TRUE(names.contains("w") && names.contains("w_2"));
  }
}

TEST_F(Reexport, ASharedWeightStaysForItsOtherReader) {
  ModelBuilder b(13, {0, 2, 4, 4});
  b.normal("w", {2, 2, 1, 1}, 1);
  b.node("Identity", {"w"}, "alias");  // as PyTorch writes shared weights
  b.node("Conv", {"x", "w"}, "a").name("first");
  b.node("Conv", {"a", "alias"}, "y").name("second");
  const std::string trained = b.bytes();
  const Network network = parse_onnx(trained, "trained.onnx");
  const auto layers = formats_for(network, kGrid, false);
  for (const ExportForm form : kForms) {
    for (const std::size_t left : {0U, 1U}) {
      const std::string once = exported(trained, {layers[1 - left]}, form);
      const Network after = parse_onnx(once, "once.onnx");
      expect_quantised(after, {layers[1 - left]});
      EXPECT_EQ(weight_of(test::node_called(after, layers[left].name))->data, weight_of(network.nodes[left])->data);
      EXPECT_TRUE(defined(parsed(once)).contains("w"));
      const std::string twice = exported(once, {layers[left]}, form);
      expect_quantised(parse_onnx(twice, "twice.onnx"), layers);
    }
    expect_quantised(parse_onnx(exported(trained, layers, form), "both.onnx"), layers);
  }
}

// Old files list initialisers among the inputs, and stay so; int4 needs IR version 10, where none are listed.
TEST_F(Reexport, AFileIsValidForItsOwnIrVersion) {
  for (const int opset : {8, 13, 21}) {
    ModelBuilder b(opset, {0, 2, 4, 4});
    b.model.set_ir_version(3);
    b.normal("w", {2, 2, 1, 1}, 1);
    b.normal("v", {2, 2, 1, 1}, 2);
    ModelBuilder::declare(*b.graph().add_input(), "w", {2, 2, 1, 1});
    ModelBuilder::declare(*b.graph().add_input(), "v", {2, 2, 1, 1});
    b.node("Conv", {"x", "w"}, "a").name("first");
    b.node("Conv", {"a", "v"}, "y").name("second");
    const std::string trained = b.bytes();
    auto layers = formats_for(parse_onnx(trained, "trained.onnx"), kGrid, true);
    layers.pop_back();  // "v" stays
    for (const ExportForm form : kForms) {
      if (form == ExportForm::dequantize && opset < 13) continue;
      const std::string once = exported(trained, layers, form);
      expect_quantised(parse_onnx(once, "once.onnx"), layers);
      const onnx::ModelProto model = parsed(once);
      const bool raised = form == ExportForm::dequantize && opset == 21;
      EXPECT_EQ(model.ir_version(), raised ? 10 : 3);
      EXPECT_EQ(model.graph().input(0).name(), "x");
      EXPECT_EQ(model.graph().input_size(), raised ? 1 : 1 + model.graph().initializer_size());
    }
  }
}

TEST_F(Reexport, NodesWithoutInputsOrOutputsAreNoHindrance) {
  ModelBuilder b(13, {0, 2, 4, 4});
  b.normal("w", {2, 2, 1, 1}, 1);
  for (const char* type : {"Identity", "Constant", "Cast"}) b.graph().add_node()->set_op_type(type);
  b.node("Identity", {"w"}, "alias");
  b.node("Conv", {"x", "alias"}, "y");
  test::put(path(), b.bytes());
  const Network network = read_onnx(path());
  const auto layers = formats_for(network, kGrid, false);
  const std::string once = export_onnx(path(), network, layers, {ExportForm::plain}, {}).bytes;
  expect_quantised(parse_onnx(once, "once.onnx"), layers);
  EXPECT_EQ(parsed(once).graph().node_size(), 4) << "the alias is gone, and nothing else";
}

// Form packed takes for each layer what is smallest: FP32 for a few weights, a byte an index, several indices a byte.
TEST_F(Reexport, PackedIsTheSmallest) {
  for (const std::int64_t side : {2, 16, 100, 257, 320}) {
    ModelBuilder b(13, {0, side});
    b.normal("w", {side, side}, 1);
    b.node("Gemm", {"x", "w"}, "y").integer("transB", 1);
    const auto layers = formats_for(b.read(), kGrid, false);
    const std::string packed = exported(b.bytes(), layers, ExportForm::packed);
    expect_quantised(parse_onnx(packed, "packed.onnx"), layers);
    for (const ExportForm other : {ExportForm::codebook, ExportForm::plain}) {
      EXPECT_LE(packed.size(), exported(b.bytes(), layers, other).size()) << side;
    }
  }
}

// Weights that nodes compute in another type than FP32 do not fit beside new constants.
TEST_F(Reexport, WeightsComputedInHalfPrecisionAreRefused) {
  ModelBuilder b(13, {0, 1, 2, 2});
  b.normal("w", {1, 1, 1, 1}, 1);
  b.node("Cast", {"w"}, "half").integer("to", onnx::TensorProto::FLOAT16);
  b.node("Identity", {"half"}, "same");
  b.node("Conv", {"x", "same"}, "y");
  const auto layers = formats_for(b.read(), kGrid, false);
  EXPECT_TRUE(has(test::error_of([&] { exported(b.bytes(), layers, ExportForm::codebook); }), "FP32 was expected"));
}

}  // namespace
}  // namespace vbq
