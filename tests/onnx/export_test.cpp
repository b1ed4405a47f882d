// Exported files read back by our own reader: their weights are the quantised ones, and nothing else has changed.
#include "onnx/export.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

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

const std::vector<float> kLevels{-0.75F, -0.2F, 0.1F, 0.9F};

class Export : public ::testing::Test {
 protected:
  ExportedModel exported(const ModelBuilder& builder, const std::vector<ExportLayer>& layers, ExportForm form) {
    test::put(path(), builder.bytes());
    ExportedModel model = export_onnx(path(), read_onnx(path()), layers, {form}, {{"vbq.bits", "2"}});
    EXPECT_EQ(test::checker_finds(parsed(model)), "");
    return model;
  }
  std::filesystem::path path() const { return folder_ / "net.onnx"; }
  onnx::ModelProto parsed(const ExportedModel& model) {
    onnx::ModelProto proto;
    EXPECT_TRUE(proto.ParseFromString(model.bytes));
    return proto;
  }
  test::Folder folder_;
};

TEST_F(Export, EveryFormHoldsTheQuantisedWeights) {
  const ModelBuilder builder = test::small_export();
  const Network before = builder.read();
  for (const bool matched : {false, true}) {
    const auto layers = formats_for(before, kLevels, matched);
    for (const ExportForm form : {ExportForm::codebook, ExportForm::packed, ExportForm::plain}) {
      const ExportedModel model = exported(builder, layers, form);
      const Network after = parse_onnx(model.bytes, "exported.onnx");
      EXPECT_EQ(test::operators(after), test::operators(before));
      expect_quantised(after, layers, form);
      const onnx::ModelProto proto = parsed(model);
      EXPECT_EQ(proto.opset_import(0).version(), 13);
      EXPECT_EQ(proto.metadata_props(0).key(), "vbq.bits");
      EXPECT_EQ(model.fp32_bytes, builder.bytes().size());
      for (const auto& tensor : proto.graph().initializer()) {
        const bool old = tensor.name() == "w" || tensor.name() == "fc";
        EXPECT_TRUE(!old || form == ExportForm::plain) << "the old weights are still there";
      }
      EXPECT_EQ(std::get<Conv>(after.nodes[0].op).bias, std::vector<float>());
    }
  }
}

// Multiplications and shifts of a layer's outputs cost nothing where a batch norm takes them.
TEST_F(Export, ScalesAndShiftsGoIntoTheBatchNormBehind) {
  ModelBuilder builder = test::small_export();
  builder.normal("c_bias", {4}, 7);
  builder.graph().mutable_node(0)->add_input("c_bias");
  builder.node("Identity", {"c"}, "same");  // which the network does not have
  builder.graph().mutable_node(1)->set_input(0, "same");
  for (int k = builder.graph().node_size() - 1; k > 1; --k) builder.graph().mutable_node()->SwapElements(k, k - 1);
  const Network before = builder.read();
  const auto layers = formats_for(before, kLevels, true);
  const BatchNorm& trained = std::get<BatchNorm>(before.nodes[1].op);
  const std::vector<float>& bias = std::get<Conv>(before.nodes[0].op).bias;
  for (const ExportForm form : {ExportForm::codebook, ExportForm::packed, ExportForm::plain}) {
    const ExportedModel model = exported(builder, layers, form);
    const Network after = parse_onnx(model.bytes, "exported.onnx");
    EXPECT_EQ(std::get<Conv>(after.nodes[0].op).bias, std::vector<float>());
    const BatchNorm& norm = std::get<BatchNorm>(after.nodes[1].op);
    for (std::size_t c = 0; c < 4; ++c) {
      const float scale = form == ExportForm::plain ? 1.0F : layers[0].scales[c] * layers[0].gain[c];
      const float shift = layers[0].gain[c] * bias[c] + layers[0].shift[c];
      EXPECT_FLOAT_EQ(norm.scale[c], trained.scale[c] * scale);
      EXPECT_NEAR(norm.shift[c], trained.scale[c] * shift + trained.shift[c], 1e-6);
    }
    const onnx::ModelProto proto = parsed(model);
    for (const auto& tensor : proto.graph().initializer()) {
      EXPECT_TRUE(!tensor.name().starts_with("c_bias")) << tensor.name() << " is read by nothing";
    }
  }
}

