#include "store/kernels_file.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace vbq
