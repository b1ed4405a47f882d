// Runs of engine cuda's kernels: the same bits whatever a thread's width, of all types and odd sizes; and parts of
// arrays.
#include <gtest/gtest.h>

#include <cstring>

#include "core/random.hpp"
#include "engine/compare.hpp"
#include "engine/cuda/plan/images.hpp"
#include "engine/cuda/plan/operators.hpp"
#include "engine/cuda/plan/plan.hpp"

namespace vbq::test {
namespace {

using cuda::In;
using cuda::Layout;
using cuda::Out;
using cuda::Type;

constexpr Type kTypes[] = {Type::fp32, Type::fp16, Type::bf16};
constexpr std::int64_t kImages = 3;

// Random numbers, `off` places after a multiple of 16 bytes.
class Memory {
 public:
  Memory(std::int64_t places, Type type, int off = 0) : type_(type), off_(off), bytes_((places + off + 16) * 4) {
    Random random(7, 0, 0, Purpose::test);
    for (std::int64_t i = 0; i < places + off; ++i) {
      Out{bytes_.data(), type}.store(i, static_cast<float>(random.normal()));
    }
  }
  void* data() { return bytes_.data() + off_ * cuda::bytes_of(type_); }
  In in() { return {data(), type_}; }
  Out out() { return {data(), type_}; }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  Type type_;
  int off_;
  std::vector<std::byte> bytes_;
};

template <int width, typename Op>
std::vector<std::byte> bytes_of_runs(const Op& op, std::int64_t places, Type type, int off) {
  Memory memory(places, type, off);
  for (std::int64_t k = 0; k < kImages * cuda::runs_of(op.y, width); ++k) {
    cuda::compute<width>(op, static_cast<std::uint32_t>(k), memory.out());
  }
  return memory.bytes();
}

template <typename Op>
void expect_same_of_all_widths(const Op& op, std::int64_t places) {
  for (const Type type : kTypes) {
    for (const int off : {0, 3}) {
      const auto expected = bytes_of_runs<1>(op, places, type, off);
      ASSERT_EQ(bytes_of_runs<4>(op, places, type, off), expected);
      ASSERT_EQ(bytes_of_runs<8>(op, places, type, off), expected);
    }
  }
}

template <typename Op>
void expect_same_of_all_widths(const Op& op) {
  expect_same_of_all_widths(op, kImages * op.y.image);
}

constexpr int kChannels[] = {1, 3, 7, 8, 12, 17, 24, 33};

void expect_runs_alike(int channels) {
  for (const int multiple : {1, 4, 8}) {
    const Layout y = cuda::layout_of({channels, 5, 3}, multiple), x = cuda::layout_of({channels, 9, 7}, multiple);
    for (const Type type : kTypes) {
      for (const int off : {0, 1}) {
        Memory a(kImages * x.image, type, off), b(kImages * y.image, type, off), scale(channels, Type::fp32),
            shift(channels, Type::fp32);
        cuda::Affine affine;
        affine.y = y;
        affine.clamp = {-1, 0.5F};
        affine.in[0] = a.in();
        expect_same_of_all_widths(affine);
        affine.in[1] = b.in();
        affine.in[2] = scale.in();
        affine.in[3] = shift.in();
        expect_same_of_all_widths(affine);

        cuda::Binary binary;
        binary.y = y;
        binary.clamp = {-1, 1};
        binary.image[0] = y.image;
        std::copy_n(y.stride, cuda::kAxes, binary.step[0]);
        binary.step[1][2] = 1;  // of [3], the same for all channels
        binary.in[0] = b.in();
        binary.in[1] = scale.in();
        expect_same_of_all_widths(binary);

        cuda::Pool pool;
        pool.y = y;
        pool.x = x;
        pool.window = {{3, 3}, {2, 3}, {1, 1}, {1, 1}, {10, 8}};
        pool.in[0] = a.in();
        for (const bool largest : {false, true}) {
          pool.largest = largest;
          expect_same_of_all_widths(pool);
        }

        cuda::Gather gather;  // some of x, with fill on all sides
        gather.y = y;
        gather.image = x.image;
        gather.fill = 0.25F;
        for (int axis = 0; axis < 3; ++axis) {
          gather.step[axis] = x.stride[axis];
          gather.base -= x.stride[axis];
          gather.low[axis] = 1;
          gather.high[axis] = axis == 0 ? (channels + 1) / 2 : 3;
        }
        gather.in[0] = a.in();
        expect_same_of_all_widths(gather);

        cuda::Border border;
        border.y = x;
        border.x = y;
        border.mode = Pad::Mode::edge;
        border.before[1] = border.before[2] = 2;
        border.in[0] = b.in();
        expect_same_of_all_widths(border);

        cuda::Reorder reorder;
        reorder.y = cuda::layout_of({5, 3 * channels}, multiple);
        reorder.x = y;
        reorder.in[0] = b.in();
        expect_same_of_all_widths(reorder);
      }
    }
  }
}

TEST(CudaRuns, AreTheSameOfAllWidths) {
  for (const int channels : kChannels) {
    SCOPED_TRACE(channels);
    expect_runs_alike(channels);
  }
}

// Bytes and floats to the network's input; the last image is not there.
TEST(CudaRuns, NormaliseTheSameOfAllWidths) {
  for (const int channels : kChannels) {
    const std::vector<std::uint8_t> pixels(static_cast<std::size_t>(2 * channels * 15), 7);
    Memory input(2 * channels * 15, Type::fp32), table(256 * channels, Type::fp32);
    const std::int64_t item = 0;
    cuda::ShardView shard;
    shard.pixels = pixels.data();
    shard.table = static_cast<const float*>(table.data());
    shard.count = 2;
    shard.block = kImages;
    cuda::Normalise op;
    op.batch = kImages;
    op.plane = 15;
    op.shard = &shard;
    op.item = &item;
    for (const bool given : {false, true}) {
      shard.input = given ? static_cast<const float*>(input.data()) : nullptr;
      for (const Shape& shape : {Shape{channels, 5, 3}, Shape{channels, 15}}) {
        op.y = cuda::layout_of(shape, 8);
        expect_same_of_all_widths(op);
      }
    }
  }
}

// The parts of an array, each written with a number of its own: every element of it once, padding by the last.
void expect_parts_make_the_whole(int first) {
  for (const Shape& shape : {Shape{first + 13, 3, 5}, Shape{3, first + 13, 5}, Shape{7, first + 13}}) {
    const int axis = shape[1] == first + 13 ? 1 : 0;
    const Layout whole = cuda::layout_of(shape, 8);
    Memory y(kImages * whole.image, Type::fp16);
    std::vector<float> numbers{1, 2, 3};
    const auto write = [&](int begin, int extent, float* number) {
      cuda::Gather part;
      part.y = cuda::part_of(whole, axis, begin, extent);
      for (int a = 0; a < whole.rank; ++a) part.high[a] = part.y.extent[a];
      part.in[0] = {number, Type::fp32};
      for (std::int64_t k = 0; k < kImages * cuda::runs_of(part.y, 8); ++k) {
        cuda::compute<8>(part, static_cast<std::uint32_t>(k), y.out());
      }
    };
    write(first + 5, 8, &numbers[2]);  // in any order
    write(0, first, numbers.data());
    write(first, 5, &numbers[1]);
    std::int64_t real = 0, sum = 0;
    for (std::int64_t i = 0; i < kImages * whole.image; ++i) sum += static_cast<std::int64_t>(y.in()[i]);
    for (std::int64_t n = 0; n < kImages; ++n) {
      for (std::int64_t k = 0; k < elements(shape); ++k, ++real) {
        const cuda::Index index = whole.index_of_number(k);
        const int at = index.at[axis];
        ASSERT_EQ(y.in()[n * whole.image + whole.place_of(index)], at < first ? 1 : at < first + 5 ? 2 : 3);
      }
    }
    const std::int64_t others = real / (first + 13);  // elements across the axis
    EXPECT_EQ(sum, others * (first + 10 + 24));       // padding is 0
  }
}

TEST(CudaRuns, PartsMakeTheWhole) {
  for (const int first : kChannels) {
    SCOPED_TRACE(first);
    expect_parts_make_the_whole(first);
  }
}

// Convolutions write where a concatenation wants them, if that is where 16 bytes begin and nothing else looks at them.
TEST(CudaRuns, ConvolutionsWriteTheirPartOfAConcatenation) {
  const auto copies = [](std::int64_t width, cuda::Type type, bool used_again) {
    Graph g({3, 9, 9});
    const ValueId a = g.relu(g.conv(kInputValue, width, 1)), b = g.relu(g.conv(kInputValue, 64, 3, 1, 1));
    const ValueId joint = g.concat({a, b, g.conv(kInputValue, 5, 1)});
    const ValueId c = g.conv(g.conv(joint, 16, 1), 10, 1);  // the last one is of fp32
    if (used_again) g.sum(g.conv(c, 64, 1), b);
    int count = 0;
    for (const cuda::Step& step : cuda::make_plan(g.network(), 4, type).steps) {
      const auto* gather = std::get_if<cuda::Gather>(&step.op);
      count += gather != nullptr && gather->y.image > gather->y.rows() * gather->y.padded ? 1 : 0;
    }
    return count;
  };
  EXPECT_EQ(copies(16, Type::fp16, false), 1);  // of the 5 channels
  EXPECT_EQ(copies(12, Type::fp32, false), 1);
  EXPECT_EQ(copies(12, Type::fp16, false), 3);
  EXPECT_EQ(copies(17, Type::bf16, false), 3);
  EXPECT_EQ(copies(16, Type::bf16, true), 2);
}

// A mean over all of an image is one long sum, however it is written.
TEST(CudaRuns, MeansOfWholeImagesAreReductionsOfOneAxis) {
  for (const bool pool : {false, true}) {
    Graph g({9, 5, 7});
    if (pool) {
      g.add(AveragePool{{5, 7}, {1, 1}, {}, false}, {kInputValue}, {9, 1, 1});
    } else {
      g.add(GlobalAveragePool{}, {kInputValue}, {9, 1, 1});
    }
    const cuda::Plan plan = cuda::make_plan(g.network(), 4, Type::fp16);
    ASSERT_EQ(plan.steps.size(), 1U);
    const auto* mean = std::get_if<cuda::Reduction>(&plan.steps[0].op);
    ASSERT_NE(mean, nullptr);
    EXPECT_EQ(mean->reduced, 1);
    EXPECT_EQ(mean->extent[0], 35);
    expect_equal_engines(g.network());
  }
}

}  // namespace
}  // namespace vbq::test
