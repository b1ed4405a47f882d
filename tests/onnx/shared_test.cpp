// The networks at full size: read as what they are.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "model_builder.hpp"

namespace vbq::test {
namespace {

struct Expected {
  const char* file;
  Shape input, output;
  std::size_t layers;
  std::int64_t weights, biases, batch_norms;
};

class SharedNetwork : public ::testing::TestWithParam<Expected> {};

TEST_P(SharedNetwork, IsReadAsWhatItIs) {
  const Expected& expected = GetParam();
  const auto path = std::filesystem::path(VBQ_SHARED) / "data" / expected.file;
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is missing";
  const Network net = read_onnx(path);
  validate(net);
  EXPECT_EQ(net.input_shape(), expected.input);
  EXPECT_EQ(net.output_shape(), expected.output);
  EXPECT_EQ(net.input_name, "input");
  EXPECT_EQ(net.output_name, "logits");
  const std::vector<int> layers = weight_layers(net);
  EXPECT_EQ(layers.size(), expected.layers);
  std::int64_t weights = 0, biases = 0, batch_norms = 0;
  for (const int layer : layers) {
    const Node& node = net.nodes[static_cast<std::size_t>(layer)];
    weights += static_cast<std::int64_t>(weight_of(node)->data.size());
    const auto* conv = std::get_if<Conv>(&node.op);
    biases += static_cast<std::int64_t>(conv != nullptr ? conv->bias.size() : std::get<Linear>(node.op).bias.size());
    EXPECT_FALSE(node.weight_name.empty());
  }
  for (const Node& node : net.nodes) batch_norms += std::holds_alternative<BatchNorm>(node.op);
  EXPECT_EQ(weights, expected.weights);
  EXPECT_EQ(biases, expected.biases);
  EXPECT_EQ(batch_norms, expected.batch_norms);
  const Names names = operators(net);
  EXPECT_EQ(std::count(names.begin(), names.end(), "Constant"), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Data, SharedNetwork,
    ::testing::Values(Expected{"cifar10/resnet20.onnx", {3, 32, 32}, {10}, 20, 268336, 10, 19},
                      Expected{"cifar10/resnet20_bn_folded.onnx", {3, 32, 32}, {10}, 20, 268336, 698, 0},
                      Expected{"mnist/lenet.onnx", {1, 28, 28}, {10}, 4, 430500, 580, 0},
                      Expected{"imagenet/squeezenet1_1.onnx", {3, 224, 224}, {1000}, 26, 1231552, 3944, 0}));

// ResNet-20's option-A shortcuts: every second pixel, and channels padded with zeros by computed amounts.
TEST(SharedNetwork, ResNetsShortcutsAreSlicesAndPads) {
  const auto path = std::filesystem::path(VBQ_SHARED) / "data/cifar10/resnet20.onnx";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is missing";
  const Network net = read_onnx(path);
  std::vector<Ints> pads;
  std::int64_t slices = 0;
  for (const Node& node : net.nodes) {
    if (const auto* pad = std::get_if<Pad>(&node.op)) {
      EXPECT_EQ(pad->before, pad->after);
      pads.push_back(pad->before);
    }
    slices += std::holds_alternative<Slice>(node.op);
  }
  EXPECT_EQ(pads, (std::vector<Ints>{{8, 0, 0}, {16, 0, 0}}));
  EXPECT_EQ(slices, 4);
}

}  // namespace
}  // namespace vbq::test
