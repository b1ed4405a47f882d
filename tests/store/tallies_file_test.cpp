#include "store/tallies_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "core/file.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

namespace fs = std::filesystem;

const std::string kThis(32, 'a'), kOther(32, 'b');

ScoredGenome scored_genome(std::uint64_t number) {
  const auto count = static_cast<std::int64_t>(number);
  return {{number, 1}, {{number, 2}, {100, count, count + 1, 5 * count, 7 * count}, 9 * count}};
}

class TalliesFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("vbq_tallies_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    path_ = folder_ / "tallies.h5";
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string refusal() const {
    try {
      load_tallies(path_, kThis);
    } catch (const Error& error) {
      return error.what();
    }
    return "(nothing was thrown)";
  }

  fs::path folder_, path_;
};

TEST_F(TalliesFile, KeepsWhatEachKeyHas) {
  EXPECT_TRUE(load_tallies(path_, kThis).empty());
  add_tallies(path_, kThis, std::vector{scored_genome(3), scored_genome(1)});
  add_tallies(path_, kOther, std::vector{scored_genome(9)});
  add_tallies(path_, kThis, std::vector{scored_genome(2), scored_genome(3)});
  EXPECT_EQ(load_tallies(path_, kThis), (std::vector{scored_genome(1), scored_genome(2), scored_genome(3)}));
  EXPECT_EQ(load_tallies(path_, kOther), std::vector{scored_genome(9)});
  EXPECT_TRUE(load_tallies(path_, std::string(32, 'c')).empty());
}

TEST_F(TalliesFile, NothingIsLostWhereSeveralWrite) {
  std::vector<std::thread> writers;
  for (std::uint64_t w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      for (std::uint64_t k = 0; k < 5; ++k) {
        add_tallies(path_, w % 2 == 0 ? kThis : kOther, std::vector{scored_genome(10 * w + k)});
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(load_tallies(path_, kThis).size(), 10U);
  EXPECT_EQ(load_tallies(path_, kOther).size(), 10U);
}

TEST_F(TalliesFile, OfTheOldestRunsGoFirst) {
  std::vector<ScoredGenome> many;
  for (std::uint64_t k = 0; k < 300'000; ++k) many.push_back(scored_genome(k));
  add_tallies(path_, kOther, many);
  add_tallies(path_, kThis, many);
  EXPECT_EQ(load_tallies(path_, kThis).size(), 300'000U);
  EXPECT_EQ(load_tallies(path_, kOther).size(), 200'000U);
  EXPECT_LT(fs::file_size(path_), std::uint64_t{64} << 20);
}

TEST_F(TalliesFile, AnotherFileIsRefusedAndStays) {
  std::ofstream(path_) << "accuracy of my last paper";
  const std::string before = read_file(path_, "file", 100);
  EXPECT_NE(refusal().find(path_.string()), std::string::npos) << refusal();
  EXPECT_THROW(add_tallies(path_, kThis, std::vector{scored_genome(1)}), Error);
  EXPECT_EQ(read_file(path_, "file", 100), before);
}

TEST_F(TalliesFile, DamageIsSeen) {
  add_tallies(path_, kThis, std::vector{scored_genome(1), scored_genome(2)});
  std::string content = read_file(path_, "file", 1 << 20);
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
  std::ofstream(path_, std::ios::trunc) << content;
  EXPECT_NE(refusal().find("damaged"), std::string::npos) << refusal();
}

}  // namespace
}  // namespace vbq
