#include "data/importers.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include "core/random.hpp"
#include "data/dataset_hash.hpp"
#include "support/folder.hpp"
#include "vbq/label.hpp"

namespace vbq {
namespace {
namespace fs = std::filesystem;

using test::error_of;
using test::has;

std::string random_bytes(std::size_t size, std::uint32_t seed) {
  Random random(seed, 0, 0, Purpose::test);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.below(256));
  return bytes;
}

std::string cifar_record(const std::string& labels, std::uint32_t seed) { return labels + random_bytes(3072, seed); }

std::string big(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}
std::string idx_images(std::uint32_t count, std::uint32_t height, std::uint32_t width, const std::string& pixels) {
  return big(0x803) + big(count) + big(height) + big(width) + pixels;
}
std::string idx_labels(std::uint32_t count, const std::string& labels) { return big(0x801) + big(count) + labels; }

std::string gzipped(const std::string& content) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, content.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class ImportTest : public ::testing::Test {
 protected:
  fs::path file(const std::string& name, const std::string& content) {
    test::put(folder_ / name, content);
    return folder_ / name;
  }
  std::string refusal(const std::string& kind, const std::vector<fs::path>& sources) {
    return error_of([&] { import_images(kind, sources, {}); });
  }
  test::Folder folder_;
};

TEST_F(ImportTest, Cifar10FromSeveralFiles) {
  const std::string a = cifar_record("\3", 1) + cifar_record("\11", 2), b = cifar_record(std::string(1, '\0'), 3);
  const ImportedImages got = import_images("cifar10", {file("a.bin", a), file("b.bin", b)}, {{0.5F, 0.5F, 0.5F}, {}});
  EXPECT_EQ(got.images.count, 3);
  EXPECT_EQ(got.images.labels, (std::vector<std::int32_t>{3, 9, 0}));
  const std::string pixels(got.images.pixels.begin(), got.images.pixels.end());
  EXPECT_EQ(pixels, a.substr(1, 3072) + a.substr(3074) + b.substr(1));
  EXPECT_EQ(got.info.classes, 10);
  EXPECT_EQ(got.info.class_names.at(3), "cat");
  EXPECT_EQ(got.info.normalisation, (Normalisation{{0.5F, 0.5F, 0.5F}, {1, 1, 1}}));
  EXPECT_EQ(got.info.hash, dataset_hash(got.images, got.info.normalisation));
}

TEST_F(ImportTest, Cifar100TakesTheFineLabel) {
  const ImportedImages got =
      import_images("cifar100", {file("a", cifar_record("\23\143", 1) + cifar_record(std::string("\0\1", 2), 2))}, {});
  EXPECT_EQ(got.images.labels, (std::vector<std::int32_t>{99, 1}));
  EXPECT_EQ(got.info.classes, 100);
  EXPECT_TRUE(has(refusal("cifar100", {file("b", cifar_record("\1\144", 1))}),
                  "image 0 (counted from 0) has label 100: 0..99"));
  EXPECT_TRUE(has(refusal("cifar100", {file("c", cifar_record("\24\1", 1))}), "has label 20: 0..19"));
}

TEST_F(ImportTest, CifarRefusals) {
  const std::string good = cifar_record("\1", 1) + cifar_record("\2", 2);
  EXPECT_TRUE(has(refusal("cifar10", {file("a", good + cifar_record("\12", 3))}),
                  "image 2 (counted from 0) has label 10: 0..9 was expected"));
  EXPECT_TRUE(has(refusal("cifar10", {file("b", good.substr(0, good.size() - 1))}), "6145 bytes: a multiple of 3073"));
  EXPECT_TRUE(has(refusal("cifar10", {file("c", "")}), "is empty"));
  EXPECT_TRUE(has(refusal("cifar10", {folder_ / "none"}), "does not exist"));
  EXPECT_TRUE(has(refusal("cifar10", {folder_.path()}), "is not a file"));
  EXPECT_TRUE(has(refusal("cifar10", {}), "no file"));
  EXPECT_TRUE(has(error_of([&] { import_images("cifar10", {file("d", good)}, {{0}, {1}}); }), "1 means"));
}

TEST_F(ImportTest, UnknownKindNamesTheNearest) {
  EXPECT_TRUE(has(refusal("cifar-10", {folder_ / "x"}), "\"cifar-10\" is not known, did you mean \"cifar10\"?"));
  EXPECT_TRUE(has(refusal("minst", {folder_ / "x"}), "did you mean \"mnist\"?"));
}

TEST_F(ImportTest, MnistPlainAndGzipped) {
  const std::string pixels = random_bytes(3 * 4 * 5, 1), images = idx_images(3, 4, 5, pixels);
  const std::string labels = idx_labels(3, std::string("\7\0\11", 3));
  const ImportedImages plain = import_images("mnist", {file("i", images), file("l", labels)}, {});
  const ImportedImages packed =
      import_images("mnist", {file("i.gz", gzipped(images)), file("l.gz", gzipped(labels))}, {});
  EXPECT_EQ(plain.images.labels, (std::vector<std::int32_t>{7, 0, 9}));
  EXPECT_EQ(plain.images.channels, 1);
  EXPECT_EQ(plain.images.height, 4);
  EXPECT_EQ(plain.images.width, 5);
  EXPECT_EQ(std::string(plain.images.pixels.begin(), plain.images.pixels.end()), pixels);
  EXPECT_EQ(plain.info.hash, packed.info.hash);
  EXPECT_EQ(plain.info.class_names.size(), 10U);
  // Two pairs, joined; and the labels found beside the images.
  const ImportedImages twice =
      import_images("mnist", {folder_ / "i", folder_ / "l", folder_ / "i.gz", folder_ / "l.gz"}, {});
  EXPECT_EQ(twice.images.count, 6);
  file("t-images-idx3-ubyte.gz", gzipped(images));
  file("t-labels-idx1-ubyte.gz", gzipped(labels));
  EXPECT_EQ(import_images("mnist", {folder_ / "t-images-idx3-ubyte.gz"}, {}).info.hash, plain.info.hash);
  EXPECT_TRUE(has(refusal("mnist", {folder_ / "i"}), "no labels lie beside it"));
  EXPECT_TRUE(has(refusal("mnist", {folder_ / "i", folder_ / "l", folder_ / "i"}), "3 files were given"));
}

TEST_F(ImportTest, MnistRefusals) {
  const std::string pixels = random_bytes(2 * 3 * 3, 2), images = idx_images(2, 3, 3, pixels),
                    labels = idx_labels(2, "\1\2");
  const fs::path i = file("i", images), l = file("l", labels);
  EXPECT_TRUE(has(refusal("mnist", {l, i}), "00000803: 00000801 was expected (images come first, then labels)"));
  EXPECT_TRUE(has(refusal("mnist", {i, file("l1", idx_labels(3, "\1\2\3"))}), "holds 3 labels"));
  EXPECT_TRUE(
      has(refusal("mnist", {i, file("l2", idx_labels(2, "\1\12"))}), "image 1 (counted from 0) has label 10: 0..9"));
  EXPECT_TRUE(has(refusal("mnist", {file("i1", idx_images(0, 3, 3, "")), l}), "promises [0]"));
  EXPECT_TRUE(has(refusal("mnist", {file("i2", idx_images(3, 3, 3, pixels)), l}), "34 bytes: 43 were expected"));
  EXPECT_TRUE(has(refusal("mnist", {file("i3", images + "x"), l}), "35 bytes: 34 were expected"));
  EXPECT_TRUE(has(refusal("mnist", {file("i4", "random"), l}), "starts with"));
  EXPECT_TRUE(has(refusal("mnist", {file("i5", ""), l}), "is empty"));
  // A second pair whose images have another size.
  const fs::path other = file("i6", idx_images(2, 9, 1, pixels));
  EXPECT_TRUE(has(refusal("mnist", {i, l, other, l}), "1x9x1 (channels, height, width): 1x3x3 was expected"));
}

TEST_F(ImportTest, MnistHostileSizes) {
  const fs::path l = file("l", idx_labels(2, "\1\2"));
  const std::string most = idx_images(0xffffffff, 0xffffffff, 0xffffffff, "x");
  EXPECT_TRUE(has(refusal("mnist", {file("a", most), l}), "promises"));
  EXPECT_TRUE(has(refusal("mnist", {file("a.gz", gzipped(most)), l}), "promises"));
  // 8 GiB are promised, 18 bytes come: memory follows what comes.
  EXPECT_TRUE(has(refusal("mnist", {file("b.gz", gzipped(idx_images(1u << 23, 32, 32, random_bytes(18, 1)))), l}),
                  "ends after 18 values"));
  // 64 MB come where 18 bytes are promised.
  const std::string bomb = gzipped(idx_images(2, 3, 3, std::string(64 << 20, '\0')));
  EXPECT_LT(bomb.size(), std::size_t{1} << 17);
  EXPECT_TRUE(has(refusal("mnist", {file("c.gz", bomb), l}), "goes on after the 18 values"));
}

TEST_F(ImportTest, MnistGzipCutOffAnywhereOrDamaged) {
  const std::string pixels = random_bytes(4 * 9, 4), whole = gzipped(idx_images(4, 3, 3, pixels));
  const fs::path l = file("l", idx_labels(4, "\1\2\3\4"));
  ASSERT_EQ(import_images("mnist", {file("whole.gz", whole), l}, {}).images.count, 4);
  for (std::size_t size = 0; size < whole.size(); ++size) refusal("mnist", {file("cut.gz", whole.substr(0, size)), l});
  int refused = 0;
  for (std::size_t at = 10; at < whole.size(); ++at) {  // from the deflate stream on, checksum and length too
    std::string damaged = whole;
    damaged[at] ^= 0x10;
    try {
      const ImportedImages got = import_images("mnist", {file("damaged.gz", damaged), l}, {});
      EXPECT_EQ(std::string(got.images.pixels.begin(), got.images.pixels.end()), pixels) << "byte " << at;
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GE(refused, static_cast<int>(whole.size()) - 12);
}

std::string npy(const std::string& descr, const std::string& shape, const std::string& payload) {
  const std::string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header + payload;
}

TEST_F(ImportTest, NpyPairs) {
  const std::string pixels = random_bytes(2 * 3 * 2 * 2, 5),
                    labels = std::string("\4\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 16);
  const fs::path l = file("labels.npy", npy("<i8", "(2,)", labels));
  const ImportedImages got = import_images("npy", {file("images.npy", npy("|u1", "(2, 3, 2, 2)", pixels)), l}, {});
  EXPECT_EQ(got.images.channels, 3);
  EXPECT_EQ(got.images.labels, (std::vector<std::int32_t>{4, 1}));
  EXPECT_EQ(got.info.classes, 5);
  EXPECT_EQ(std::string(got.images.pixels.begin(), got.images.pixels.end()), pixels);
  EXPECT_EQ(import_images("npy", {folder_ / "images.npy"}, {}).info.hash, got.info.hash);
  const ImportedImages alone = import_images("npy", {file("alone.npy", npy("|u1", "(2, 3, 2, 2)", pixels))}, {});
  EXPECT_EQ(alone.images.labels, (std::vector<std::int32_t>{kNoLabel, kNoLabel}));
  EXPECT_EQ(alone.info.classes, 0);
  const ImportedImages grey = import_images("npy", {file("g", npy("|u1", "(2, 3, 4)", pixels)), l}, {});
  EXPECT_EQ(grey.images.channels, 1);
  EXPECT_EQ(grey.images.width, 4);

  EXPECT_TRUE(has(refusal("npy", {file("a", npy("<i4", "(2, 1, 3, 1)", pixels)), l}),
                  "int32 of shape [2, 1, 3, 1]: images of uint8"));
  EXPECT_TRUE(has(refusal("npy", {file("b", npy("|u1", "(24,)", pixels)), l}), "images of uint8"));
  EXPECT_TRUE(has(refusal("npy", {file("c", npy("|u1", "(2, 3, 4, 1)", pixels)), l}), "--layout nchw"));
  EXPECT_TRUE(
      has(refusal("npy", {file("d", npy("|u1", "(3, 2, 2, 2)", pixels)), l}), "labels of shape [3] were expected"));
  EXPECT_TRUE(has(refusal("npy", {file("e", npy("|u1", "(0, 2, 2, 2)", "")), l}), "0 images"));
  EXPECT_TRUE(has(refusal("npy", {folder_ / "images.npy",
                                  file("f", npy("<i4", "(2,)", std::string("\1\0\0\0\xff\xff\xff\xff", 8)))}),
                  "image 1 (counted from 0) has label -1"));
  EXPECT_TRUE(has(refusal("npy", {folder_ / "images.npy", file("h", npy("<f4", "(2,)", "abcdefgh"))}),
                  "integers were expected"));
}

// [2, 2, 2, 6] of the same images in both orders.
TEST_F(ImportTest, NpyOfEitherLayout) {
  const std::string labels("\4\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 16);
  const fs::path l = file("labels.npy", npy("<i8", "(2,)", labels));
  const auto both = [&](const std::string& first, const std::string& last, std::int64_t channels, std::int64_t plane,
                        std::optional<Layout> layout_first, std::optional<Layout> layout_last) {
    std::string nchw(static_cast<std::size_t>(2 * channels * plane), '\0'), nhwc = nchw;
    for (std::int64_t n = 0, k = 0; n < 2; ++n) {
      for (std::int64_t c = 0; c < channels; ++c) {
        for (std::int64_t i = 0; i < plane; ++i, ++k) {
          nchw[static_cast<std::size_t>(k)] = static_cast<char>(k);
          nhwc[static_cast<std::size_t>((n * plane + i) * channels + c)] = static_cast<char>(k);
        }
      }
    }
    const ImportedImages a = import_images("npy", {file("a", npy("|u1", first, nchw)), l}, {}, layout_first);
    const ImportedImages b = import_images("npy", {file("b", npy("|u1", last, nhwc)), l}, {}, layout_last);
    EXPECT_EQ(a.info.hash, b.info.hash) << first;
    EXPECT_EQ(b.images.channels, channels) << last;
    EXPECT_EQ(b.images.height, a.images.height) << last;
    EXPECT_EQ(std::string(b.images.pixels.begin(), b.images.pixels.end()), nchw) << last;
  };
  both("(2, 3, 5, 6)", "(2, 5, 6, 3)", 3, 30, {}, {});
  both("(2, 1, 5, 6)", "(2, 5, 6, 1)", 1, 30, {}, {});
  both("(2, 4, 5, 6)", "(2, 5, 6, 4)", 4, 30, {}, {});
  both("(2, 7, 5, 5)", "(2, 5, 5, 7)", 7, 25, {}, {});  // neither end tells: the square does
  both("(2, 3, 5, 4)", "(2, 5, 4, 3)", 3, 20, Layout::nchw, {});
  both("(2, 3, 3, 3)", "(2, 3, 3, 3)", 3, 9, Layout::nchw, Layout::nhwc);
  both("(2, 7, 5, 6)", "(2, 5, 6, 7)", 7, 30, Layout::nchw, Layout::nhwc);
  for (const char* shape : {"(2, 3, 5, 4)", "(2, 7, 5, 6)", "(2, 3, 3, 3)", "(2, 5, 5, 5)", "(2, 2, 8, 3)"}) {
    std::size_t size = 1;
    for (const char* c = shape; *c != '\0'; ++c)
      size *= *c >= '1' && *c <= '9' ? static_cast<std::size_t>(*c - '0') : 1;
    EXPECT_TRUE(has(refusal("npy", {file("c", npy("|u1", shape, std::string(size, 'x'))), l}), "first or last"))
        << shape;
  }
}

TEST_F(ImportTest, DetectsKinds) {
  const std::string cifar10 = cifar_record("\3", 1), cifar100 = cifar_record("\3\4", 1),
                    idx = idx_images(1, 2, 2, "abcd");
  EXPECT_EQ(detect_kind(file("a", cifar10 + cifar10)), "cifar10");
  EXPECT_EQ(detect_kind(file("b", cifar100)), "cifar100");
  EXPECT_EQ(detect_kind(file("c", idx)), "mnist");
  EXPECT_EQ(detect_kind(file("d", gzipped(idx))), "mnist");
  EXPECT_EQ(detect_kind(file("e", npy("|u1", "(1,)", "a"))), "npy");
  EXPECT_EQ(detect_kind(file("f", cifar_record("\12", 1))), "");  // label 10
  EXPECT_EQ(detect_kind(file("g", "hello")), "");
  EXPECT_EQ(detect_kind(file("h", "")), "");
  EXPECT_EQ(detect_kind(file("i", gzipped(idx).substr(0, 12))), "");
  EXPECT_EQ(detect_kind(folder_ / "none"), "");
  EXPECT_EQ(detect_kind(folder_.path()), "folder");
}

}  // namespace
}  // namespace vbq
