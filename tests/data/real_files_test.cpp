// The real CIFAR-10 and MNIST files, where they are.
#include <gtest/gtest.h>

#include "data/importers.hpp"
#include "data/npy.hpp"
#include "support/folder.hpp"

namespace vbq {
namespace {
namespace fs = std::filesystem;

const fs::path kData = fs::path(VBQ_SHARED) / "data";

TEST(RealFiles, Cifar10) {
  const fs::path path = kData / "cifar10" / "test_batch_9980.bin";
  if (!fs::exists(path)) GTEST_SKIP() << path << " is missing";
  EXPECT_EQ(detect_kind(path), "cifar10");
  const ImportedImages got = import_images("cifar10", {path}, {});
  EXPECT_EQ(got.images.count, 9980);
  const std::string file = test::get(path);
  for (std::size_t i = 0; i < 9980; ++i) {
    ASSERT_EQ(got.images.labels[i], file[i * 3073]);
    ASSERT_TRUE(std::equal(got.images.pixels.begin() + i * 3072, got.images.pixels.begin() + (i + 1) * 3072,
                           reinterpret_cast<const std::uint8_t*>(file.data()) + i * 3073 + 1));
  }
  // The test set's first images are famous: cat, ship, ship, airplane, frog, frog, automobile, frog, cat, automobile.
  const std::vector<std::int32_t> first(got.images.labels.begin(), got.images.labels.begin() + 10);
  EXPECT_EQ(first, (std::vector<std::int32_t>{3, 8, 8, 0, 6, 6, 1, 6, 3, 1}));
}

TEST(RealFiles, Cifar10TestAndTrainJoined) {
  const fs::path a = kData / "cifar10" / "test_batch_9980.bin", b = kData / "cifar10" / "train_sample_2000.bin";
  if (!fs::exists(a) || !fs::exists(b)) GTEST_SKIP() << a << " or " << b << " is missing";
  EXPECT_EQ(import_images("cifar10", {a, b}, {}).images.count, 11980);
  const ImportedImages train = import_images("cifar10", {b}, {});
  std::vector<int> classes(10);
  for (const auto label : train.images.labels) ++classes[static_cast<std::size_t>(label)];
  EXPECT_EQ(classes, std::vector<int>(10, 200));
}

TEST(RealFiles, Mnist) {
  const fs::path images = kData / "mnist" / "t10k-images-idx3-ubyte.gz",
                 labels = kData / "mnist" / "t10k-labels-idx1-ubyte.gz";
  if (!fs::exists(images) || !fs::exists(labels)) GTEST_SKIP() << images << " or " << labels << " is missing";
  EXPECT_EQ(detect_kind(images), "mnist");
  const ImportedImages got = import_images("mnist", {images, labels}, {{0.0F}, {256.0F / 255.0F}});
  EXPECT_EQ(got.images.count, 10000);
  EXPECT_EQ(got.images.channels, 1);
  EXPECT_EQ(got.images.height, 28);
  EXPECT_EQ(got.images.width, 28);
  const std::vector<std::int32_t> first(got.images.labels.begin(), got.images.labels.begin() + 10);
  EXPECT_EQ(first, (std::vector<std::int32_t>{7, 2, 1, 0, 4, 1, 4, 9, 5, 9}));
  EXPECT_EQ(import_images("mnist", {images}, {{0.0F}, {256.0F / 255.0F}}).info.hash, got.info.hash);
}

// Files that NumPy wrote come out of our writer with the same bytes.
TEST(RealFiles, NumPyArraysAreRewrittenByteForByte) {
  const fs::path reference = kData / "imagenet" / "squeezenet1_1_reference";
  if (!fs::exists(reference)) GTEST_SKIP() << reference << " is missing";
  const test::Folder folder;
  int files = 0;
  for (const auto& entry : fs::directory_iterator(reference)) {
    if (entry.path().extension() != ".npy") continue;
    const NpyArray array = read_npy(entry.path());
    ASSERT_EQ(array.type, NpyType::float32);
    write_npy(folder / "copy.npy", array.shape, array.as_floats());
    EXPECT_EQ(test::get(folder / "copy.npy"), test::get(entry.path())) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 6);
}

}  // namespace
}  // namespace vbq
