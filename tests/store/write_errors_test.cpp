// Disks that are full or may not be written: one sentence, the old files as they were, no temporary file.
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <numeric>

#include "data/dataset_hash.hpp"
#include "store/checkpoint.hpp"
#include "store/samples.hpp"
#include "store/small_disk.hpp"
#include "support/folder.hpp"
#include "vbq/dataset_file.hpp"

namespace vbq {
namespace {
namespace fs = std::filesystem;

using test::error_of;
using test::expect_same;
using test::has;
using test::sample_images;
using test::sample_state;

std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(folder))
    files[entry.path().filename().string()] = test::get(entry.path());
  return files;
}

TEST(WriteErrors, CheckpointOnAFullDisk) {
  const test::Folder folder;
  save_checkpoint(folder.path(), sample_state(1, 1));
  const auto size = fs::file_size(folder / "checkpoint-000001.h5");
  test::SmallDisk disk(folder / "disk", std::to_string(size * 5 / 2));  // two and a half
  if (!disk.ready()) GTEST_SKIP() << "this process may not mount a file system";
  save_checkpoint(disk.path(), sample_state(1, 1));
  save_checkpoint(disk.path(), sample_state(2, 2));
  const auto before = contents(disk.path());
  EXPECT_TRUE(has(error_of([&] { save_checkpoint(disk.path(), sample_state(3, 3)); }), "No space left on device"));
  EXPECT_TRUE(contents(disk.path()) == before);
  expect_same(*load_checkpoint(disk.path()), sample_state(2, 2));
}

TEST(WriteErrors, DatasetOnAFullDisk) {
  const test::Folder folder;
  test::SmallDisk disk(folder / "disk", "600k");
  if (!disk.ready()) GTEST_SKIP() << "this process may not mount a file system";
  const Images small = sample_images(40, 3, 32, 32, 10, 1);
  write_dataset(disk / "d.h5", small, {});
  const auto before = contents(disk.path());
  // From far too large to just too large, where the last flush is what fails.
  for (const std::int64_t count : {5000, 400, 200, 160, 155, 150, 147, 146, 145, 144, 143, 142, 141, 140}) {
    const Images large = sample_images(count, 3, 32, 32, 10, 2);
    try {
      write_dataset(disk / "d.h5", large, {});
      verify_hash(*open_dataset(disk / "d.h5"));  // it did fit
      write_dataset(disk / "d.h5", small, {});
    } catch (const Error& error) {
      EXPECT_TRUE(has(error.what(), "No space left on device")) << count;
      EXPECT_TRUE(has(error.what(), "d.h5")) << count;
    }
    ASSERT_TRUE(contents(disk.path()) == before) << count;
  }
  error_of([&] { write_dataset(disk / "d.h5", sample_images(5000, 3, 32, 32, 10, 2), {}); });
}

TEST(WriteErrors, AReadOnlyFileSystemIsReadButNotWritten) {
  const test::Folder folder;
  test::SmallDisk disk(folder / "disk", "2m");
  if (!disk.ready()) GTEST_SKIP() << "this process may not mount a file system";
  const Images images = sample_images(20, 1, 8, 8, 10, 1);
  write_dataset(disk / "d.h5", images, {});
  save_checkpoint(disk.path(), sample_state(1, 1));
  ASSERT_TRUE(disk.make_read_only());
  const auto before = contents(disk.path());
  EXPECT_TRUE(has(error_of([&] { write_dataset(disk / "d.h5", images, {}); }), "Read-only file system"));
  EXPECT_TRUE(has(error_of([&] { save_checkpoint(disk.path(), sample_state(2, 1)); }), "Read-only file system"));
  EXPECT_TRUE(contents(disk.path()) == before);
  EXPECT_NO_THROW(verify_hash(*open_dataset(disk / "d.h5")));
  expect_same(*load_checkpoint(disk.path()), sample_state(1, 1));
}

TEST(WriteErrors, AFolderWithoutPermission) {
  const test::Folder folder;
  write_dataset(folder / "d.h5", sample_images(2, 1, 2, 2, 2, 1), {});
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
  if (::access(folder.path().c_str(), W_OK) == 0) {
    fs::permissions(folder.path(), fs::perms::owner_all);
    GTEST_SKIP() << "this user (root?) may write into any folder";
  }
  const auto before = contents(folder.path());
  EXPECT_TRUE(
      has(error_of([&] { write_dataset(folder / "d.h5", sample_images(3, 1, 2, 2, 2, 1), {}); }), "Permission denied"));
  EXPECT_TRUE(has(error_of([&] { save_checkpoint(folder.path(), sample_state(2, 1)); }), "Permission denied"));
  EXPECT_TRUE(contents(folder.path()) == before);
  fs::permissions(folder.path(), fs::perms::owner_all);
}

TEST(WriteErrors, AFolderThatIsMissingOrInTheWay) {
  const test::Folder folder;
  EXPECT_TRUE(has(error_of([&] { write_dataset(folder / "none" / "d.h5", sample_images(2, 1, 2, 2, 2, 1), {}); }),
                  "No such file"));
  EXPECT_TRUE(has(error_of([&] { save_checkpoint(folder / "none", sample_state(2, 1)); }), "No such file"));
  fs::create_directory(folder / "d.h5");
  EXPECT_TRUE(
      has(error_of([&] { write_dataset(folder / "d.h5", sample_images(2, 1, 2, 2, 2, 1), {}); }), "Is a directory"));
  EXPECT_FALSE(fs::exists(folder / ".d.h5.vbq-part"));
}

}  // namespace
}  // namespace vbq
