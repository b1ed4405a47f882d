#include "vbq/dataset_file.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <numeric>

#include "data/dataset_hash.hpp"
#include "data/importers.hpp"
#include "store/samples.hpp"
#include "support/folder.hpp"
#include "vbq/label.hpp"

namespace vbq {
namespace {
namespace fs = std::filesystem;

using test::error_of;
using test::expect_same;
using test::has;
using test::sample_images;

std::vector<std::int64_t> range(std::int64_t first, std::int64_t end) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(end - first));
  std::iota(indices.begin(), indices.end(), first);
  return indices;
}

TEST(DatasetFile, GivesBackWhatWasWritten) {
  const test::Folder folder;
  Images plain = sample_images(700, 1, 16, 16, 5, 9);
  for (std::size_t i = 0; i < plain.pixels.size(); ++i) plain.pixels[i] = static_cast<std::uint8_t>(i % 3);
  // More than one chunk, the last not full; one image; images larger than a chunk; images that compress.
  for (const Images& images : {sample_images(300, 3, 16, 16, 5, 1), sample_images(1, 1, 1, 1, 1, 2),
                               sample_images(3, 3, 300, 301, 4, 3), plain}) {
    DatasetInfo info;
    info.classes = 7;
    info.class_names = {"a", "", "caf\xC3\xA9", "d", "e", "f", "a rather longer name"};
    info.normalisation.mean.assign(static_cast<std::size_t>(images.channels), 0.1F);
    info.normalisation.std.assign(static_cast<std::size_t>(images.channels), 1e-20F);
    write_dataset(folder / "d.h5", images, info);
    EXPECT_FALSE(fs::exists(folder / ".d.h5.vbq-part"));
    const auto source = open_dataset(folder / "d.h5");
    expect_same(source->read(range(0, images.count)), images);
    EXPECT_EQ(source->labels(), images.labels);
    EXPECT_EQ(source->info().count, images.count);
    EXPECT_EQ(source->info().classes, 7);
    EXPECT_EQ(source->info().class_names, info.class_names);
    EXPECT_EQ(source->info().normalisation, info.normalisation);
    EXPECT_EQ(source->info().origin, (folder / "d.h5").string());
    EXPECT_EQ(source->info().hash, dataset_hash(images, info.normalisation));
    EXPECT_NO_THROW(verify_hash(*source));
  }
}

TEST(DatasetFile, ImagesWithoutLabels) {
  const test::Folder folder;
  Images images = sample_images(40, 1, 8, 8, 5, 9);
  images.labels.assign(40, kNoLabel);
  write_dataset(folder / "d.h5", images, {});
  const auto source = open_dataset(folder / "d.h5");
  EXPECT_EQ(source->info().classes, 0);
  expect_same(source->read(range(0, 40)), images);
  EXPECT_NO_THROW(verify_hash(*source));
  images.labels[7] = 3;  // some, or none
  EXPECT_TRUE(has(error_of([&] { write_dataset(folder / "e.h5", images, {}); }), "has label -1"));
}

TEST(DatasetFile, CompressesOnlyWhatShrinks) {
  const test::Folder folder;
  Images images = sample_images(700, 1, 16, 16, 5, 9);
  write_dataset(folder / "noise.h5", images, {});
  std::fill(images.pixels.begin(), images.pixels.end(), std::uint8_t{7});
  write_dataset(folder / "plain.h5", images, {});
  EXPECT_GT(fs::file_size(folder / "noise.h5"), images.pixels.size());
  EXPECT_LT(fs::file_size(folder / "plain.h5"), images.pixels.size() / 8);
}

TEST(DatasetFile, ReadsAnyAscendingSubsetLikeMemoryDoes) {
  const test::Folder folder;
  const Images images = sample_images(500, 2, 20, 19, 10, 4);
  write_dataset(folder / "d.h5", images, {});
  const auto file = open_dataset(folder / "d.h5"), memory = memory_source(images, {});
  EXPECT_EQ(file->info().hash, memory->info().hash);
  Random random(5, 0, 0, Purpose::test);
  for (int round = 0; round < 30; ++round) {
    std::vector<std::int64_t> indices;
    const double share = random.uniform();
    for (std::int64_t i = 0; i < 500; ++i) {
      if (random.uniform() < share) indices.push_back(i);
    }
    expect_same(file->read(indices), memory->read(indices));
  }
  EXPECT_EQ(file->read({}).count, 0);
  EXPECT_TRUE(has(error_of([&] { file->read(std::vector<std::int64_t>{500}); }), "0..499 was expected"));
  EXPECT_THROW(file->read(std::vector<std::int64_t>{3, 2}), Error);
}

TEST(DatasetFile, EqualContentGivesEqualBytes) {
  const test::Folder folder;
  const Images images = sample_images(50, 1, 8, 8, 10, 5);
  write_dataset(folder / "a.h5", images, {});
  ::sleep(1);
  write_dataset(folder / "b.h5", images, {});
  EXPECT_TRUE(test::get(folder / "a.h5") == test::get(folder / "b.h5"));
}

TEST(DatasetFile, RefusesToWriteContradictionsAndLeavesTheOldFile) {
  const test::Folder folder;
  Images images = sample_images(4, 1, 2, 2, 3, 6);
  write_dataset(folder / "d.h5", images, {});
  const std::string before = test::get(folder / "d.h5");
  images.labels[1] = -3;
  EXPECT_TRUE(
      has(error_of([&] { write_dataset(folder / "d.h5", images, {}); }), "image 1 (counted from 0) has label -3"));
  EXPECT_TRUE(test::get(folder / "d.h5") == before);
}

TEST(DatasetFile, IsReadByManyProcessesAtOnceAndWhileHeldOpen) {
  const test::Folder folder;
  const Images images = sample_images(200, 3, 16, 16, 10, 7);
  write_dataset(folder / "d.h5", images, {});
  fs::permissions(folder / "d.h5", fs::perms::owner_read);
  const auto held = open_dataset(folder / "d.h5");
  std::vector<pid_t> children;
  for (int c = 0; c < 4; ++c) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      bool good = false;
      try {
        good = open_dataset(folder / "d.h5")->read(range(0, 200)).pixels == images.pixels;
      } catch (...) {
      }
      ::_exit(good ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  expect_same(held->read(range(0, 200)), images);
}

TEST(DatasetFile, RealCifar10) {
  const fs::path path = fs::path(VBQ_SHARED) / "data" / "cifar10" / "test_batch_9980.bin";
  if (!fs::exists(path)) GTEST_SKIP() << path << " is missing";
  const test::Folder folder;
  const ImportedImages got = import_images("cifar10", {path}, {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}});
  write_dataset(folder / "d.h5", got.images, got.info);
  const auto source = open_dataset(folder / "d.h5");
  EXPECT_EQ(source->info().hash, got.info.hash);
  const Split split = stratified_split(source->labels(), 2000);
  const Images part = source->read(split.search);
  for (std::size_t i = 0; i < split.search.size(); ++i) {
    const auto from = static_cast<std::size_t>(split.search[i]);
    ASSERT_EQ(part.labels[i], got.images.labels[from]);
    ASSERT_TRUE(std::equal(part.pixels.begin() + i * 3072, part.pixels.begin() + (i + 1) * 3072,
                           got.images.pixels.begin() + from * 3072));
  }
}

}  // namespace
}  // namespace vbq
