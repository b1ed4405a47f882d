#include "data/npy.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "core/random.hpp"
#include "support/folder.hpp"

namespace vbq {
namespace {

using test::error_of;
using test::has;

// A .npy file of that version with that header and those bytes behind it.
std::string npy(const std::string& header, const std::string& payload, char version = 1) {
  std::string out = "\x93NUMPY";
  out += {version, '\0'};
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) out += static_cast<char>(header.size() >> (8 * i));
  return out + header + payload;
}

std::string dict(const std::string& descr, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  std::string out(values.size() * sizeof(T), '\0');
  if (!values.empty()) std::memcpy(out.data(), values.data(), out.size());
  return out;
}

class NpyTest : public ::testing::Test {
 protected:
  NpyArray read(const std::string& content) {
    test::put(folder_ / "a.npy", content);
    return read_npy(folder_ / "a.npy");
  }
  std::string refusal(const std::string& content) {
    return error_of([&] { read(content); });
  }
  test::Folder folder_;
};

TEST_F(NpyTest, WritesWhatItReadsBitForBit) {
  const std::vector<float> values{0.0F, -0.0F, 1.5F, std::numeric_limits<float>::infinity(), -1e-45F, 3.4e38F};
  for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{6}, {2, 3}, {1, 2, 3, 1}}) {
    write_npy(folder_ / "x.npy", shape, values);
    const NpyArray back = read_npy(folder_ / "x.npy");
    EXPECT_EQ(back.shape, shape);
    EXPECT_EQ(back.type, NpyType::float32);
    EXPECT_EQ(bytes_of(back.as_floats()), bytes_of(values));
    const std::string content = test::get(folder_ / "x.npy");
    EXPECT_EQ((content.size() - 24) % 64, 0U);  // numbers begin at a multiple of 64
    EXPECT_EQ(content[content.size() - 25], '\n');
  }
  write_npy(folder_ / "scalar.npy", {}, std::vector<float>{7});
  EXPECT_EQ(read_npy(folder_ / "scalar.npy").as_floats(), std::vector<float>{7});
  write_npy(folder_ / "none.npy", std::vector<std::int64_t>{0, 3}, {});
  EXPECT_EQ(read_npy(folder_ / "none.npy").elements(), 0);
  EXPECT_THROW(write_npy(folder_ / "y.npy", std::vector<std::int64_t>{5}, values), Error);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "y.npy"));
}

// The layout that NumPy's format page describes, byte for byte.
TEST_F(NpyTest, WritesTheDocumentedBytes) {
  write_npy(folder_ / "x.npy", std::vector<std::int64_t>{3}, std::vector<float>{0, 1, 2});
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
  const std::string expected = std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header +
                               std::string(128 - 10 - 1 - header.size(), ' ') + "\n" + bytes_of<float>({0, 1, 2});
  EXPECT_EQ(test::get(folder_ / "x.npy"), expected);
}

TEST_F(NpyTest, ReadsEveryTypeAndVersion) {
  for (const char version : {'\1', '\2', '\3'}) {
    EXPECT_EQ(read(npy(dict("<f8", "(2,)"), bytes_of<double>({0.5, -2}), version)).as_floats(),
              (std::vector<float>{0.5F, -2}));
    EXPECT_EQ(read(npy(dict("|u1", "(3,)"), bytes_of<std::uint8_t>({0, 7, 255}), version)).as_integers(),
              (std::vector<std::int64_t>{0, 7, 255}));
    EXPECT_EQ(read(npy(dict("<i4", "(2, 1)"), bytes_of<std::int32_t>({-5, 6}), version)).as_integers(),
              (std::vector<std::int64_t>{-5, 6}));
    EXPECT_EQ(read(npy(dict("<i8", "(1,)"), bytes_of<std::int64_t>({1LL << 60}), version)).as_integers(),
              (std::vector<std::int64_t>{1LL << 60}));
    EXPECT_EQ(read(npy(dict("<i8", "(2,)"), bytes_of<std::int64_t>({3, -4}), version)).as_floats(),
              (std::vector<float>{3, -4}));
  }
  EXPECT_EQ(read(npy("{\"shape\":(2,2),\"descr\":\"|u1\",\"fortran_order\":False}", "abcd")).shape,
            (std::vector<std::int64_t>{2, 2}));
  EXPECT_TRUE(has(error_of([&] { read(npy(dict("<f4", "(1,)"), "abcd")).as_integers(); }),
                  "holds float32: integers were expected"));
}

