// The kernel for tensor cores (engine/cuda/direct.cu) against the plain kernel, at odd shapes; and the host's part of
// it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "engine/cuda/device.hpp"
#include "engine/cuda/direct.hpp"
#include "engine/cuda/kernels.hpp"
#include "engine/cuda/plan/builder.hpp"
#include "gpu/array.hpp"

namespace vbq::test {
namespace {

using namespace cuda;

struct Shaped {
  int channels, outputs, height, width, stride, top, left, bottom, right;
  bool residual, clamped;
};

Convolution convolution(const Shaped& c) {
  Convolution op;
  op.x = layout_of({c.channels, c.height, c.width}, kOctet);
  op.window = {{3, 3}, {c.stride, c.stride}, {1, 1}, {c.top, c.left}, {c.height + c.bottom, c.width + c.right}};
  op.y = layout_of(
      {c.outputs, (c.height + c.top + c.bottom - 3) / c.stride + 1, (c.width + c.left + c.right - 3) / c.stride + 1},
      kOctet);
  op.inputs = c.channels;
  op.inner = op.x.padded;
  op.clamped = c.clamped;
  op.clamp = {0, 1.5F};
  return op;
}

class DirectConvolution : public ::testing::TestWithParam<Type> {
 protected:
  using Numbers = std::vector<std::uint16_t>;
  void SetUp() override {
    std::string reason;
    if (device_count(reason) == 0) GTEST_SKIP() << reason;
    stream_.emplace();
  }

  std::uint16_t number(float v) const { return GetParam() == Type::fp16 ? Fp16::of(v).bits : Bf16::of(v).bits; }
  float value(std::uint16_t bits) const {
    return GetParam() == Type::fp16 ? static_cast<float>(Fp16{bits}) : static_cast<float>(Bf16{bits});
  }

  // Of images that lie as the layout: padding is 0.
  Numbers values(const cuda::Layout& layout, std::int64_t images, std::uint32_t which) const {
    Random random(5, which, 0, Purpose::test);
    Numbers all(static_cast<std::size_t>(layout.image * images));
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (static_cast<int>(i) % layout.padded < layout.channels()) all[i] = number(static_cast<float>(random.normal()));
    }
    return all;
  }
  Numbers weights(const Convolution& op) const {
    Random random(5, 77, 0, Purpose::test);
    Numbers all;
    const double deviation = 1 / std::sqrt(9.0 * op.inputs);
    for (int o = 0; o < op.y.padded; ++o) {
      for (int k = 0; k < 9 * op.inner; ++k) {
        const bool there = o < op.y.channels() && k % op.inner < op.inputs;
        all.push_back(there ? number(static_cast<float>(deviation * random.normal())) : 0);
      }
    }
    return all;
  }

  void check(const Shaped& c, std::int64_t images, int processors) const {
    SCOPED_TRACE(fmt::format("{} x {} x {} to {}, stride {}, pad {} {} {} {}, residual {}", c.channels, c.height,
                             c.width, c.outputs, c.stride, c.top, c.left, c.bottom, c.right, c.residual));
    Convolution op = convolution(c);
    const Type type = GetParam();
    const Array<std::uint16_t> x(*stream_, values(op.x, images, 1)), residual(*stream_, values(op.y, images, 2)),
        weight(*stream_, weights(op)), bias(*stream_, values(layout_of({c.outputs}, kOctet), 1, 3));
    op.in[0] = {x.get(), type};
    if (c.residual) op.in[1] = {residual.get(), type};
    op.in[2] = {weight.get(), type};
    op.in[3] = {bias.get(), type};
    const std::int64_t count = op.y.image * images;
    const Array<std::uint16_t> plain(count), own(count);
    launch(op, images, Out{plain.get(), type}, stream_->get());
    const std::optional<Direct> direct = direct_of(op, Out{own.get(), type});
    ASSERT_TRUE(direct);
    launch_direct(*direct, images, type, processors, stream_->get());
    const Numbers expected = plain.read(*stream_), got = own.read(*stream_);
    const double tolerance = type == Type::fp16 ? 2e-3 : 2e-2;  // two roundings to 16 bits that fell apart
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_NEAR(value(got[i]), value(expected[i]), tolerance * (1 + std::fabs(value(expected[i])))) << i;
    }
  }

  std::optional<Stream> stream_;
};

TEST_P(DirectConvolution, IsThePlainOne) {
  const Shaped cases[] = {{3, 16, 9, 11, 1, 1, 1, 1, 1, false, true},   // channels are padded
                          {16, 16, 21, 34, 1, 1, 1, 1, 1, true, true},  // two strips
                          {16, 13, 7, 5, 1, 0, 2, 1, 0, true, false},   // outputs, too; border of another width
                          {16, 32, 11, 9, 2, 1, 1, 0, 1, false, true}, {32, 32, 6, 17, 1, 1, 1, 1, 1, true, true},
                          {27, 64, 8, 9, 2, 0, 1, 1, 0, true, true},   {64, 64, 8, 8, 1, 1, 1, 1, 1, true, true},
                          {64, 16, 3, 3, 3, 0, 0, 0, 0, false, true},   // one pixel
                          {8, 128, 4, 5, 1, 1, 1, 1, 1, true, false}};  // outputs in two slices
  int processors = 1;
  for (const Shaped& c : cases) {
    check(c, 2, processors = 101 - processors);
  }
}