TEST_F(Export, ABatchNormThatIsNotAloneTakesNothing) {
  ModelBuilder twice = test::small_export();  // the layer's output is read elsewhere too
  twice.graph().mutable_node(2)->set_op_type("Add");
  twice.graph().mutable_node(2)->add_input("c");
  ModelBuilder by_hand = test::small_export();  // what the network has for one is none in the file
  by_hand.normal("channels", {4, 1, 1}, 8);
  *by_hand.graph().mutable_node(1) = onnx::NodeProto();
  by_hand.graph().mutable_node(1)->set_op_type("Mul");
  for (const char* input : {"c", "channels"}) by_hand.graph().mutable_node(1)->add_input(input);
  by_hand.graph().mutable_node(1)->add_output("n");
  for (const ModelBuilder& builder : {twice, by_hand}) {
    const Network before = builder.read();
    ASSERT_TRUE(std::holds_alternative<BatchNorm>(before.nodes[1].op));
    EXPECT_EQ(batch_norm_behind(before, 0), -1);
    const auto layers = formats_for(before, kLevels, true);
    const Network after = parse_onnx(exported(builder, layers, ExportForm::codebook).bytes, "exported.onnx");
    EXPECT_EQ(std::get<Conv>(after.nodes[0].op).bias, layers[0].shift);
    expect_quantised(after, layers, ExportForm::plain);
    EXPECT_EQ(std::get<BatchNorm>(after.nodes[1].op).scale, std::get<BatchNorm>(before.nodes[1].op).scale);
  }
}

// MatMul by [I, O] and an addition; Gemm not transposed, with alpha, beta and a bias; Gemm that adds an activation.
TEST_F(Export, LinearLayersInEveryLayout) {
  ModelBuilder b(13, {0, 6});
  b.normal("a", {6, 5}, 1);
  b.normal("c", {5, 4}, 2);
  b.normal("bias", {4}, 3);
  b.normal("d", {4, 4}, 4);
  b.node("MatMul", {"x", "a"}, "p");
  b.node("Gemm", {"p", "c", "bias"}, "q").real("alpha", 0.5F).real("beta", 2);
  b.node("Gemm", {"q", "d", "q"}, "y").integer("transB", 1);
  const Network before = b.read();
  const auto layers = formats_for(before, kLevels, true);
  for (const ExportForm form : {ExportForm::codebook, ExportForm::packed, ExportForm::plain}) {
    const ExportedModel model = exported(b, layers, form);
    const Network after = parse_onnx(model.bytes, "exported.onnx");
    expect_quantised(after, layers);
    const onnx::ModelProto proto = parsed(model);
    int additions = 0;
    for (const auto& node : proto.graph().node()) additions += node.op_type() == "Add" ? 1 : 0;
    EXPECT_EQ(additions, 2);  // behind MatMul and behind the Gemm whose third input is taken
    std::vector<float> wanted = layers[1].shift;
    const auto& bias = std::get<Linear>(before.nodes[1].op).bias;
    for (std::size_t o = 0; o < wanted.size(); ++o) wanted[o] += layers[1].gain[o] * bias[o];
    bool found = false;
    for (const Node& node : after.nodes) {
      if (node.name == layers[1].name) found = std::get<Linear>(node.op).bias == wanted;
    }
    EXPECT_TRUE(found);
  }
}

