// Tensors of a file: data types, raw and typed fields, sizes that lie, external data.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "model_builder.hpp"
#include "onnx/content.hpp"
#include "onnx/tensor.hpp"

namespace vbq::test {
namespace {
namespace fs = std::filesystem;

using Proto = onnx::TensorProto;

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

Proto with_raw(int type, const Shape& shape, const std::string& raw) {
  Proto proto;
  proto.set_data_type(type);
  for (const auto extent : shape) proto.add_dims(extent);
  proto.set_raw_data(raw);
  return proto;
}

HostTensor read(const Proto& proto, std::int64_t budget = 1000) {
  TensorReader reader(ModelPlace("test.onnx"), Budget(budget));
  return reader.read(proto, "tensor \"t\"");
}

std::string refusal(const Proto& proto) {
  try {
    read(proto);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Tensor, RealsOfEachWidth) {
  const std::vector<float> values{1, -2, 0.5F};
  EXPECT_EQ(read(with_raw(Proto::FLOAT, {3}, bytes_of(values))).reals(), values);
  EXPECT_EQ(read(with_raw(Proto::DOUBLE, {3}, bytes_of(std::vector<double>{1, -2, 0.5}))).reals(), values);
  EXPECT_EQ(read(with_raw(Proto::FLOAT16, {3}, bytes_of(std::vector<std::uint16_t>{0x3c00, 0xc000, 0x3800}))).reals(),
            values);
  EXPECT_EQ(read(with_raw(Proto::BFLOAT16, {3}, bytes_of(std::vector<std::uint16_t>{0x3f80, 0xc000, 0x3f00}))).reals(),
            values);
}

TEST(Tensor, HalfIsExact) {
  const std::vector<std::pair<std::uint16_t, float>> cases{
      {0x0000, 0.0F},     {0x0001, 0x1p-24F},        {0x83ff, -0x1.ff8p-15F}, {0x0400, 0x1p-14F},
      {0x7bff, 65504.0F}, {0x3555, 0.333251953125F}, {0xfc00, -INFINITY}};
  for (const auto& [bits, value] : cases) {
    EXPECT_EQ(read(with_raw(Proto::FLOAT16, {}, bytes_of(std::vector<std::uint16_t>{bits}))).reals().front(), value);
  }
  EXPECT_TRUE(
      std::signbit(read(with_raw(Proto::FLOAT16, {}, bytes_of(std::vector<std::uint16_t>{0x8000}))).reals().front()));
  EXPECT_TRUE(
      std::isnan(read(with_raw(Proto::FLOAT16, {}, bytes_of(std::vector<std::uint16_t>{0x7e00}))).reals().front()));
}

TEST(Tensor, IntegersOfEachWidth) {
  EXPECT_EQ(read(with_raw(Proto::INT64, {2}, bytes_of(Ints{-1, INT64_MAX}))).integers(), (Ints{-1, INT64_MAX}));
  EXPECT_EQ(read(with_raw(Proto::INT32, {1}, bytes_of(std::vector<std::int32_t>{-5}))).integers(), Ints{-5});
  EXPECT_EQ(read(with_raw(Proto::INT16, {1}, bytes_of(std::vector<std::int16_t>{-5}))).integers(), Ints{-5});
  EXPECT_EQ(read(with_raw(Proto::INT8, {1}, "\xfb")).integers(), Ints{-5});
  EXPECT_EQ(read(with_raw(Proto::UINT8, {1}, "\xfb")).integers(), Ints{251});
  constexpr int kUint4 = 21, kInt4 = 22;  // two a byte, the first in the lower half
  EXPECT_EQ(read(with_raw(kInt4, {3}, "\xf8\x07")).integers(), (Ints{-8, -1, 7}));
  EXPECT_EQ(read(with_raw(kUint4, {2, 2}, "\xf8\x07")).integers(), (Ints{8, 15, 7, 0}));
  EXPECT_NE(refusal(with_raw(kInt4, {5}, "\xf8\x07")), "");
  Proto typed = with_raw(kInt4, {3}, "");
  typed.clear_raw_data();
  for (const int pair : {0xf8, 0x07}) typed.add_int32_data(pair);
  EXPECT_EQ(read(typed).integers(), (Ints{-8, -1, 7}));
  constexpr int kUint2 = 25, kInt2 = 26;  // four a byte
  EXPECT_EQ(read(with_raw(kUint2, {5}, "\xe4\x02")).integers(), (Ints{0, 1, 2, 3, 2}));
  EXPECT_EQ(read(with_raw(kInt2, {2, 2}, "\xe4")).integers(), (Ints{0, 1, -2, -1}));
  EXPECT_NE(refusal(with_raw(kUint2, {5}, "\xe4")), "");
  EXPECT_EQ(read(with_raw(Proto::UINT16, {1}, "\xff\xff")).integers(), Ints{65535});
  EXPECT_EQ(read(with_raw(Proto::UINT32, {1}, "\xff\xff\xff\xff")).integers(), Ints{4294967295});
  EXPECT_EQ(read(with_raw(Proto::UINT64, {1}, bytes_of(Ints{9}))).integers(), Ints{9});
  EXPECT_EQ(read(with_raw(Proto::BOOL, {1}, "\x01")).integers(), Ints{1});
  EXPECT_NE(refusal(with_raw(Proto::UINT64, {1}, bytes_of(Ints{-1}))), "");
}

TEST(Tensor, TypedFields) {
  Proto reals;
  reals.set_data_type(Proto::FLOAT);
  reals.add_dims(2);
  reals.add_float_data(1.5F);
  EXPECT_NE(refusal(reals), "");
  reals.add_float_data(2.5F);
  EXPECT_EQ(read(reals).reals(), (std::vector<float>{1.5F, 2.5F}));
  reals.add_float_data(3.5F);
  EXPECT_NE(refusal(reals), "");

  Proto half;
  half.set_data_type(Proto::FLOAT16);
  half.add_int32_data(0x3c00);
  EXPECT_EQ(read(half).reals(), std::vector<float>{1});
  Proto doubles;
  doubles.set_data_type(Proto::DOUBLE);
  doubles.add_double_data(0.25);
  EXPECT_EQ(read(doubles).reals(), std::vector<float>{0.25F});
  Proto flags;
  flags.set_data_type(Proto::BOOL);
  flags.add_int32_data(1);
  EXPECT_EQ(read(flags).integers(), Ints{1});
}

TEST(Tensor, DimsAndBytesMustAgree) {
  const std::string twelve(12, '\0');
  EXPECT_EQ(refusal(with_raw(Proto::FLOAT, {3}, twelve)), "");
  EXPECT_EQ(refusal(with_raw(Proto::FLOAT, {0, 5}, "")), "");
  for (const Shape& shape :
       {Shape{4}, Shape{2}, Shape{-3}, Shape{-1, -3}, Shape{}, Shape{0}, Shape{INT64_MAX},
        Shape{2147483647, 2147483647, 4}, Shape{2147483647, 2147483647, 2147483647, 2147483647}, Shape(9, 1)}) {
    EXPECT_NE(refusal(with_raw(Proto::FLOAT, shape, twelve)), "");
  }
  EXPECT_NE(refusal(with_raw(Proto::FLOAT, {2}, std::string(9, '\0'))), "");
}

TEST(Tensor, MoreThanTheBudgetIsRefused) {
  EXPECT_THROW(read(with_raw(Proto::FLOAT, {3}, std::string(12, '\0')), 2), Error);
}

TEST(Tensor, OtherTypesAreRefused) {
  for (const int type : {0, 8, 14, 15, 17, 20, 23, 99, -1}) {
    EXPECT_NE(refusal(with_raw(type, {}, std::string(16, '\0'))).find("data type"), std::string::npos) << type;
  }
}

// A folder of its own for each test, removed afterwards.
class External : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("vbq_external_" + std::to_string(::getpid()) + "_" +
                                         ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(root_ / "models" / "data");
    write(root_ / "models" / "weights.bin", values_);
    write(root_ / "models" / "data" / "weights.bin", values_);
    write(root_ / "outside.bin", values_);
  }
  void TearDown() override { fs::remove_all(root_); }

  static void write(const fs::path& path, const std::vector<float>& values) {
    std::ofstream(path, std::ios::binary) << bytes_of(values);
  }

  // A Conv whose four weights lie in `location`.
  std::string refusal(const std::string& location, const std::string& offset = "", const std::string& length = "") {
    ModelBuilder b(13, {0, 1, 8, 8});
    auto& weight = b.tensor("w", {1, 1, 2, 2}, {});
    weight.clear_raw_data();
    weight.set_data_location(Proto::EXTERNAL);
    const auto say = [&](const std::string& key, const std::string& value) {
      if (value.empty()) return;
      auto* entry = weight.add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    };
    say("location", location);
    say("offset", offset);
    say("length", length);
    b.node("Conv", {"x", "w"});
    const fs::path path = root_ / "models" / "net.onnx";
    std::ofstream(path, std::ios::binary) << b.bytes();
    const auto said = [&](const auto& read) -> std::string {
      try {
        read_ = only<Conv>(read()).weight.data;
      } catch (const Error& error) {
        return error.what();
      }
      return "";
    };
    // What one process reads for all others is as good.
    const std::string sent = said([&] { return parse_onnx(read_onnx_content(path), path); });
    const std::vector<float> sent_data = std::exchange(read_, {});
    std::string own = said([&] { return read_onnx(path); });
    EXPECT_EQ(sent.empty(), own.empty()) << sent << own;
    EXPECT_EQ(sent_data, read_);
    return own;
  }

  const std::vector<float> values_{1, 2, 3, 4, 5, 6};
  fs::path root_;
  std::vector<float> read_;
};

TEST_F(External, ReadsInsideTheFolder) {
  EXPECT_EQ(refusal("weights.bin"), "");
  EXPECT_EQ(read_, (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(refusal("data/weights.bin", "8", "16"), "");
  EXPECT_EQ(read_, (std::vector<float>{3, 4, 5, 6}));
  EXPECT_EQ(refusal("data/../weights.bin", "4"), "");
  EXPECT_EQ(read_, (std::vector<float>{2, 3, 4, 5}));
}

TEST_F(External, ContentForOthersHoldsTheData) {
  EXPECT_EQ(refusal("weights.bin", "8", "16"), "");
  const std::string content = read_onnx_content(root_ / "models" / "net.onnx");
  fs::remove(root_ / "models" / "weights.bin");
  EXPECT_EQ(only<Conv>(parse_onnx(content, root_ / "models" / "net.onnx")).weight.data,
            (std::vector<float>{3, 4, 5, 6}));
  EXPECT_THROW(read_onnx_content(root_ / "models" / "none.onnx"), Error);
}

// Whoever writes a file must not write over them.
TEST_F(External, IsAmongTheFilesOfTheModel) {
  EXPECT_EQ(refusal("data/weights.bin"), "");
  const fs::path models = root_ / "models";
  const std::vector<fs::path> files = files_of_onnx(models / "net.onnx");
  ASSERT_EQ(files.size(), 2U);
  EXPECT_TRUE(fs::equivalent(files[1], models / "data" / "weights.bin"));
  EXPECT_EQ(files_of_onnx(models / "none.onnx").size(), 1U);
}

TEST_F(External, NothingOutsideTheFolder) {
  fs::create_symlink(root_ / "outside.bin", root_ / "models" / "link.bin");
  fs::create_directory_symlink(root_, root_ / "models" / "up");
  for (const std::string& location :
       {std::string("../outside.bin"), (root_ / "outside.bin").string(), std::string("data/../../outside.bin"),
        std::string("link.bin"), std::string("up/outside.bin"), std::string("/etc/passwd"), std::string("/dev/zero"),
        std::string("data"), std::string("."), std::string("missing.bin"), std::string("weights.bin\0x", 13),
        std::string()}) {
    EXPECT_NE(refusal(location), "") << location;
  }
}

// The cache of a model hub: what a snapshot's folder names are links to blobs, which lie side by side elsewhere.
TEST_F(External, ReadsWhereModelAndDataAreLinksToOneFolder) {
  const fs::path blobs = root_ / "blobs", models = root_ / "models";
  fs::create_directories(blobs / "deeper");
  ModelBuilder b(13, {0, 1, 8, 8});
  auto& weight = b.tensor("w", {1, 1, 2, 2}, {});
  weight.clear_raw_data();
  weight.set_data_location(Proto::EXTERNAL);
  auto* location = weight.add_external_data();
  location->set_key("location");
  location->set_value("net.onnx_data");
  auto* length = weight.add_external_data();
  length->set_key("length");
  length->set_value("16");
  b.node("Conv", {"x", "w"});
  std::ofstream(blobs / "0a1b", std::ios::binary) << b.bytes();
  write(blobs / "2c3d", values_);
  write(blobs / "deeper" / "4e5f", values_);
  fs::create_symlink("../blobs/0a1b", models / "net.onnx");
  const auto read = [&](const fs::path& data) {
    fs::remove(models / "net.onnx_data");
    fs::create_symlink(data, models / "net.onnx_data");
    EXPECT_EQ(parse_onnx(read_onnx_content(models / "net.onnx"), models / "net.onnx").nodes.size(), 1U);
    return only<Conv>(read_onnx(models / "net.onnx")).weight.data;
  };
  EXPECT_EQ(read("../blobs/2c3d"), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(read("weights.bin"), (std::vector<float>{1, 2, 3, 4}));
  // Links to anywhere else lead out, as they do beside a model that is no link.
  for (const char* out : {"../outside.bin", "/etc/passwd", "../blobs/deeper/4e5f"})
    EXPECT_THROW(read(out), Error) << out;
  fs::remove(models / "net.onnx");
  fs::copy_file(blobs / "0a1b", models / "net.onnx");
  EXPECT_THROW(read("../blobs/2c3d"), Error);
  // A name that goes up is refused even where it leads beside the model's own file.
  fs::remove(models / "net.onnx");
  location->set_value("../blobs/2c3d");
  std::ofstream(blobs / "0a1b", std::ios::binary) << b.bytes();
  fs::create_symlink("../blobs/0a1b", models / "net.onnx");
  EXPECT_THROW(read_onnx(models / "net.onnx"), Error);
}

TEST_F(External, OffsetAndLengthAreChecked) {
  for (const auto& [offset, length] : std::vector<std::pair<std::string, std::string>>{{"12", ""},
                                                                                       {"24", ""},
                                                                                       {"25", ""},
                                                                                       {"-4", ""},
                                                                                       {"9223372036854775807", ""},
                                                                                       {"99999999999999999999", ""},
                                                                                       {"0x4", ""},
                                                                                       {"4 ", ""},
                                                                                       {"0", "12"},
                                                                                       {"0", "20"},
                                                                                       {"0", "-16"},
                                                                                       {"8", "9223372036854775807"}}) {
    EXPECT_NE(refusal("weights.bin", offset, length), "") << offset << " " << length;
  }
}

}  // namespace
}  // namespace vbq::test