TEST_P(DirectConvolution, BitsOfAnImageDependOnItAlone) {
  Convolution op = convolution({16, 16, 12, 11, 1, 1, 1, 1, 1, false, true});
  const Type type = GetParam();
  Numbers images = values(op.x, 5, 1);
  std::copy_n(images.begin(), op.x.image, images.begin() + 3 * op.x.image);
  const Array<std::uint16_t> x(*stream_, images), weight(*stream_, weights(op)),
      bias(*stream_, values(layout_of({16}, kOctet), 1, 3)), y(op.y.image * 5);
  op.in[0] = {x.get(), type};
  op.in[2] = {weight.get(), type};
  op.in[3] = {bias.get(), type};
  Numbers first;
  for (const int processors : {1, 7}) {
    launch_direct(*direct_of(op, Out{y.get(), type}), 5, type, processors, stream_->get());
    const Numbers got = y.read(*stream_);
    const auto end = got.begin() + op.y.image;
    if (first.empty()) first.assign(got.begin(), end);
    EXPECT_TRUE(std::equal(got.begin(), end, first.begin()));
    EXPECT_TRUE(std::equal(first.begin(), first.end(), got.begin() + 3 * op.y.image));
  }
}

TEST_P(DirectConvolution, WhereNumbersHaveNoEndSoHasWhatSeesThem) {
  Convolution op = convolution({3, 16, 6, 6, 1, 1, 1, 1, 1, false, false});
  const Type type = GetParam();
  Numbers images = values(op.x, 1, 1);
  images[0] = number(INFINITY);  // the upper left pixel
  const Array<std::uint16_t> x(*stream_, images), weight(*stream_, weights(op)),
      bias(*stream_, values(layout_of({16}, kOctet), 1, 3)), y(op.y.image);
  op.in[0] = {x.get(), type};
  op.in[2] = {weight.get(), type};
  op.in[3] = {bias.get(), type};
  launch_direct(*direct_of(op, Out{y.get(), type}), 1, type, 1, stream_->get());
  const Numbers got = y.read(*stream_);
  for (std::size_t i = 0; i < got.size(); ++i) {
    const std::size_t pixel = i / 16;
    EXPECT_EQ(std::isinf(value(got[i])), pixel % 6 < 2 && pixel / 6 < 2) << i;
  }
}

std::string type_name(const ::testing::TestParamInfo<Type>& info) { return info.param == Type::fp16 ? "fp16" : "bf16"; }
INSTANTIATE_TEST_SUITE_P(Types, DirectConvolution, ::testing::Values(Type::fp16, Type::bf16), type_name);

TEST(DirectConvolutionPlan, RowsOfPixelsAreExact) {
  for (int width = 1; width <= kStripOctets - 2; ++width) {
    const Convolution op = convolution({8, 16, 64, width, 1, 1, 1, 1, 1, false, false});
    const std::optional<Direct> direct = direct_of(op, Out{nullptr, Type::fp16});
    if (width > kStripOctets / 3 - 2) {
      EXPECT_FALSE(direct);  // three rows do not fit
      continue;
    }
    ASSERT_TRUE(direct);
    EXPECT_LE(direct->seen_by(direct->rows) * direct->across, kStripOctets);
    EXPECT_GE(direct->strips * direct->rows, 64);
    EXPECT_LT((direct->strips - 1) * direct->rows, 64);
    for (int pixel = 0; pixel < direct->rows * width; ++pixel) {
      const Divided at = direct->place_of(pixel);
      ASSERT_EQ(static_cast<int>(at.whole), pixel / width);
      ASSERT_EQ(at.left, pixel % width);
    }
  }
}

TEST(DirectConvolutionPlan, OthersAreLeft) {
  const Shaped fits{16, 16, 9, 9, 1, 1, 1, 1, 1, false, true};
  const Out y{nullptr, Type::bf16};
  EXPECT_TRUE(direct_of(convolution(fits), y));
  EXPECT_FALSE(direct_of(convolution(fits), Out{nullptr, Type::fp32}));
  const auto without = [&](const auto& change) {
    Convolution op = convolution(fits);
    change(op);
    return direct_of(op, y).has_value();
  };
  EXPECT_FALSE(without([](Convolution& op) { op.groups = 2; }));
  EXPECT_FALSE(without([](Convolution& op) { op.window.kernel[0] = 1; }));
  EXPECT_FALSE(without([](Convolution& op) { op.window.kernel[1] = 5; }));
  EXPECT_FALSE(without([](Convolution& op) { op.window.dilation[1] = 2; }));
  EXPECT_FALSE(without([](Convolution& op) { op.window.stride[1] = 2; }));
  EXPECT_FALSE(without([](Convolution& op) { op.clamp.low = 0.5F; }));
  EXPECT_FALSE(without([](Convolution& op) { op.clamp = {-2, -1}; }));
  for (const int channels : {24, 40, 128}) {
    EXPECT_FALSE(direct_of(convolution({channels, 16, 9, 9, 1, 1, 1, 1, 1, false, true}), y)) << channels;
  }
  for (const int outputs : {8, 48, 96}) {
    EXPECT_FALSE(direct_of(convolution({16, outputs, 9, 9, 1, 1, 1, 1, 1, false, true}), y)) << outputs;
  }
}

}  // namespace
}  // namespace vbq::test
