// Engine cuda's plans in half precision, run on the host with arrays of fp16 and bf16. (Every network of
// expect_equal_engines() is run so, too, and those of cuda_plan_test.cpp.)
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

#include "data/importers.hpp"
#include "data/pixel_table.hpp"
#include "engine/common/shard.hpp"
#include "engine/compare.hpp"
#include "engine/host_plan.hpp"
#include "vbq/onnx.hpp"

namespace vbq::test {
namespace {

using cuda::Type;

struct Half {
  Type type;
  double unit;       // of numbers next to 1
  double tolerance;  // of outputs, relative to the largest
};
constexpr Half kHalves[] = {{Type::fp16, 0x1p-10, 1e-2}, {Type::bf16, 0x1p-7, 6e-2}};

double largest_of(const std::vector<float>& values) {
  double largest = 0;
  for (const float v : values) largest = std::max<double>(largest, std::fabs(v));
  return largest;
}

double worst_of(const std::vector<float>& got, const std::vector<float>& expected) {
  double worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    worst = std::max(worst, std::fabs(static_cast<double>(got[i]) - expected[i]));
  }
  return worst / largest_of(expected);
}

TEST(CudaHalf, ArraysHoldTwoBytesAnElement) {
  for (const Half& half : kHalves) {
    std::array<std::uint16_t, 3> memory{0x1111, 0x2222, 0x3333};
    const cuda::Out out{memory.data(), half.type};
    const cuda::In in{memory.data(), half.type};
    for (const double v : {1.0, -0.25, 1 + half.unit, 0.0, -HUGE_VAL}) {
      out.store(1, static_cast<float>(v));
      EXPECT_EQ(in[1], v);
    }
    out.store(1, static_cast<float>(1 + half.unit / 2));
    EXPECT_EQ(in[1], 1);
    out.store(1, static_cast<float>(1 + half.unit * 3 / 2));
    EXPECT_EQ(in[1], 1 + 2 * half.unit);
    EXPECT_EQ(memory[0], 0x1111);
    EXPECT_EQ(memory[2], 0x3333);
  }
}

// Near fp32's outputs, yet not the same; and fp16, with its longer fraction, nearer than bf16.
TEST(CudaHalf, PlansRound) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const Network net = support::residual_network(3, 9, 16, 10, seed);
    const auto input = inputs_for(net, 10, seed);
    const auto expected = HostPlan(net, 4).infer(input, 10);
    double before = 0;
    for (const Half& half : kHalves) {
      const double worst = worst_of(HostPlan(net, 4, half.type).infer(input, 10), expected);
      EXPECT_GT(worst, half.unit / 64);
      EXPECT_LT(worst, half.tolerance);
      EXPECT_GT(worst, before);
      before = worst;
    }
  }
}

// Two layers of one channel. Weights and biases of the first are rounded; those of the layer that makes the outputs are
// not, nor is what it makes.
TEST(CudaHalf, WeightsAndBiasesAreOfTheirLayersType) {
  const auto outputs = [](Type type, float weight, float bias) {
    Graph g({1, 3, 3});
    Conv op = g.make_conv(1, 1, 1, 1);
    op.weight.data = {weight};
    op.bias = {bias};
    g.add_conv(g.add_conv(kInputValue, op), op);
    return HostPlan(g.network(), 1, type).infer(std::vector<float>(9, 1.0F), 1).front();
  };
  for (const Half& half : kHalves) {
    const auto near = static_cast<float>(1 + half.unit / 4);  // rounds to 1
    EXPECT_EQ(outputs(Type::fp32, 0, near), near);
    EXPECT_EQ(outputs(half.type, 0, near), near);
    EXPECT_EQ(outputs(half.type, near, 0), near);         // 1 * 1, then 1 * near
    EXPECT_EQ(outputs(half.type, 1, near), 2.0F + near);  // 1 + 1, then 2 + near
    EXPECT_EQ(outputs(Type::fp32, 1, near), 1.0F + near + near);
  }
}

// A value too large for fp16 becomes infinite, and its image counts as wrong; bf16 holds it.
TEST(CudaHalf, TooLargeForFp16) {
  Graph g({1, 1, 1});
  Conv op = g.make_conv(1, 2, 1, 1, 1, false);
  op.weight.data = {300, 1};
  Conv sum = g.make_conv(2, 2, 1, 1, 1, false);
  sum.weight.data = {1, 0, 0, 1};
  g.flatten(g.add_conv(g.add_conv(kInputValue, op), sum));
  const std::vector<float> input{218, 219};  // 65,400 and 65,700
  const std::vector<std::int32_t> labels{0, 0};
  cuda::ShardView view;
  view.input = input.data();
  view.labels = labels.data();
  view.count = view.block = 2;
  EXPECT_EQ(HostPlan(g.network(), 2, Type::fp16).tally(view, false).top1, 1);
  EXPECT_EQ(HostPlan(g.network(), 2, Type::bf16).tally(view, false).top1, 2);
  EXPECT_EQ(HostPlan(g.network(), 2, Type::fp16).infer(input, 2)[2], INFINITY);
}

// As many images as a few seconds allow.
TEST(CudaHalf, ResNet20ClassifiesAsInFp32) {
  const std::filesystem::path data = std::filesystem::path(VBQ_SHARED) / "data/cifar10";
  if (!std::filesystem::exists(data / "resnet20.onnx")) GTEST_SKIP() << "no " << data;
#ifdef NDEBUG
  constexpr std::int64_t kCount = 32, kBatch = 16;
#else
  constexpr std::int64_t kCount = 4, kBatch = 2;
#endif
  const Network net = read_onnx(data / "resnet20.onnx");
  const ImportedImages imported =
      import_images("cifar10", {data / "test_batch_9980.bin"}, {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}});
  const PixelTable table = pixel_table(imported.info.normalisation);
  constexpr std::size_t kSize = 3 * 32 * 32;
  std::vector<float> input(kCount * kSize);
  for (std::size_t i = 0; i < kCount; ++i) {
    normalise(table, imported.images.pixels.data() + i * kSize, 32 * 32, input.data() + i * kSize);
  }
  const auto classes = [](const std::vector<float>& outputs) {
    std::vector<std::ptrdiff_t> result;
    for (auto row = outputs.begin(); row != outputs.end(); row += 10) {
      result.push_back(std::max_element(row, row + 10) - row);
    }
    return result;
  };
  const auto expected = infer(*engine_of(EngineKind::cpu, net, kBatch), net, input, kCount);
  for (const Half& half : kHalves) {
    const auto got = HostPlan(net, kBatch, half.type).infer(input, kCount);
    EXPECT_LT(worst_of(got, expected), half.tolerance);
    const auto a = classes(got), b = classes(expected);
    int others = 0, correct = 0;
    for (std::size_t i = 0; i < kCount; ++i) {
      others += a[i] == b[i] ? 0 : 1;
      correct += a[i] == imported.images.labels[i] ? 1 : 0;
    }
    EXPECT_LE(others, 2);
    EXPECT_GE(correct, static_cast<int>(kCount * 85 / 100));  // it knows 9155 of 9980
  }
}

}  // namespace
}  // namespace vbq::test
