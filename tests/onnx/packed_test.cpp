// Form packed: indices of every width, as the opset allows, read back by our own reader; and what they take.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <set>

#include "onnx/export_formats.hpp"
#include "onnx/model_builder.hpp"
#include "support/folder.hpp"

namespace vbq {
namespace {

using test::expect_quantised;
using test::formats_for;
using test::ModelBuilder;

constexpr int kUint4 = 21, kUint2 = 25;  // TensorProto's, which older headers lack

std::vector<float> levels_of(std::size_t count) {
  std::vector<float> levels;
  for (std::size_t k = 0; k < count; ++k) levels.push_back(std::sinh(static_cast<float>(k) / 8) - 1.7F);
  return levels;
}

class Packed : public ::testing::Test {
 protected:
  onnx::ModelProto exported(const ModelBuilder& builder, const std::vector<ExportLayer>& layers,
                            std::optional<int> opset = {}, Readers readers = Readers::newest) {
    test::put(path(), builder.bytes());
    model_ = export_onnx(path(), read_onnx(path()), layers, {ExportForm::packed, opset, readers}, {});
    onnx::ModelProto proto;
    EXPECT_TRUE(proto.ParseFromString(model_.bytes));
    return proto;
  }
  Network read() const { return parse_onnx(model_.bytes, "exported.onnx"); }
  std::filesystem::path path() const { return folder_ / "net.onnx"; }
  static std::multiset<std::string> operators(const onnx::ModelProto& model) {
    std::multiset<std::string> types;
    for (const auto& node : model.graph().node()) types.insert(node.op_type());
    return types;
  }
  static std::set<int> types(const onnx::ModelProto& model) {
    std::set<int> types;
    for (const auto& tensor : model.graph().initializer()) types.insert(tensor.data_type());
    return types;
  }
  test::Folder folder_;
  ExportedModel model_;
};

// One convolution of so many channels, 3x3.
ModelBuilder one_layer(int opset, std::int64_t channels, std::int64_t outputs) {
  ModelBuilder b(opset, {0, channels, 3, 3});
  b.normal("w", {outputs, channels, 3, 3});
  b.node("Conv", {"x", "w"}).integers("kernel_shape", {3, 3});
  return b;
}

// 36,864 weights, and 73,728, of which not every way is tried. What is not weights: the graph.
TEST_F(Packed, EveryWidthIsCloseToItsBits) {
  for (const std::int64_t channels : {64, 128}) {
    for (const int opset : {18, 21, 25}) {
      const ModelBuilder builder = one_layer(opset, channels, 64);
      for (int bits = 1; bits <= 8; ++bits) {
        auto layers = formats_for(builder.read(), levels_of(std::size_t{1} << bits), false);
        layers[0].scales.clear();
        exported(builder, layers);
        const Network after = read();
        const std::vector<float>& weight = weight_of(after.nodes[0])->data;
        const std::vector<float>& levels = layers[0].codebooks.front();
        for (std::size_t i = 0; i < weight.size(); ++i) ASSERT_EQ(weight[i], levels[layers[0].indices[i]]) << bits;
        const auto ideal = static_cast<double>(layers[0].indices.size()) * bits / 8;
        EXPECT_LT(static_cast<double>(model_.weights.size()), ideal * 1.08) << bits << " bits, opset " << opset;
        EXPECT_GE(static_cast<double>(model_.weights.size()), ideal);
      }
    }
  }
}

// Numbers of weights and of levels that fill no byte, both layouts, one codebook and one an output, scales.
TEST_F(Packed, OddSizesInEveryOpset) {
  for (const std::size_t count : {1U, 2U, 3U, 5U, 6U, 17U, 40U, 65U, 100U, 129U, 256U}) {
    for (const int opset : {11, 17, 18, 21, 25, 28}) {
      ModelBuilder b(opset, {0, 7, 3, 3});
      b.normal("w", {13, 7, 3, 3}, 1);
      b.normal("m", {13, 531}, 2);
      b.node("Conv", {"x", "w"}, "c").integers("kernel_shape", {3, 3});
      b.node("Flatten", {"c"}, "f");
      b.node("MatMul", {"f", "m"}, "y");
      for (const bool channels : {false, true}) {
        auto layers = formats_for(b.read(), levels_of(count), true);
        for (ExportLayer& layer : layers) layer.codebooks.resize(channels ? layer.scales.size() : 1, levels_of(count));
        for (ExportLayer& layer : layers) {
          for (std::size_t o = 0; o < layer.codebooks.size(); ++o) layer.codebooks[o][0] -= static_cast<float>(o);
        }
        exported(b, layers);
        expect_quantised(read(), layers);
      }
    }
  }
}

// Large enough for each way to pay, small enough that a table of 256 rows does not.
TEST_F(Packed, TheBestFormThatTheOpsetHas) {
  struct Case {
    int bits, opset, type;
    std::multiset<std::string> operators;
  };
  const std::multiset<std::string> planes{"BitwiseAnd", "Cast", "Cast", "Conv", "GatherND", "Reshape"};
  const std::multiset<std::string> indices{"Cast", "Conv", "Gather"}, digits{"Cast", "Conv", "Gather", "Reshape"};
  constexpr int kBytes = onnx::TensorProto::UINT8;
  const Case cases[] = {{4, 17, kBytes, digits},  {4, 18, kBytes, planes},  {4, 20, kBytes, planes},
                        {4, 21, kUint4, indices}, {2, 17, kBytes, digits},  {2, 24, kBytes, planes},
                        {2, 25, kUint2, indices}, {3, 17, kBytes, digits},  {3, 18, kBytes, planes},
                        {3, 25, kBytes, planes},  {5, 17, kBytes, indices}, {6, 18, kBytes, planes},
                        {8, 25, kBytes, indices}};
  for (const Case& one : cases) {
    const ModelBuilder builder = one_layer(13, 64, 64);
    auto layers = formats_for(builder.read(), levels_of(std::size_t{1} << one.bits), false);
    layers[0].scales.clear();
    const onnx::ModelProto model = exported(builder, layers, one.opset);
    EXPECT_EQ(operators(model), one.operators) << one.bits << " bits, opset " << one.opset;
    EXPECT_TRUE(types(model).contains(one.type));
    EXPECT_EQ(model.opset_import(0).version(), one.opset);
    const std::int64_t least = one.type == kUint2 ? 13 : one.type == kUint4 ? 10 : 7;
    EXPECT_GE(model.ir_version(), least);
  }
}

TEST_F(Packed, ForAnyReaderThereAreNoSmallIntegers) {
  for (const int bits : {1, 2, 3, 4}) {
    const ModelBuilder builder = one_layer(13, 64, 64);
    auto layers = formats_for(builder.read(), levels_of(std::size_t{1} << bits), false);
    layers[0].scales.clear();
    const std::set<int> found = types(exported(builder, layers, 25, Readers::any));
    EXPECT_TRUE(found.contains(onnx::TensorProto::UINT8)) << bits;
    EXPECT_FALSE(found.contains(kUint4) || found.contains(kUint2)) << bits;
    const Network after = read();
    const std::vector<float>& weight = weight_of(after.nodes[0])->data;
    ASSERT_EQ(weight.size(), layers[0].indices.size());
    for (std::size_t k = 0; k < weight.size(); ++k) {
      ASSERT_EQ(weight[k], layers[0].codebooks.front()[layers[0].indices[k]]) << bits;
    }
    EXPECT_LT(static_cast<double>(model_.weights.size()),
              static_cast<double>(layers[0].indices.size()) * bits / 8 * 1.08);
  }
}

// 5 levels: three digits in base 5 a byte, 2.67 bits a weight, are less than three planes; but for small layers.
TEST_F(Packed, TheSmallestOfSeveralWays) {
  for (const std::int64_t outputs : {8, 256}) {
    const ModelBuilder builder = one_layer(18, 48, outputs);
    auto layers = formats_for(builder.read(), levels_of(5), false);
    layers[0].scales.clear();
    const onnx::ModelProto model = exported(builder, layers);
    EXPECT_EQ(operators(model).contains("GatherND"), outputs == 8);
  }
  const ModelBuilder tiny = one_layer(25, 2, 2);  // which no way makes smaller
  EXPECT_EQ(operators(exported(tiny, formats_for(tiny.read(), levels_of(4), false))),
            (std::multiset<std::string>{"Conv"}));
}

TEST_F(Packed, LayersShareTheMasks) {
  ModelBuilder b(18, {0, 64, 3, 3});
  b.normal("w", {64, 64, 3, 3}, 1);
  b.normal("vbq_masks", {64, 64}, 2);  // a name that is taken
  b.node("Conv", {"x", "w"}, "c").integers("kernel_shape", {3, 3});
  b.node("Flatten", {"c"}, "f");
  b.node("MatMul", {"f", "vbq_masks"}, "y");
  const auto layers = formats_for(b.read(), levels_of(8), false);
  const onnx::ModelProto model = exported(b, layers);
  int masks = 0;
  for (const auto& tensor : model.graph().initializer())
    masks += tensor.name().starts_with("vbq_masks_") && tensor.raw_data() == "\x01\x02\x04\x08\x10 @\x80";
  EXPECT_EQ(masks, 1);
  EXPECT_EQ(operators(model).count("BitwiseAnd"), 2U);
  expect_quantised(read(), layers);
}

}  // namespace
}  // namespace vbq
