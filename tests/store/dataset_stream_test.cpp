#include "store/dataset_stream.hpp"

#include <gtest/gtest.h>

#include "store/samples.hpp"
#include "store/small_disk.hpp"
#include "support/folder.hpp"
#include "vbq/dataset_file.hpp"

namespace vbq {
namespace {
namespace fs = std::filesystem;

using test::error_of;
using test::has;
using test::sample_images;

Images part(const Images& all, std::int64_t first, std::int64_t end) {
  const std::int64_t one = all.channels * all.height * all.width;
  Images out{end - first, all.channels, all.height, all.width, {}, {}};
  out.pixels.assign(all.pixels.begin() + first * one, all.pixels.begin() + end * one);
  out.labels.assign(all.labels.begin() + first, all.labels.begin() + end);
  return out;
}

DatasetInfo info_for(const Images& images, std::int64_t most) {
  DatasetInfo info{most, images.channels, images.height, images.width, {}, 5, {}, "", ""};
  info.preprocessing = "centre crop 8x8, RGB";
  return info;
}

// Pieces that end inside chunks, images larger than a chunk, and fewer images than were announced.
TEST(DatasetStream, IsTheFileOfTheSameImagesInOne) {
  const test::Folder folder;
  for (const auto& images : {sample_images(300, 3, 16, 16, 5, 1), sample_images(4, 3, 250, 251, 5, 2)}) {
    for (const std::int64_t surplus : {0, 7}) {
      write_dataset(folder / "one.h5", images, info_for(images, images.count));
      DatasetStream stream(folder / "stream.h5", info_for(images, images.count + surplus));
      const std::int64_t cut = images.count / 3;
      stream.append(part(images, 0, 1));
      stream.append(part(images, 1, cut));
      stream.append(part(images, cut, images.count));
      const DatasetInfo info = stream.finish();
      const auto one = open_dataset(folder / "one.h5"), streamed = open_dataset(folder / "stream.h5");
      EXPECT_EQ(info.hash, one->info().hash);
      EXPECT_EQ(streamed->info().hash, one->info().hash);
      EXPECT_EQ(streamed->info().count, images.count);
      EXPECT_EQ(streamed->info().preprocessing, "centre crop 8x8, RGB");
      EXPECT_EQ(streamed->labels(), one->labels());
      EXPECT_FALSE(fs::exists(folder / ".stream.h5.vbq-part"));
    }
  }
}

TEST(DatasetStream, LeavesNothingBehindWithoutFinish) {
  const test::Folder folder;
  const Images images = sample_images(3, 1, 4, 4, 5, 1);
  {
    DatasetStream stream(folder / "d.h5", info_for(images, 3));
    stream.append(images);
    EXPECT_TRUE(fs::exists(folder / ".d.h5.vbq-part"));
  }
  {
    DatasetStream stream(folder / "d.h5", info_for(images, 3));
    EXPECT_TRUE(has(error_of([&] { stream.finish(); }), "0 images"));
  }
  {
    DatasetInfo info = info_for(images, 3);
    info.classes = 1;
    DatasetStream stream(folder / "d.h5", info);
    error_of([&] { stream.append(sample_images(3, 1, 4, 4, 5, 2)); });
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(DatasetStream, LooksForRoomFirst) {
  const test::Folder folder;
  test::SmallDisk disk(folder / "disk", "20m");
  if (!disk.ready()) GTEST_SKIP() << "this process may not mount a file system";
  const Images images = sample_images(10, 3, 32, 32, 5, 1);
  EXPECT_TRUE(has(error_of([&] { DatasetStream(disk / "d.h5", info_for(images, 10000)); }), "are free on its disk"));
  EXPECT_TRUE(fs::is_empty(disk.path()));
  DatasetStream stream(disk / "d.h5", info_for(images, 10));
  stream.append(images);
  EXPECT_EQ(stream.finish().count, 10);
}

}  // namespace
}  // namespace vbq
