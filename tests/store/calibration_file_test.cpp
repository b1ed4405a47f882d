#include "store/calibration_file.hpp"

#include <gtest/gtest.h>

#include "store/samples.hpp"
#include "support/folder.hpp"

namespace vbq {
namespace {

constexpr std::int64_t kBytes = 100;  // or so, of the sample's factors

Calibration sample() {
  Calibration calibration;
  calibration.factors = {{3, {{0, 2, {1, 0, 2}, {1, 2, 3, 0, 4, 5, 0, 0, 6}, {8, 9, 10}}, {2, 1, {0}, {7}, {11}}}},
                         {9, {}}};
  return calibration;
}

TEST(CalibrationFile, GivesBackWhatItWasMadeOfForTheSameKeyOnly) {
  const test::Folder folder;
  const auto path = folder / "calibration.h5";
  EXPECT_FALSE(load_calibration(path, "key", kBytes).has_value());
  save_calibration(path, sample(), "key");
  const auto back = load_calibration(path, "key", kBytes);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->factors, sample().factors);
  EXPECT_FALSE(load_calibration(path, "another", kBytes).has_value());
  save_calibration(path, Calibration(), "another");
  EXPECT_TRUE(load_calibration(path, "another", kBytes)->factors.empty());
}

TEST(CalibrationFile, ADamagedOneIsNone) {
  const test::Folder folder;
  const auto path = folder / "calibration.h5";
  save_calibration(path, sample(), "key");
  const std::string good = test::get(path);
  for (std::size_t length = 0; length < good.size(); length += 97) {
    test::put(path, good.substr(0, length));
    EXPECT_FALSE(load_calibration(path, "key", kBytes).has_value()) << length;
  }
  std::string flipped = good;
  flipped[good.size() / 2] = static_cast<char>(flipped[good.size() / 2] ^ 1);
  test::put(path, flipped);
  EXPECT_FALSE(load_calibration(path, "key", kBytes).has_value());
}

TEST(CalibrationFile, OneFarLargerThanItsFactorsIsNone) {
  const test::Folder folder;
  const auto path = folder / "calibration.h5";
  save_calibration(path, sample(), "key");
  std::filesystem::resize_file(path, std::uintmax_t{1} << 34);  // takes no disk; would take the memory
  EXPECT_FALSE(load_calibration(path, "key", kBytes).has_value());
}

TEST(CalibrationFile, ReadsTheFuzzTargetsSeed) {
  const std::string image = test::get(std::filesystem::path(VBQ_SOURCE) / "tests/fuzz/seeds/calibration.h5");
  EXPECT_EQ(decode_calibration(image, nullptr, "seed")->factors, sample().factors);
}

}  // namespace
}  // namespace vbq
