// Checkpoints cut off, flipped, and forged with the right hash.
#include <gtest/gtest.h>
#include <hdf5.h>

#include "store/checkpoint.hpp"
#include "store/checkpoint_file.hpp"
#include "store/samples.hpp"
#include "support/folder.hpp"

namespace vbq {
namespace {
namespace fs = std::filesystem;

using test::error_of;
using test::expect_same;
using test::has;
using test::sample_state;

class DamageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    save_checkpoint(folder_.path(), sample_state(1, 1));
    save_checkpoint(folder_.path(), sample_state(2, 2));
    whole_ = test::get(newest_);
  }
  // The damaged newest is refused, and the one before is what a resume gets.
  void expect_refused(const std::string& content) {
    test::put(newest_, content);
    const std::string text = error_of([&] { read_checkpoint(newest_); });
    EXPECT_TRUE(has(text, newest_.string()));
    ::testing::internal::CaptureStderr();
    const auto state = load_checkpoint(folder_.path());
    EXPECT_TRUE(has(::testing::internal::GetCapturedStderr(), "warning"));
    ASSERT_TRUE(state.has_value());
    EXPECT_EQ(state->search.generation, 1);
    EXPECT_EQ(state->evaluations, sample_state(1, 1).evaluations);
  }
  test::Folder folder_;
  fs::path newest_ = folder_ / "checkpoint-000002.h5";
  std::string whole_;
};

TEST_F(DamageTest, CutOffAtTwoHundredLengths) {
  Random random(1, 0, 0, Purpose::test);
  for (int i = 0; i < 150; ++i) expect_refused(whole_.substr(0, random.below(whole_.size())));
  for (std::size_t size = 0; size < 48; ++size) expect_refused(whole_.substr(0, size * 12));  // around the header
  expect_refused(whole_.substr(0, whole_.size() - 1));
  expect_refused(whole_ + "x");
  expect_refused(whole_ + whole_);
}

TEST_F(DamageTest, EveryFlippedBitIsNoticed) {
  Random random(2, 0, 0, Purpose::test);
  for (int i = 0; i < 300; ++i) {
    std::string damaged = whole_;
    const std::size_t at = i < 100 ? random.below(600) : random.below(whole_.size());
    damaged[at] ^= static_cast<char>(1 << random.below(8));
    expect_refused(damaged);
  }
  test::put(newest_, whole_);
  expect_same(*load_checkpoint(folder_.path()), sample_state(2, 2));
}

TEST_F(DamageTest, RandomBytesAndZeros) {
  Random random(3, 0, 0, Purpose::test);
  std::string noise(5000, '\0');
  expect_refused(noise);
  for (char& byte : noise) byte = static_cast<char>(random.bits32());
  expect_refused(noise);
  expect_refused(whole_.substr(0, 512) + noise);
  expect_refused(whole_.substr(512));  // the HDF5 file alone
}

// Someone who can make the hash can still not make a state that contradicts itself.
class ForgeryTest : public DamageTest {
 protected:
  template <typename Change>
  std::string refusal(Change change) {
    const fs::path image = folder_ / "image.h5";
    test::put(image, whole_.substr(512));
    const hid_t file = H5Fopen(image.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    EXPECT_GE(file, 0);
    change(file);
    EXPECT_GE(H5Fclose(file), 0);
    test::put(newest_, seal_checkpoint(test::get(image)));
    return error_of([&] { read_checkpoint(newest_); });
  }
  template <typename T>
  static void replace(hid_t file, const char* name, hid_t type, const std::vector<T>& values, hsize_t extent,
                      bool written = true) {
    H5Ldelete(file, name, H5P_DEFAULT);
    const hid_t space = H5Screate_simple(1, &extent, nullptr);
    const hid_t array = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    ASSERT_GE(array, 0);
    if (written) H5Dwrite(array, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Dclose(array);
    H5Sclose(space);
  }
};

TEST_F(ForgeryTest, OffsetsThatLeaveTheirArray) {
  using U = std::vector<std::uint64_t>;
  for (const U& bad : {U{0, 1000000}, U{5}, U{1, 2}, U{0, 5, 3}}) {
    EXPECT_TRUE(
        has(refusal([&](hid_t f) { replace(f, "genes_of", H5T_NATIVE_UINT64, bad, bad.size()); }), "does not ascend"));
    EXPECT_TRUE(has(refusal([&](hid_t f) { replace(f, "history_of", H5T_NATIVE_UINT64, bad, bad.size()); }),
                    "does not ascend"));
  }
  EXPECT_TRUE(has(refusal([&](hid_t f) { replace(f, "genes_of", H5T_NATIVE_UINT64, U{}, 0); }), "does not ascend"));
  EXPECT_TRUE(has(refusal([&](hid_t f) { replace(f, "fitness", H5T_NATIVE_DOUBLE, std::vector<double>{1}, 1); }),
                  "1 fitness values"));
  EXPECT_TRUE(has(refusal([&](hid_t f) { replace(f, "fitness", H5T_NATIVE_DOUBLE, std::vector<double>{}, 0); }),
                  "0 fitness values"));
  EXPECT_TRUE(
      has(refusal([&](hid_t f) { replace(f, "cache_tallies", H5T_NATIVE_INT64, std::vector<std::int64_t>{1}, 1); }),
          "fit together"));
  EXPECT_TRUE(has(refusal([&](hid_t f) {
                    replace(f, "raced_networks", H5T_NATIVE_UINT64, U{1, 2}, 2);
                  }),
                  "2 of networks were found for 3 raced survivors"));
  EXPECT_TRUE(has(refusal([&](hid_t f) {
                    replace(f, "raced_images", H5T_NATIVE_UINT64, U{0, 5}, 2);
                  }),
                  "does not ascend"));
}

TEST_F(ForgeryTest, PromisesTypesAndGaps) {
  const hsize_t huge = hsize_t{1} << 50;
  EXPECT_TRUE(has(refusal([&](hid_t f) { replace(f, "genes", H5T_NATIVE_DOUBLE, std::vector<double>{}, huge, false); }),
                  "0 bytes in the file"));
  EXPECT_TRUE(has(refusal([&](hid_t f) { replace(f, "genes", H5T_NATIVE_FLOAT, std::vector<float>{1}, 1); }),
                  "unexpected type"));
  EXPECT_TRUE(has(refusal([](hid_t f) { H5Ldelete(f, "job", H5P_DEFAULT); }), "no array \"job\""));
  EXPECT_TRUE(has(refusal([](hid_t f) { H5Adelete(f, "seconds"); }), "seconds"));
  EXPECT_TRUE(has(refusal([](hid_t f) {
                    const hid_t attribute = H5Aopen(f, "evaluations", H5P_DEFAULT);
                    const std::int64_t bad = -1;
                    H5Awrite(attribute, H5T_NATIVE_INT64, &bad);
                    H5Aclose(attribute);
                  }),
                  "evaluations is -1"));
}

}  // namespace
}  // namespace vbq
