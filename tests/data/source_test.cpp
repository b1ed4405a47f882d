// memory_source and the dataset's hash.
#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "core/random.hpp"
#include "data/dataset_hash.hpp"
#include "support/folder.hpp"
#include "vbq/dataset.hpp"

namespace vbq {
namespace {

using test::error_of;
using test::has;

Images random_images(std::int64_t count, std::int64_t channels, std::int64_t height, std::int64_t width,
                     std::uint32_t seed) {
  Random random(seed, 0, 0, Purpose::test);
  Images images{count, channels, height, width, {}, {}};
  images.pixels.resize(static_cast<std::size_t>(count * channels * height * width));
  for (auto& pixel : images.pixels) pixel = static_cast<std::uint8_t>(random.below(256));
  images.labels.resize(static_cast<std::size_t>(count));
  for (auto& label : images.labels) label = static_cast<std::int32_t>(random.below(4));
  return images;
}

TEST(MemorySource, GivesTheImagesAskedFor) {
  const Images images = random_images(7, 2, 3, 5, 1);
  const auto source = memory_source(images, {});
  EXPECT_EQ(source->labels(), images.labels);
  const std::vector<std::int64_t> indices{1, 2, 6};
  const Images got = source->read(indices);
  ASSERT_EQ(got.count, 3);
  ASSERT_EQ(got.channels * got.height * got.width, 30);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto from = static_cast<std::size_t>(indices[i]);
    EXPECT_EQ(got.labels[i], images.labels[from]);
    EXPECT_TRUE(
        std::equal(got.pixels.begin() + i * 30, got.pixels.begin() + (i + 1) * 30, images.pixels.begin() + from * 30));
  }
  EXPECT_EQ(source->read({}).count, 0);
}

TEST(MemorySource, CompletesWhatInfoLeavesOut) {
  Images images = random_images(5, 3, 2, 2, 2);
  images.labels = {0, 2, 1, 0, 2};
  const auto source = memory_source(images, {});
  EXPECT_EQ(source->info().count, 5);
  EXPECT_EQ(source->info().classes, 3);
  EXPECT_EQ(source->info().normalisation, (Normalisation{{0, 0, 0}, {1, 1, 1}}));
  EXPECT_EQ(source->info().hash, dataset_hash(images, source->info().normalisation));
}

TEST(MemorySource, RefusesContradictions) {
  const Images good = random_images(4, 3, 2, 2, 3);
  Images images = good;
  images.pixels.pop_back();
  EXPECT_TRUE(has(error_of([&] { memory_source(images, {}); }), "47 bytes of pixels"));
  images = good;
  images.labels.pop_back();
  EXPECT_TRUE(has(error_of([&] { memory_source(images, {}); }), "3 labels were found for 4 images"));
  images = good;
  images.labels[2] = -1;
  EXPECT_TRUE(has(error_of([&] { memory_source(images, {}); }), "image 2 (counted from 0) has label -1"));
  DatasetInfo info;
  info.classes = 2;
  images = good;
  images.labels = {0, 1, 1, 2};
  EXPECT_TRUE(
      has(error_of([&] { memory_source(images, info); }), "image 3 (counted from 0) has label 2: 0..1 was expected"));
  info = {};
  info.height = 9;
  EXPECT_TRUE(has(error_of([&] { memory_source(good, info); }), "the height is 2, 9 was stated"));
  info = {};
  info.class_names = {"a", "b"};
  info.classes = 4;
  EXPECT_TRUE(has(error_of([&] { memory_source(good, info); }), "2 class names"));
  EXPECT_TRUE(has(error_of([&] { memory_source(Images{0, 3, 2, 2, {}, {}}, {}); }), "0 images"));
  EXPECT_TRUE(has(error_of([&] { memory_source(Images{1, 0, 2, 2, {}, {0}}, {}); }), "1x1x1"));
  const std::int64_t huge = std::int64_t{1} << 40;
  EXPECT_TRUE(has(error_of([&] {
                    memory_source(Images{huge, huge, huge, huge, {}, {}}, {});
                  }),
                  "more than can be counted"));
}

TEST(MemorySource, RefusesANormalisationThatCannotBe) {
  const Images images = random_images(2, 1, 2, 2, 4);
  DatasetInfo info;
  for (const float bad :
       {0.0F, -1.0F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    info.normalisation = {{0.0F}, {bad}};
    EXPECT_TRUE(has(error_of([&] { memory_source(images, info); }), "standard deviation of channel 0"));
  }
  info.normalisation = {{std::numeric_limits<float>::quiet_NaN()}, {1.0F}};
  EXPECT_TRUE(has(error_of([&] { memory_source(images, info); }), "mean of channel 0"));
  info.normalisation = {{0, 0, 0}, {1, 1, 1}};
  EXPECT_TRUE(has(error_of([&] { memory_source(images, info); }), "3 means"));
}

TEST(MemorySource, RefusesIndicesOutOfRangeOrOrder) {
  const auto source = memory_source(random_images(4, 1, 2, 2, 5), {});
  for (const std::vector<std::int64_t>& bad : {std::vector<std::int64_t>{4}, {-1}, {0, 4}}) {
    EXPECT_TRUE(has(error_of([&] { source->read(bad); }), "0..3 was expected"));
  }
  EXPECT_THROW(source->read(std::vector<std::int64_t>{2, 1}), Error);
  EXPECT_THROW(source->read(std::vector<std::int64_t>{2, 2}), Error);
}

TEST(DatasetHash, DependsOnEverythingButTheCut) {
  const Images images = random_images(6, 3, 4, 4, 6);
  const Normalisation normalisation{{0, 0, 0}, {1, 1, 1}};
  const std::string hash = dataset_hash(images, normalisation);
  EXPECT_EQ(hash.size(), 32U);
  std::set<std::string> seen{hash};
  Images other = images;
  other.pixels.back() ^= 1;
  EXPECT_TRUE(seen.insert(dataset_hash(other, normalisation)).second);
  other = images;
  other.labels[0] ^= 1;
  EXPECT_TRUE(seen.insert(dataset_hash(other, normalisation)).second);
  other = images;
  std::swap(other.channels, other.height);
  EXPECT_TRUE(seen.insert(dataset_hash(other, normalisation)).second);
  EXPECT_TRUE(seen.insert(dataset_hash(images, {{0, 0, 0}, {1, 1, 2}})).second);

  DatasetHasher pieces(6, 3, 4, 4, normalisation);
  const std::span<const std::uint8_t> all(images.pixels);
  for (std::size_t at = 0; at < all.size(); at += 50)
    pieces.pixels(all.subspan(at, std::min<std::size_t>(50, all.size() - at)));
  EXPECT_EQ(pieces.finish(images.labels), hash);
}

// The stored identity of every dataset: it may never change.
TEST(DatasetHash, Golden) {
  const Images images{2, 1, 1, 2, {1, 2, 3, 4}, {0, 1}};
  EXPECT_EQ(dataset_hash(images, {{0.5F}, {0.25F}}), "038520747dff305a6287a33fcb561e38");
}

TEST(DatasetHash, OfASourceLargerThanOnePieceIsTheSame) {
  const Images images = random_images(50, 3, 200, 160, 7);  // 4.8 MB: two pieces
  const auto source = memory_source(images, {});
  EXPECT_EQ(dataset_hash(*source), source->info().hash);
  EXPECT_NO_THROW(verify_hash(*source));
}

// Another source's pixels under a hash that is not theirs.
class Liar final : public ImageSource {
 public:
  explicit Liar(std::unique_ptr<ImageSource> inner) : inner_(std::move(inner)) {}
  const DatasetInfo& info() const override { return inner_->info(); }
  std::vector<std::int32_t> labels() const override { return inner_->labels(); }
  Images read(std::span<const std::int64_t> indices) const override {
    Images images = inner_->read(indices);
    images.pixels[0] ^= 4;
    return images;
  }

 private:
  std::unique_ptr<ImageSource> inner_;
};

TEST(DatasetHash, VerifyNamesADamagedSet) {
  const Liar liar(memory_source(random_images(3, 1, 2, 2, 8), {}));
  EXPECT_TRUE(has(error_of([&] { verify_hash(liar); }), "damaged"));
}

}  // namespace
}  // namespace vbq
