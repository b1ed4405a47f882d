// Exported files whose activations are rounded.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "onnx/export.hpp"
#include "onnx/export_formats.hpp"
#include "onnx/model_builder.hpp"
#include "onnx/onnx_checker.hpp"
#include "support/folder.hpp"
#include "support/graph.hpp"
#include "vbq/activations.hpp"

namespace vbq {
namespace {

using test::formats_for;
using test::has;
using test::ModelBuilder;

const std::vector<float> kUneven{-0.75F, -0.2F, 0.1F, 0.9F};

class ExportActivations : public ::testing::Test {
 protected:
  std::filesystem::path path() const { return folder_ / "net.onnx"; }
  onnx::ModelProto parsed(const ExportedModel& model) {
    onnx::ModelProto proto;
    EXPECT_TRUE(proto.ParseFromString(model.bytes));
    return proto;
  }
  test::Folder folder_;
};

// What the layer and the sum see is rounded for all who read it; our own reader gets the same network back.
TEST_F(ExportActivations, ActivationsAreRoundedWhereTheNetworkHasThemSo) {
  const ModelBuilder builder = test::small_export();
  test::put(path(), builder.bytes());
  const Network trained = read_onnx(path());
  const auto layers = formats_for(trained, kUneven, false);
  const Node& last = trained.nodes[static_cast<std::size_t>(weight_layers(trained).back())];
  const ActivationRanges ranges{{layers[0].name, ActivationRange::Side::input, 8, 0.03F, 120},
                                {last.name, ActivationRange::Side::input, 5, 0.25F, 3}};
  const Network network = quantise_activations(trained, ranges);
  const auto written = [&](ExportForm form) {
    const ExportedModel model = export_onnx(path(), network, layers, {form}, {});
    EXPECT_EQ(test::checker_finds(parsed(model)), "");
    return model;
  };
  for (const ExportForm form : {ExportForm::codebook, ExportForm::plain}) {
    const onnx::ModelProto proto = parsed(written(form));
    EXPECT_EQ(std::ranges::count(proto.graph().node(), "Round", &onnx::NodeProto::op_type), 2);
    const auto round = std::ranges::find(proto.graph().node(), "Round", &onnx::NodeProto::op_type);
    EXPECT_EQ((round - 1)->input(0), "x");
    EXPECT_EQ((round + 1)->op_type(), "Clip");
    for (const onnx::NodeProto& node : proto.graph().node()) {
      const bool reads = std::ranges::count(node.input(), "x") > 0;
      EXPECT_TRUE(!reads || node.op_type() == "Div") << node.op_type();
    }
    const Network after = parse_onnx(proto.SerializeAsString(), "exported.onnx");
    const auto names = test::operators(after);
    EXPECT_EQ(std::ranges::count(names, "Round"), 2);
    EXPECT_EQ(std::ranges::count(names, "Clip"), 2);
  }
  EXPECT_TRUE(has(test::error_of([&] { written(ExportForm::qdq); }), "form qdq is for activations of 8 bits"));
  ModelBuilder old = test::small_export();  // which has no Round, and other Clips
  old.model.mutable_opset_import(0)->set_version(9);
  test::put(path(), old.bytes());
  EXPECT_EQ(parsed(written(ExportForm::codebook)).opset_import(0).version(), 11);
  EXPECT_TRUE(has(test::error_of([&] {
                    export_onnx(path(), network, layers, {ExportForm::plain, 10}, {});
                  }),
                  "the file is to be of opset 10"));
}

TEST_F(ExportActivations, QdqIsIntegersAndTakesTheBatchNormIntoTheLayer) {
  const ModelBuilder builder = test::small_export();
  test::put(path(), builder.bytes());
  const Network trained = read_onnx(path());
  const auto layers = formats_for(trained, {-0.75F, -0.25F, 0.25F, 0.75F}, true);
  ASSERT_GE(batch_norm_behind(trained, weight_layers(trained).front()), 0);
  EXPECT_TRUE(has(test::error_of([&] { export_onnx(path(), trained, layers, {ExportForm::qdq}, {}); }),
                  "the format has FP32 ones"));
  const Network network =
      quantise_activations(trained, {{layers[0].name, ActivationRange::Side::input, 8, 0.03F, 120}});
  const ExportedModel model = export_onnx(path(), network, layers, {ExportForm::qdq}, {});
  const onnx::ModelProto proto = parsed(model);
  EXPECT_EQ(test::checker_finds(proto), "");
  EXPECT_EQ(std::ranges::count(proto.graph().node(), "BatchNormalization", &onnx::NodeProto::op_type), 0);
  EXPECT_EQ(std::ranges::count(proto.graph().node(), "QuantizeLinear", &onnx::NodeProto::op_type), 1);
  EXPECT_EQ(std::ranges::count(proto.graph().node(), "DequantizeLinear", &onnx::NodeProto::op_type),
            1 + std::ssize(layers));
  // scale * integer, and the bias, are what layer and norm were together.
  const BatchNorm& norm = std::get<BatchNorm>(trained.nodes[1].op);
  const auto numbers = [&](const std::string& name) {
    const auto& all = proto.graph().initializer();
    const auto found = std::ranges::find(all, name, &onnx::TensorProto::name);
    EXPECT_NE(found, all.end()) << name;
    std::vector<float> values(found->raw_data().size() / sizeof(float));
    std::memcpy(values.data(), found->raw_data().data(), found->raw_data().size());
    return values;
  };
  const auto conv = std::ranges::find(proto.graph().node(), "Conv", &onnx::NodeProto::op_type);
  const std::vector<float> scales = numbers("w_scale"), bias = numbers(conv->input(2));
  ASSERT_EQ(scales.size(), norm.scale.size());
  const auto quantized = std::ranges::find(proto.graph().initializer(), "w_quantized", &onnx::TensorProto::name);
  const std::string& bytes = quantized->raw_data();
  const std::size_t row = bytes.size() / scales.size();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t o = i / row;
    const ExportLayer& layer = layers[0];
    const float level = layer.codebooks[layer.codebooks.size() == 1 ? 0 : o][layer.indices[i]];
    const float own = layer.scales.empty() ? 1 : layer.scales[layer.scales.size() == 1 ? 0 : o];
    const float gain = layer.gain.empty() ? 1 : layer.gain[o];
    EXPECT_GT(scales[o], 0);
    EXPECT_NEAR(scales[o] * static_cast<float>(static_cast<signed char>(bytes[i])), level * own * gain * norm.scale[o],
                1e-5)
        << i;
  }
  for (std::size_t o = 0; o < bias.size(); ++o) {
    const float shift = layers[0].shift.empty() ? 0 : layers[0].shift[o];
    EXPECT_NEAR(bias[o], shift * norm.scale[o] + norm.shift[o], 1e-5) << o;
  }
}

// 32-bit integers times the input's step times the weight's; the network's own bias to FP32's rounding, also where it
// is beyond them (which weights pay for), and where the norm leaves nothing of the weights.
TEST_F(ExportActivations, QdqHasBiasesOfWholeSteps) {
  const ModelBuilder builder = test::small_export();
  test::put(path(), builder.bytes());
  const Network trained = read_onnx(path());
  auto layers = formats_for(trained, {-3, -1, 1, 3}, true);
  constexpr float kStep = 0.03F;
  const ActivationRanges ranges{{layers[0].name, ActivationRange::Side::input, 8, kStep, 120}};
  const Network network = quantise_activations(trained, ranges);
  const BatchNorm& norm = std::get<BatchNorm>(trained.nodes[1].op);
  layers[0].input_step = kStep;
  layers[0].scales[0] = 1e-9F;
  layers[0].shift[0] = 40;
  for (const ExportForm form : {ExportForm::qdq, ExportForm::dequantize}) {
    const onnx::ModelProto proto = parsed(export_onnx(path(), network, layers, {form}, {}));
    EXPECT_EQ(test::checker_finds(proto), "");
    const auto integers = std::ranges::find(proto.graph().initializer(), static_cast<int>(onnx::TensorProto::INT32),
                                            &onnx::TensorProto::data_type);
    ASSERT_EQ(integers != proto.graph().initializer().end(), form == ExportForm::qdq);
    if (form != ExportForm::qdq) continue;
    std::vector<std::int32_t> whole(layers[0].scales.size());
    ASSERT_EQ(integers->raw_data().size(), whole.size() * sizeof whole[0]);
    std::memcpy(whole.data(), integers->raw_data().data(), integers->raw_data().size());
    const auto floats = [&](const std::string& name) {
      const auto found = std::ranges::find(proto.graph().initializer(), name, &onnx::TensorProto::name);
      std::vector<float> values(whole.size());
      if (found == proto.graph().initializer().end() || found->raw_data().size() != 4 * values.size()) {
        ADD_FAILURE() << name;
      } else {
        std::memcpy(values.data(), found->raw_data().data(), found->raw_data().size());
      }
      return values;
    };
    const auto dequantize =
        std::ranges::find_if(proto.graph().node(), [&](const auto& n) { return n.input(0) == integers->name(); });
    const auto conv = std::ranges::find(proto.graph().node(), "Conv", &onnx::NodeProto::op_type);
    EXPECT_EQ(conv->input(2), dequantize->output(0));
    const std::vector<float> scales = floats("w_scale"), steps = floats(dequantize->input(1));
    for (std::size_t o = 0; o < whole.size(); ++o) {
      const float bias = layers[0].shift[o] * norm.scale[o] + norm.shift[o];
      EXPECT_EQ(steps[o], kStep * scales[o]) << o;
      EXPECT_NEAR(static_cast<double>(whole[o]) * steps[o], bias, std::max(0.51 * steps[o], 1e-6 * std::abs(bias)))
          << o;
    }
    EXPECT_NEAR(std::abs(whole[0]), 1 << 30, 1 << 10) << "as large as there is room for";
    const auto quantized = std::ranges::find(proto.graph().initializer(), "w_quantized", &onnx::TensorProto::name);
    EXPECT_EQ(quantized->raw_data()[0], 0) << "weights of 1e-9 are nothing beside it";
  }
}

}  // namespace
}  // namespace vbq
