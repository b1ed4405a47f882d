#include "store/calibration_file.hpp"

#include <gtest/gtest.h>

#include "store/samples.hpp"
#include "support/folder.hpp"

namespace vbq {
namespace {

Calibration sample() {
  Calibration calibration;
  calibration.factors = {{3, {{0, 2, {1, 0, 2}, {1, 2, 3, 0, 4, 5, 0, 0, 6}}, {2, 1, {0}, {7}}}}, {9, {}}};
  return calibration;
}

TEST(CalibrationFile, GivesBackWhatItWasMadeOfForTheSameKeyOnly) {
  const test::Folder folder;
  const auto path = folder / "calibration.h5";
  EXPECT_FALSE(load_calibration(path, "key").has_value());
  save_calibration(path, sample(), "key");
  const auto back = load_calibration(path, "key");
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->factors, sample().factors);
  EXPECT_FALSE(load_calibration(path, "another").has_value());
  save_calibration(path, Calibration(), "another");
  EXPECT_TRUE(load_calibration(path, "another")->factors.empty());
}

TEST(CalibrationFile, ADamagedOneIsNone) {
  const test::Folder folder;
  const auto path = folder / "calibration.h5";
  save_calibration(path, sample(), "key");
  const std::string good = test::get(path);
  for (std::size_t length = 0; length < good.size(); length += 97) {
    test::put(path, good.substr(0, length));
    EXPECT_FALSE(load_calibration(path, "key").has_value()) << length;
  }
  std::string flipped = good;
  flipped[good.size() / 2] = static_cast<char>(flipped[good.size() / 2] ^ 1);
  test::put(path, flipped);
  EXPECT_FALSE(load_calibration(path, "key").has_value());
}

}  // namespace
}  // namespace vbq
