// Asks cuDNN, without a GPU, whether it has kernels for our convolutions on GPUs that are only described to it
// (cuDNN 9.8 and later can). It checks the graphs that we build and the rules that we choose by; nothing is run.
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include "engine/cuda/convolution.hpp"
#include "engine/cuda/plan/plan.hpp"
#include "gpu/described.hpp"
#include "vbq/error.hpp"

namespace vbq::cuda {
namespace {

struct Case {
  const char* name;
  int inputs, outputs, kernel, stride, pad, after, size;
  bool residual;
  float high;  // of the clamp from 0; NaN for none
  int groups = 1;
  int beside = 0;  // channels on either side of the output, of other parts of a concatenation
};
const Case kCases[] = {
    {"first", 3, 16, 3, 1, 1, 1, 32, false, INFINITY},
    {"residual", 16, 16, 3, 1, 1, 1, 32, true, INFINITY},
    {"shortcut", 16, 32, 1, 2, 0, 0, 32, false, NAN},
    {"strided", 16, 32, 3, 2, 1, 1, 32, false, INFINITY},
    {"one side", 32, 32, 3, 2, 0, 1, 32, false, INFINITY},
    {"odd channels", 5, 11, 3, 1, 0, 0, 9, false, INFINITY},
    {"linear", 64, 10, 1, 1, 0, 0, 1, false, NAN},
    {"relu6", 24, 144, 1, 1, 0, 0, 28, false, 6.0F},
    {"imagenet", 3, 64, 7, 2, 3, 3, 224, false, INFINITY},
    {"depthwise", 96, 96, 3, 1, 1, 1, 56, false, 6.0F, 96},
    {"depthwise strided", 144, 144, 5, 2, 2, 2, 56, false, NAN, 144},
    {"groups", 128, 128, 3, 1, 1, 1, 56, false, INFINITY, 32},
    {"1x1 expand", 16, 64, 1, 1, 0, 0, 55, false, INFINITY, 1, 64},
    {"3x3 expand", 16, 64, 3, 1, 1, 1, 55, false, INFINITY, 1, 64},
    {"grown", 32, 32, 3, 1, 1, 1, 28, false, NAN, 1, 48},
    {"groups, residual", 256, 512, 3, 2, 1, 1, 28, true, INFINITY, 8},
};

Convolution convolution(const Case& c, int multiple) {
  const int out = (c.size + c.pad + c.after - c.kernel) / c.stride + 1;
  Convolution op;
  op.groups = c.groups;
  op.inputs = c.inputs / c.groups;
  op.x = layout_of({c.inputs, c.size, c.size}, multiple);
  op.inner = c.groups == 1 ? op.x.padded : op.inputs;
  op.y = part_of(layout_of({c.outputs + 2 * c.beside, out, out}, multiple), 0, c.beside, c.outputs);
  for (int a = 0; a < 2; ++a) {
    op.window.kernel[a] = c.kernel;
    op.window.stride[a] = c.stride;
    op.window.pad[a] = c.pad;
    op.window.far[a] = c.size + c.after;
  }
  op.clamped = !std::isnan(c.high);
  op.clamp = {0, c.high};
  static float something;
  if (c.residual) op.in[1].data = &something;
  return op;
}

class CudnnPlans : public ::testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(CudnnPlans, EveryConvolutionIsOneKernel) {
  std::shared_ptr<const Cudnn> api;
  try {
    api = Cudnn::load();
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
  if (api->get_version() < 90800) GTEST_SKIP() << "cuDNN " << api->version() << " takes no described GPU";
  const std::string& text = GetParam().second;
  Descriptor properties(*api, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  properties.set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, std::ssize(text), text.data());
  properties.finalise();
  const Target target{api.get(), nullptr, &properties};
  std::set<std::vector<std::int64_t>> choices;
  for (const auto& [type, arithmetic] : {std::pair{Type::fp32, Arithmetic::fp32},
                                         {Type::fp32, Arithmetic::tf32},
                                         {Type::fp16, Arithmetic::half},
                                         {Type::bf16, Arithmetic::half}}) {
    for (const Case& c : kCases) {
      const Convolution op = convolution(c, type == Type::fp32 ? 4 : 8);
      ASSERT_TRUE(clamp_fits(op));
      for (const bool fused : {true, false}) {
        constexpr std::size_t kScratch = std::size_t{512} << 20;
        const auto first = [&] { return Offers(target, op, 100, type, arithmetic, fused, kScratch).next(); };
        const auto plan = first();
        ASSERT_TRUE(plan) << c.name << ", type " << static_cast<int>(type) << ", arithmetic "
                          << static_cast<int>(arithmetic) << (fused ? ", fused" : "");
        // The same rule, the same kernel.
        EXPECT_EQ(plan->choice, first()->choice) << c.name;
        choices.insert(plan->choice);
      }
    }
  }
  EXPECT_GT(choices.size(), 8U);  // kernels are told apart
}

INSTANTIATE_TEST_SUITE_P(Described, CudnnPlans,
                         ::testing::Values(std::pair("A100", test::a100()), std::pair("H100", test::h100())),
                         [](const auto& test) { return test.param.first; });

TEST(Groups, OnlyThoseWithoutPaddingAreCudnns) {
  Convolution op;
  op.x = op.y = layout_of({12, 5, 5}, 8);
  EXPECT_TRUE(groups_fit(op));
  op.groups = 12;
  EXPECT_FALSE(groups_fit(op));
  op.x = layout_of({12, 5, 5}, 4);
  EXPECT_FALSE(groups_fit(op));
  op.y = op.x;
  EXPECT_TRUE(groups_fit(op));
}

TEST(Clamps, OnlyThoseFromZeroAreCudnns) {
  Convolution op;
  EXPECT_TRUE(clamp_fits(op));
  op.clamped = true;
  op.clamp = {0, INFINITY};
  EXPECT_TRUE(clamp_fits(op));
  op.clamp = {-1, 1};
  EXPECT_FALSE(clamp_fits(op));
}

}  // namespace
}  // namespace vbq::cuda
