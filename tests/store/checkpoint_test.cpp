#include "store/checkpoint.hpp"

#include <gtest/gtest.h>
#include <hdf5.h>

#include <algorithm>

#include "core/hash.hpp"
#include "store/checkpoint_file.hpp"
#include "store/run_state_image.hpp"
#include "store/samples.hpp"
#include "support/folder.hpp"

namespace vbq {
namespace {
namespace fs = std::filesystem;

using test::error_of;
using test::expect_same;
using test::has;
using test::sample_state;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(Checkpoint, ReadsTheFuzzTargetsSeeds) {
  const fs::path seeds = fs::path(VBQ_SOURCE) / "tests/fuzz/seeds";
  expect_same(decode_run_state(test::get(seeds / "checkpoint.h5"), "seed"), test::small_state());
  expect_same(read_checkpoint(seeds / "checkpoint_sealed.h5"), test::small_state());
}

TEST(Checkpoint, GivesBackTheStateBitForBit) {
  const test::Folder folder;
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    const RunState state = sample_state(static_cast<int>(seed), seed);
    save_checkpoint(folder.path(), state);
    const auto back = load_checkpoint(folder.path());
    ASSERT_TRUE(back.has_value());
    expect_same(*back, state);
  }
  save_checkpoint(folder.path(), RunState{});  // nothing in it at all, generation 0
  expect_same(read_checkpoint(folder / "checkpoint-000000.h5"), RunState{});
}

TEST(Checkpoint, EqualStatesGiveEqualBytes) {
  EXPECT_TRUE(encode_run_state(sample_state(3, 1)) == encode_run_state(sample_state(3, 1)));
  EXPECT_FALSE(encode_run_state(sample_state(3, 1)) == encode_run_state(sample_state(3, 2)));
}

TEST(Checkpoint, KeepsTheLastThree) {
  const test::Folder folder;
  for (const int generation : {0, 10, 20, 30, 1000000}) save_checkpoint(folder.path(), sample_state(generation, 1));
  EXPECT_EQ(names_in(folder.path()),
            (std::vector<std::string>{"checkpoint-000020.h5", "checkpoint-000030.h5", "checkpoint-1000000.h5"}));
  EXPECT_EQ(load_checkpoint(folder.path())->search.generation, 1000000);  // by number, not by name
}

TEST(Checkpoint, LeavesOtherFilesAloneAndClearsUpAfterAKilledRun) {
  const test::Folder folder;
  for (const char* other : {"history.csv", "checkpoint-best.h5", "checkpoint-.h5", "checkpoint-5.h5.bak",
                            "checkpoint--1.h5", "checkpoint-000004.h5.tmp"}) {
    test::put(folder / other, "x");
  }
  test::put(folder / ".checkpoint-000003.h5.vbq-part", "half");  // of a killed run
  save_checkpoint(folder.path(), sample_state(4, 1));
  EXPECT_EQ(names_in(folder.path()),
            (std::vector<std::string>{"checkpoint--1.h5", "checkpoint-.h5", "checkpoint-000004.h5",
                                      "checkpoint-000004.h5.tmp", "checkpoint-5.h5.bak", "checkpoint-best.h5",
                                      "history.csv"}));
  EXPECT_EQ(load_checkpoint(folder.path())->search.generation, 4);
}

TEST(Checkpoint, NoneInAnEmptyOrMissingFolder) {
  const test::Folder folder;
  EXPECT_FALSE(load_checkpoint(folder.path()).has_value());
  EXPECT_FALSE(load_checkpoint(folder / "none").has_value());
}

TEST(Checkpoint, ABrokenNewestFallsBackAndSaysSo) {
  const test::Folder folder;
  for (const int generation : {1, 2, 3}) save_checkpoint(folder.path(), sample_state(generation, 1));
  const std::string newest = test::get(folder / "checkpoint-000003.h5");
  test::put(folder / "checkpoint-000003.h5", newest.substr(0, newest.size() / 2));
  ::testing::internal::CaptureStderr();
  const auto back = load_checkpoint(folder.path());
  const std::string said = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(back.has_value());
  expect_same(*back, sample_state(2, 1));
  EXPECT_TRUE(has(said, "warning: "));
  EXPECT_TRUE(has(said, "checkpoint-000003.h5"));
  EXPECT_TRUE(has(said, "cut off or damaged"));

  test::put(folder / "checkpoint-000002.h5", "");
  EXPECT_EQ(load_checkpoint(folder.path())->search.generation, 1);
  // The run goes on from there: what it gave up does not come back.
  save_checkpoint(folder.path(), sample_state(2, 7));
  EXPECT_EQ(names_in(folder.path()), (std::vector<std::string>{"checkpoint-000001.h5", "checkpoint-000002.h5"}));
  expect_same(*load_checkpoint(folder.path()), sample_state(2, 7));
}

TEST(Checkpoint, AllBrokenIsAnError) {
  const test::Folder folder;
  for (const int generation : {1, 2}) save_checkpoint(folder.path(), sample_state(generation, 1));
  test::put(folder / "checkpoint-000001.h5", "vbq checkpoint 1\n");
  fs::remove(folder / "checkpoint-000002.h5");
  fs::create_directory(folder / "checkpoint-000002.h5");
  const std::string text = error_of([&] { load_checkpoint(folder.path()); });
  EXPECT_TRUE(has(text, "none of the 2 checkpoints"));
  EXPECT_TRUE(has(text, "checkpoint-000002.h5 is not a file"));
}

TEST(Checkpoint, NamesWhatIsNotACheckpoint) {
  const test::Folder folder;
  EXPECT_TRUE(has(error_of([&] { read_checkpoint(folder / "none"); }), "does not exist"));
  test::put(folder / "a", "hello");
  EXPECT_TRUE(has(error_of([&] { read_checkpoint(folder / "a"); }), "is not a checkpoint"));
  std::string newer = seal_checkpoint("x");
  newer[15] = '2';
  test::put(folder / "b", newer);
  EXPECT_TRUE(has(error_of([&] { read_checkpoint(folder / "b"); }), "not of version 1"));
  // The right hash over something that is no HDF5 file, or one of others.
  for (const std::string& image :
       {std::string(), std::string("no HDF5"), std::string("\x89HDF\r\n\x1a\n", 8) + std::string(500, '\0')}) {
    test::put(folder / "c", seal_checkpoint(image));
    EXPECT_TRUE(has(error_of([&] { read_checkpoint(folder / "c"); }), "cannot be read"));
  }
}

// What other programs need: a checkpoint is an HDF5 file behind a user block.
TEST(Checkpoint, IsAnHdf5FileForAnyProgram) {
  const test::Folder folder;
  save_checkpoint(folder.path(), sample_state(9, 1));
  const hid_t file = H5Fopen((folder / "checkpoint-000009.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  ASSERT_GE(file, 0);
  const hid_t attribute = H5Aopen(file, "generation", H5P_DEFAULT);
  std::int64_t generation = 0;
  EXPECT_GE(H5Aread(attribute, H5T_NATIVE_INT64, &generation), 0);
  EXPECT_EQ(generation, 9);
  H5Aclose(attribute);
  const hid_t array = H5Dopen2(file, "fitness", H5P_DEFAULT);
  std::vector<double> fitness(17);  // of twelve, of three of a front, of the best, and of the start
  ASSERT_GE(H5Dread(array, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, fitness.data()), 0);
  EXPECT_EQ(fitness[5], sample_state(9, 1).search.population[5].fitness);
  H5Dclose(array);
  H5Fclose(file);
}

}  // namespace
}  // namespace vbq
