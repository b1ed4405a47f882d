#include "store/sensitivity_file.hpp"

#include <gtest/gtest.h>

#include "store/samples.hpp"
#include "support/folder.hpp"

namespace vbq {
namespace {

constexpr std::int64_t kChoices = 5;

Sensitivity sample() {
  const Tally before{400, 390, 400, 123456789012, 3};
  return {before, {{{{400, 1, 2, -3, std::int64_t{1} << 52}, 77}, {}, {before, 3200}}, {{{400, 5, 6, 7, 8}, 9}, {}}}};
}

TEST(SensitivityFile, GivesBackWhatItWasMadeOfForTheSameKeyOnly) {
  const test::Folder folder;
  const auto path = folder / "sensitivity.h5";
  EXPECT_FALSE(load_sensitivity(path, "key", kChoices).has_value());
  save_sensitivity(path, sample(), "key");
  EXPECT_EQ(load_sensitivity(path, "key", kChoices), sample());
  EXPECT_FALSE(load_sensitivity(path, "another", kChoices).has_value());
  const std::string bytes = test::get(path);
  save_sensitivity(path, sample(), "key");
  EXPECT_EQ(test::get(path), bytes) << "equal content, equal bytes";
  save_sensitivity(path, Sensitivity(), "another");
  EXPECT_EQ(load_sensitivity(path, "another", kChoices), Sensitivity());
}

TEST(SensitivityFile, AReportTakesItWhateverItWasMeasuredOn) {
  const test::Folder folder;
  const auto path = folder / "sensitivity.h5";
  EXPECT_FALSE(read_sensitivity(path).has_value());
  save_sensitivity(path, sample(), "any");
  EXPECT_EQ(read_sensitivity(path), sample());
  test::put(path, test::get(path).substr(1));
  EXPECT_FALSE(read_sensitivity(path).has_value());
}

TEST(SensitivityFile, ADamagedOneIsNone) {
  const test::Folder folder;
  const auto path = folder / "sensitivity.h5";
  save_sensitivity(path, sample(), "key");
  const std::string good = test::get(path);
  for (std::size_t length = 0; length < good.size(); length += 97) {
    test::put(path, good.substr(0, length));
    EXPECT_FALSE(load_sensitivity(path, "key", kChoices).has_value()) << length;
  }
  std::string flipped = good;
  flipped[good.size() / 2] = static_cast<char>(flipped[good.size() / 2] ^ 1);
  test::put(path, flipped);
  EXPECT_FALSE(load_sensitivity(path, "key", kChoices).has_value());
  test::put(path, good);
  std::filesystem::resize_file(path, std::uintmax_t{1} << 34);  // takes no disk; would take the memory
  EXPECT_FALSE(load_sensitivity(path, "key", kChoices).has_value());
}

TEST(SensitivityFile, ReadsTheFuzzTargetsSeed) {
  const std::string image = test::get(std::filesystem::path(VBQ_SOURCE) / "tests/fuzz/seeds/sensitivity.h5");
  EXPECT_EQ(decode_sensitivity(image, "key", "seed"), sample());
  EXPECT_FALSE(decode_sensitivity(image, "another", "seed").has_value());
}

}  // namespace
}  // namespace vbq
