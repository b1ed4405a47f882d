#include "core/file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/text.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {
namespace fs = std::filesystem;

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("vbq_file_test_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(FileTest, WritesWholeAndReadsBack) {
  write_file(folder_ / "a", "first");
  write_file(folder_ / "a", std::string("sec\0ond", 7));
  EXPECT_EQ(read_file(folder_ / "a", "thing", 100), std::string("sec\0ond", 7));
  EXPECT_FALSE(fs::exists(temporary_path(folder_ / "a")));
}

// Names that a user may have chosen: nothing but the file itself is touched, whether the write succeeds or not.
TEST_F(FileTest, NoNeighbourIsTouched) {
  EXPECT_EQ(temporary_path("runs/x.h5"), fs::path("runs/.x.h5.vbq-part"));
  EXPECT_EQ(temporary_path("x.h5"), fs::path(".x.h5.vbq-part"));
  fs::create_directories(folder_ / "folder");
  for (const char* name : {"a.tmp", "a.tmp.tmp", "a~", "folder.tmp"}) std::ofstream(folder_ / name) << "mine";
  write_file(folder_ / "a", "x");
  EXPECT_THROW(write_file(folder_ / "folder", "x"), WriteError);
  for (const char* name : {"a.tmp", "a.tmp.tmp", "a~", "folder.tmp"}) {
    EXPECT_EQ(read_file(folder_ / name, "thing", 100), "mine") << name;
  }
}

TEST_F(FileTest, RefusesWhatIsMissingAFolderOrTooLarge) {
  EXPECT_THROW(read_file(folder_ / "none", "thing", 100), Error);
  EXPECT_THROW(read_file(folder_, "thing", 100), Error);
  write_file(folder_ / "big", std::string(101, 'x'));
  EXPECT_THROW(read_file(folder_ / "big", "thing", 100), Error);
}

TEST_F(FileTest, AFailedWriteLeavesTheOldContent) {
  EXPECT_THROW(write_file(folder_ / "no" / "such" / "folder", "x"), Error);
  fs::create_directories(folder_ / "target");  // rename of a file onto a folder fails
  EXPECT_THROW(write_file(folder_ / "target", "x"), Error);
  EXPECT_TRUE(fs::is_directory(folder_ / "target"));
  EXPECT_FALSE(fs::exists(temporary_path(folder_ / "target")));
}

TEST_F(FileTest, ContainedPathRefusesEveryWayOut) {
  fs::create_directories(folder_ / "in");
  fs::create_directory_symlink("/", folder_ / "in" / "link");
  EXPECT_NO_THROW(contained_path(folder_ / "in", "a/b", "x"));
  EXPECT_NO_THROW(contained_path(folder_ / "in", "a/../b", "x"));
  EXPECT_THROW(contained_path(folder_ / "in", "../out", "x"), Error);
  EXPECT_THROW(contained_path(folder_ / "in", "/etc/passwd", "x"), Error);
  EXPECT_THROW(contained_path(folder_ / "in", "link/etc/passwd", "x"), Error);
  EXPECT_THROW(contained_path(folder_ / "in", "a/../../in2", "x"), Error);
}

TEST(Text, NearestName) {
  const std::vector<std::string> names{"population", "generations", "seed"};
  EXPECT_EQ(nearest_name("populatoin", names), "population");
  EXPECT_EQ(nearest_name("generation", names), "generations");
  EXPECT_EQ(nearest_name("x", {}), "");
  // Near: at most 3 apart, and less than half of the name.
  EXPECT_EQ(nearest_name("sead", names), "seed");
  EXPECT_EQ(nearest_name("sexy", names), "");
  EXPECT_EQ(nearest_name("generaxxxxs", names), "");
  EXPECT_EQ(nearest_name("colour", names), "");
}

}  // namespace
}  // namespace vbq