// A codebook for each output, of several lengths, in both layouts, and quantised biases.
TEST_F(Export, CodebooksAnOutput) {
  ModelBuilder b(11, {0, 2, 3, 3});
  b.normal("w", {3, 2, 3, 3}, 1);
  b.normal("w_bias", {3}, 2);
  b.normal("m", {3, 4}, 3);
  b.node("Conv", {"x", "w", "w_bias"}, "c").integers("kernel_shape", {3, 3});
  b.node("Flatten", {"c"}, "f");
  b.node("MatMul", {"f", "m"}, "y");
  auto layers = formats_for(b.read(), {1, 2}, true);
  for (ExportLayer& layer : layers) {
    layer.codebooks.clear();
    for (std::size_t o = 0; o < layer.scales.size(); ++o) {
      layer.codebooks.push_back({-1.0F - static_cast<float>(o), 0.5F});
      if (o == 1) layer.codebooks.back().push_back(2);
      layer.bias.push_back(static_cast<float>(o));
    }
  }
  for (const ExportForm form : {ExportForm::codebook, ExportForm::packed, ExportForm::plain}) {
    const Network after = parse_onnx(exported(b, layers, form).bytes, "exported.onnx");
    expect_quantised(after, layers);
    for (std::size_t o = 0; o < 3; ++o) {
      EXPECT_EQ(std::get<Conv>(after.nodes[0].op).bias[o],
                layers[0].shift[o] + layers[0].gain[o] * static_cast<float>(o));
    }
  }
  b.model.mutable_opset_import(0)->set_version(10);
  EXPECT_TRUE(has(test::error_of([&] { exported(b, layers, ExportForm::codebook); }), "needs opset 11"));
}

// A byte's value tells how common it is, in every layer alike, and bytes lie beside bytes: what compressors like.
TEST_F(Export, CommonLevelsHaveSmallNumbers) {
  const ModelBuilder builder = test::small_export();
  auto layers = formats_for(builder.read(), kLevels, true);
  for (ExportLayer& layer : layers) {
    for (std::size_t i = 0; i < layer.indices.size(); ++i) layer.indices[i] = i % 8 < 4 ? 2 : i % 8 < 7 ? 3 : 0;
  }
  for (const bool channels : {false, true}) {
    for (ExportLayer& layer : layers) layer.codebooks.resize(channels ? layer.scales.size() : 1, kLevels);
    const ExportedModel model = exported(builder, layers, ExportForm::codebook);
    expect_quantised(parse_onnx(model.bytes, "exported.onnx"), layers);
    std::string bytes;
    const onnx::ModelProto proto = parsed(model);
    for (const auto& tensor : proto.graph().initializer()) {
      if (tensor.data_type() != onnx::TensorProto::UINT8) continue;
      const auto count = [&](char number) { return std::ranges::count(tensor.raw_data(), number); };
      EXPECT_GT(count('\0'), count('\1')) << tensor.name();
      EXPECT_GT(count('\1'), count('\2')) << tensor.name();
      bytes += tensor.raw_data();
    }
    EXPECT_TRUE(model.weights.starts_with(bytes));
    std::size_t numbers = layers[1].scales.size();  // with gains; the batch norm has the other layer's; tables
    for (const ExportLayer& layer : layers) numbers += layer.codebooks.size() * kLevels.size();
    const std::size_t shape = channels ? 4 * sizeof(std::int64_t) : 0;  // of the kernel, behind GatherElements
    EXPECT_EQ(model.weights.size(), bytes.size() + sizeof(float) * numbers + shape);
  }
}

