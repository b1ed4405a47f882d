#include "data/augment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace vbq {
namespace {

// `count` different images of 1 x height x width.
std::unique_ptr<ImageSource> source_of(std::int64_t count, std::int64_t height, std::int64_t width) {
  Images images{count, 1, height, width, {}, {}};
  for (std::int64_t i = 0; i < count * height * width; ++i)
    images.pixels.push_back(static_cast<std::uint8_t>(i * 7 + i / (height * width) * 31));
  for (std::int64_t i = 0; i < count; ++i) images.labels.push_back(static_cast<std::int32_t>(i % 2));
  DatasetInfo info{count, 1, height, width, {}, 2, {{0}, {1}}, "", "memory"};
  return memory_source(std::move(images), std::move(info));
}

std::vector<std::int64_t> all(std::int64_t count) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(count));
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

TEST(Augment, NoneIsTheImagesThemselves) {
  const auto source = source_of(6, 8, 8);
  const auto indices = all(6);
  EXPECT_EQ(read_augmented(*source, indices, 2, 3, Augment::none).pixels,
            source->read(std::vector<std::int64_t>{2, 3, 4}).pixels);
}

// Whoever reads it, in whatever part.
TEST(Augment, AnImageIsChangedAlikeInEveryPart) {
  const auto source = source_of(40, 16, 16);
  const auto indices = all(40);
  for (const Augment augment : {Augment::shift, Augment::mix}) {
    const Images whole = read_augmented(*source, indices, 0, 40, augment);
    EXPECT_NE(whole.pixels, source->read(indices).pixels);
    EXPECT_EQ(whole.labels, source->labels());
    for (std::size_t first = 0; first < 40; first += 8) {
      const Images part = read_augmented(*source, indices, first, 8, augment);
      const auto from = whole.pixels.begin() + static_cast<std::ptrdiff_t>(first * 256);
      EXPECT_TRUE(std::equal(part.pixels.begin(), part.pixels.end(), from)) << first;
    }
  }
}

// Each image once, changed and labelled as in its own place, in every part alike.
TEST(Augment, DrawnImagesAreTheSameInAnotherOrder) {
  const auto source = source_of(40, 16, 16);
  const auto indices = all(40);
  for (const Augment augment : {Augment::none, Augment::mix}) {
    const Images plain = read_augmented(*source, indices, 0, 40, augment);
    const Images drawn = read_drawn(*source, indices, 0, 40, augment);
    const auto of = [](const Images& images) {
      std::vector<std::pair<std::vector<std::uint8_t>, std::int32_t>> each;
      for (std::ptrdiff_t i = 0; i < 40; ++i) {
        each.push_back({{images.pixels.begin() + i * 256, images.pixels.begin() + (i + 1) * 256},
                        images.labels[static_cast<std::size_t>(i)]});
      }
      return each;
    };
    auto one = of(plain), other = of(drawn);
    EXPECT_NE(one, other);
    std::ranges::sort(one);
    std::ranges::sort(other);
    EXPECT_EQ(one, other);
    for (std::size_t first = 0; first < 40; first += 8) {
      const Images part = read_drawn(*source, indices, first, 8, augment);
      const auto from = drawn.pixels.begin() + static_cast<std::ptrdiff_t>(first * 256);
      EXPECT_TRUE(std::equal(part.pixels.begin(), part.pixels.end(), from)) << first;
    }
  }
}

// Every pixel of a shifted image comes from at most an eighth of the extent away, mirrored or not.
TEST(Augment, ShiftsByAnEighthAtMostAndMirrorsHalfOfThem) {
  const std::int64_t count = 200, size = 16;
  Images images{count, 1, size, size, {}, std::vector<std::int32_t>(count, 0)};
  for (std::int64_t i = 0; i < count * size * size; ++i) images.pixels.push_back(static_cast<std::uint8_t>(i % size));
  const auto source = memory_source(std::move(images), {count, 1, size, size, {}, 1, {{0}, {1}}, "", "memory"});
  const Images shifted = read_augmented(*source, all(count), 0, count, Augment::shift);
  int mirrored = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* row = &shifted.pixels[i * size * size];
    const int middle = row[size / 2];  // 8 - right, or 7 + right where mirrored
    const bool back = row[size / 2 + 1] < middle;
    mirrored += back;
    EXPECT_LE(std::abs(middle - (back ? 7 : 8)), size / 8);
    for (std::int64_t y = 1; y < size; ++y) EXPECT_TRUE(std::equal(row, row + size, row + y * size));
  }
  EXPECT_GT(mirrored, 70);
  EXPECT_LT(mirrored, 130);
}

TEST(Augment, MixesThreeFifthsWithTwoFifthsOfAnother) {
  const std::int64_t count = 30;
  Images images{count, 1, 1, 1, {}, std::vector<std::int32_t>(count, 0)};
  for (std::int64_t i = 0; i < count; ++i) images.pixels.push_back(static_cast<std::uint8_t>(i * 8));
  const auto source = memory_source(std::move(images), {count, 1, 1, 1, {}, 1, {{0}, {1}}, "", "memory"});
  const Images mixed = read_augmented(*source, all(count), 0, count, Augment::mix);
  int others = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    bool found = false;
    for (std::int64_t j = 0; j < count; ++j)
      found |= mixed.pixels[static_cast<std::size_t>(i)] == (3 * i * 8 + 2 * j * 8 + 2) / 5;
    EXPECT_TRUE(found) << i;
    others += mixed.pixels[static_cast<std::size_t>(i)] != i * 8;
  }
  EXPECT_GT(others, 20);
}

}  // namespace
}  // namespace vbq