TEST_F(NpyTest, RefusesWhatItCannotTakeWithASentence) {
  EXPECT_TRUE(has(refusal(npy(dict("<f4", "(2, 2)", "True"), std::string(16, 'x'))), "Fortran order"));
  EXPECT_TRUE(has(refusal(npy(dict(">f4", "(1,)"), "abcd")), "\">f4\""));
  EXPECT_TRUE(has(refusal(npy(dict("<f2", "(1,)"), "ab")), "\"<f2\""));
  EXPECT_TRUE(has(refusal(npy(dict("|O", "(1,)"), "abcdefgh")), "\"|O\""));
  EXPECT_TRUE(
      has(refusal(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "abcd")), "structured"));
  EXPECT_TRUE(has(refusal(npy(dict("<f4", "(2,)"), "abcd")), "4 bytes after its header: 8 were expected"));
  EXPECT_TRUE(has(refusal(npy(dict("<f4", "(1,)"), "abcdX")), "5 bytes after its header: 4 were expected"));
  EXPECT_TRUE(has(refusal("PK\3\4 this is an .npz"), "not a .npy file"));
  EXPECT_TRUE(has(refusal(""), "is empty"));
  EXPECT_TRUE(has(refusal(npy(dict("<f4", "(1,)"), "abcd", 4)), "version 4.0"));
  EXPECT_TRUE(has(error_of([&] { read_npy(folder_ / "none.npy"); }), "does not exist"));
  EXPECT_TRUE(has(error_of([&] { read_npy(folder_.path()); }), "is not a file"));
}

TEST_F(NpyTest, HostileHeadersTakeNoMemory) {
  const std::string big = "9223372036854775807";
  EXPECT_TRUE(has(refusal(npy(dict("<f4", "(" + big + ",)"), "abcd")), "more than can be counted"));
  EXPECT_TRUE(has(refusal(npy(dict("|u1", "(" + big + ", " + big + ")"), "abcd")), "more than can be counted"));
  EXPECT_TRUE(has(refusal(npy(dict("|u1", "(4294967296, 1024)"), "abcd")), "4398046511104 were expected"));
  EXPECT_TRUE(has(refusal(npy(dict("<f4", "(99999999999999999999,)"), "abcd")), "extent"));
  EXPECT_TRUE(has(refusal(npy(dict("<f4", "(-1,)"), "abcd")), "extent"));
  EXPECT_EQ(read(npy(dict("<f4", "(" + big + ", 0)"), "")).elements(), 0);
  std::string many = "(";
  for (int i = 0; i < 33; ++i) many += "1,";
  EXPECT_TRUE(has(refusal(npy(dict("|u1", many + ")"), "a")), "32 axes"));
  EXPECT_TRUE(has(refusal(npy("", "abcd")), "broken header"));
  EXPECT_TRUE(has(refusal(npy("{'descr': '<f4'}", "abcd")), "not all of"));
  EXPECT_TRUE(has(refusal(npy("{'descr': '<f4', 'descr': '<f4'}", "abcd")), "twice"));
  EXPECT_TRUE(has(refusal(npy("{'evil': '<f4'}", "abcd")), "evil"));
  EXPECT_TRUE(has(refusal(npy(dict("<f4", "(1,)") + "__import__('os')", "abcd")), "after its end"));
  std::string lying = npy(dict("<f4", "(1,)"), "abcd", 2);
  lying[11] = '\x7f';  // a header of 2 GiB
  EXPECT_TRUE(has(refusal(lying), "promises a header"));
}

TEST_F(NpyTest, EveryTruncationAndRandomDamageIsRefusedOrHarmless) {
  const std::string good = npy(dict("<i4", "(4, 5)"), std::string(80, 'x'));
  for (std::size_t size = 0; size < good.size(); ++size) refusal(good.substr(0, size));
  Random random(1, 0, 0, Purpose::test);
  for (int i = 0; i < 500; ++i) {
    std::string damaged = good;
    for (int flips = 0; flips < 3; ++flips)
      damaged[random.below(damaged.size())] ^= static_cast<char>(1 << random.below(8));
    try {
      const NpyArray array = read(damaged);
      EXPECT_EQ(array.bytes.size(), 80U);
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::input);
    }
  }
}

}  // namespace
}  // namespace vbq