TEST_F(Export, DequantizeNeedsAGridThroughZero) {
  ModelBuilder b(21, {0, 1, 2, 2});
  b.normal("w", {2, 1, 2, 1}, 1);
  b.node("Conv", {"x", "w"}).integers("kernel_shape", {2, 1});
  const Network network = b.read();
  auto layers = formats_for(network, kLevels, false);
  test::put(path(), b.bytes());
  layers[0].codebooks = {{-0.7071F, -0.1F, 0.1618F, 0.2718F}};
  EXPECT_TRUE(
      has(test::error_of([&] { exported(b, layers, ExportForm::dequantize); }), "not on an even grid through zero"));
  layers[0].codebooks = {{-0.5F, -0.25F, 0, 0.25F}};
  layers[0].indices = {0, 1, 2, 3};
  layers[0].scales = {1, 2};
  const onnx::ModelProto four = parsed(exported(b, layers, ExportForm::dequantize));
  ASSERT_EQ(four.graph().initializer_size(), 2);
  EXPECT_EQ(four.graph().initializer(0).data_type(), 22);         // INT4
  EXPECT_EQ(four.graph().initializer(0).raw_data(), "\xfe\x10");  // -2, -1, 0, 1, the first in the lower half
  EXPECT_EQ(four.graph().initializer(1).raw_data().size(), 2 * sizeof(float));
  EXPECT_EQ(four.ir_version(), 10);
  layers[0].codebooks = {{-0.75F, -0.25F, 0.25F, 0.75F}};  // no level at zero: odd multiples of half a step
  b.model.mutable_opset_import(0)->set_version(13);
  const onnx::ModelProto eight = parsed(exported(b, layers, ExportForm::dequantize));
  EXPECT_EQ(eight.graph().initializer(0).data_type(), onnx::TensorProto::INT8);
  EXPECT_EQ(eight.graph().initializer(0).raw_data(), "\xfd\xff\x01\x03");
  layers[0].codebooks = {{-0.75F, -0.25F, 0.5F}};  // a grid of which levels are missing
  layers[0].indices = {0, 1, 2, 0};
  EXPECT_EQ(parsed(exported(b, layers, ExportForm::dequantize)).graph().initializer(0).raw_data(), "\xfd\xff\x02\xfd");
  b.model.mutable_opset_import(0)->set_version(11);
  EXPECT_TRUE(has(test::error_of([&] { exported(b, layers, ExportForm::dequantize); }), "needs opset 13"));
}

// Old files list initialisers among the inputs; weights that two layers share, or that lie outside, are the file's own.
TEST_F(Export, OldFilesSharedWeightsAndExternalData) {
  ModelBuilder b(9, {0, 2, 4, 4});
  b.model.set_ir_version(3);
  auto& w = b.normal("w", {2, 2, 1, 1}, 1);
  ModelBuilder::declare(*b.graph().add_input(), "w", {2, 2, 1, 1});
  test::put(folder_ / "w.bin", w.raw_data());
  w.clear_raw_data();
  w.set_data_location(onnx::TensorProto::EXTERNAL);
  for (const auto& [key, value] : {std::pair{"location", "w.bin"}, {"offset", "0"}, {"length", "16"}}) {
    auto* entry = w.add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  }
  b.node("Conv", {"x", "w"}, "a").integers("kernel_shape", {1, 1});
  b.node("Conv", {"a", "w"}, "y").integers("kernel_shape", {1, 1});
  test::put(path(), b.bytes());
  const Network before = read_onnx(path());
  auto layers = formats_for(before, kLevels, false);
  const ExportedModel both = export_onnx(path(), before, layers, {ExportForm::codebook}, {});
  EXPECT_EQ(both.fp32_bytes, b.bytes().size() + 16);
  EXPECT_EQ(parsed(both).graph().input_size(), 1 + parsed(both).graph().initializer_size());
  expect_quantised(parse_onnx(both.bytes, "exported.onnx"), layers);
  layers.pop_back();  // the second layer stays as it was, with its weight inside the file now
  const Network one = parse_onnx(export_onnx(path(), before, layers, {ExportForm::plain}, {}).bytes, "exported.onnx");
  expect_quantised(one, layers);
  EXPECT_EQ(weight_of(one.nodes[1])->data, weight_of(before.nodes[1])->data);
}

TEST_F(Export, WritesOnlyFp32Networks) {
  ModelBuilder b(13, {0, 1, 2, 2});
  auto& w = b.normal("w", {1, 1, 1, 1}, 1);
  w.set_data_type(onnx::TensorProto::DOUBLE);
  const double value = 1;
  w.set_raw_data(&value, sizeof value);
  b.node("Conv", {"x", "w"}).integers("kernel_shape", {1, 1});
  const auto layers = formats_for(b.read(), kLevels, false);
  EXPECT_TRUE(has(test::error_of([&] { exported(b, layers, ExportForm::codebook); }), "FP32 was expected"));
}

}  // namespace
}  // namespace vbq
