#include "store/file_kind.hpp"

#include <gtest/gtest.h>

#include "store/checkpoint.hpp"
#include "store/kernels_file.hpp"
#include "store/samples.hpp"
#include "support/folder.hpp"
#include "vbq/dataset_file.hpp"

namespace vbq {
namespace {

TEST(FileKind, TellsThemApart) {
  const test::Folder folder;
  write_dataset(folder / "d.h5", test::sample_images(3, 1, 2, 2, 2, 1), {});
  save_checkpoint(folder.path(), test::sample_state(1, 1));
  EXPECT_EQ(identify(folder / "d.h5"), FileKind::dataset);
  EXPECT_EQ(identify(folder / "checkpoint-000001.h5"), FileKind::checkpoint);
  test::put(folder / "block.h5", std::string(2048, 'u') + test::get(folder / "d.h5"));  // behind a user block
  EXPECT_EQ(identify(folder / "block.h5"), FileKind::dataset);
}

TEST(FileKind, EverythingElseIsOther) {
  const test::Folder folder;
  for (const std::string& content :
       {std::string(), std::string("x"), std::string(5000, '\x89'), std::string("vbq checkpoin")}) {
    test::put(folder / "f", content);
    EXPECT_EQ(identify(folder / "f"), FileKind::other);
  }
  EXPECT_EQ(identify(folder / "none"), FileKind::other);
  EXPECT_EQ(identify(folder.path()), FileKind::other);
  EXPECT_EQ(identify("/dev/zero"), FileKind::other);
}

TEST(FileKind, ACheckpointIsNoDatasetAndTheOtherWayRound) {
  const test::Folder folder;
  save_checkpoint(folder.path(), test::sample_state(1, 1));
  write_dataset(folder / "d.h5", test::sample_images(3, 1, 2, 2, 2, 1), {});
  EXPECT_TRUE(test::has(test::error_of([&] { open_dataset(folder / "checkpoint-000001.h5"); }),
                        "is a checkpoint, or another sealed file of a run: a dataset was expected"));
  EXPECT_TRUE(test::has(test::error_of([&] { read_checkpoint(folder / "d.h5"); }), "is not a checkpoint"));
}

// Sealed alike: what is inside tells.
TEST(FileKind, WhatARunKeepsForItselfIsNoCheckpoint) {
  const test::Folder folder;
  save_kernels(folder / "kernels.h5", {{1, 2}, {3}}, "key");
  EXPECT_TRUE(test::has(test::error_of([&] { read_checkpoint(folder / "kernels.h5"); }),
                        "a calibration, sensitivities or kernels): a checkpoint was expected"));
}

}  // namespace
}  // namespace vbq
