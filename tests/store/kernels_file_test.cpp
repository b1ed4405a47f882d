#include "store/kernels_file.hpp"

#include <gtest/gtest.h>
#include <hdf5.h>

#include <vector>

#include "store/checkpoint_file.hpp"
#include "store/memory_image.hpp"
#include "support/folder.hpp"

namespace vbq {
namespace {

const Kernels kMadeUp{{14, 7, 3, -9, std::int64_t{1} << 40}, {}, {0}, {15}, {}};

TEST(KernelsFile, GivesBackWhatItWasMadeOfForTheSameKeyOnly) {
  const test::Folder folder;
  const auto path = folder / "kernels.h5";
  EXPECT_FALSE(load_kernels(path, "key").has_value());
  save_kernels(path, kMadeUp, "key");
  EXPECT_EQ(load_kernels(path, "key"), kMadeUp);
  EXPECT_FALSE(load_kernels(path, "another").has_value());
  const std::string bytes = test::get(path);
  save_kernels(path, kMadeUp, "key");
  EXPECT_EQ(test::get(path), bytes) << "equal content, equal bytes";
  save_kernels(path, {}, "another");
  EXPECT_EQ(load_kernels(path, "another"), Kernels());
}

TEST(KernelsFile, ADamagedOneIsNone) {
  const test::Folder folder;
  const auto path = folder / "kernels.h5";
  save_kernels(path, kMadeUp, "key");
  const std::string good = test::get(path);
  for (std::size_t length = 0; length < good.size(); length += 97) {
    test::put(path, good.substr(0, length));
    EXPECT_FALSE(load_kernels(path, "key").has_value()) << length;
  }
  std::string flipped = good;
  flipped[good.size() / 2] = static_cast<char>(flipped[good.size() / 2] ^ 1);
  test::put(path, flipped);
  EXPECT_FALSE(load_kernels(path, "key").has_value());
}

// Sealed and whole, with a key that deflate has made small: it would be as large as memory once read.
TEST(KernelsFile, ACompressedKeyIsNotRead) {
  const test::Folder folder;
  const auto path = folder / "kernels.h5";
  hdf5::MemoryImage image("kernels");
  const hsize_t size = hsize_t{64} << 20;
  const hid_t space = H5Screate_simple(1, &size, nullptr), creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(creation, 1, &size);
  H5Pset_deflate(creation, 1);
  const hid_t key = H5Dcreate2(image.file(), "key", H5T_NATIVE_UINT8, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  const std::vector<std::uint8_t> zeros(size);
  H5Dwrite(key, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, zeros.data());
  H5Dclose(key);
  H5Pclose(creation);
  H5Sclose(space);
  test::put(path, seal_checkpoint(image.finish()));
  ::testing::internal::CaptureStderr();
  EXPECT_FALSE(load_kernels(path, "key").has_value());
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("compressed"), std::string::npos) << said;
}

}  // namespace
}  // namespace vbq
