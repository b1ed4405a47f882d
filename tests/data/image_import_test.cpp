// Folders and lists of photos become images and labels: order, labels, bad files.
#include <gtest/gtest.h>

#include "data/image_stream.hpp"
#include "data/importers.hpp"
#include "support/folder.hpp"

namespace vbq {
namespace {
namespace fs = std::filesystem;

using test::error_of;
using test::has;

class PhotoImport : public ::testing::Test {
 protected:
  // A photo of 13x18 under this path.
  void photo(const std::string& path, const std::string& source = "rgb.jpg") {
    fs::create_directories((folder_ / path).parent_path());
    fs::copy_file(fs::path(VBQ_SOURCE) / "tests" / "data" / "photos" / source, folder_ / path);
  }
  fs::path file(const std::string& name, const std::string& content) {
    test::put(folder_ / name, content);
    return folder_ / name;
  }
  test::Folder folder_;
};

struct Gathered {
  Images images;
  std::int64_t left_out = 0;
};

Gathered gather(const ImageList& list, ImageStreamOptions options) {
  Gathered all;
  all.left_out = stream_images(list, options, [&](const Images& piece) {
    all.images.count += piece.count;
    all.images.labels.insert(all.images.labels.end(), piece.labels.begin(), piece.labels.end());
    all.images.pixels.insert(all.images.pixels.end(), piece.pixels.begin(), piece.pixels.end());
  });
  return all;
}

TEST_F(PhotoImport, FolderHasAClassASubFolder) {
  photo("d/zebra/b.JPG");
  photo("d/zebra/a.png", "plain.png");
  photo("d/ant/deep/er/x.jpeg", "grey.jpg");
  photo("d/ant/0.jpg");
  file("d/readme.txt", "not a class");
  file("d/ant/notes.txt", "not an image");
  const ImageList list = list_image_folder(folder_ / "d");
  EXPECT_EQ(list.class_names, (std::vector<std::string>{"ant", "zebra"}));
  EXPECT_EQ(list.classes, 2);
  EXPECT_EQ(list.files, (std::vector<std::string>{"ant/0.jpg", "ant/deep/er/x.jpeg", "zebra/a.png", "zebra/b.JPG"}));
  EXPECT_EQ(list.labels, (std::vector<std::int32_t>{0, 0, 1, 1}));
  const ImportedImages imported = import_images("folder", {folder_ / "d"}, {});
  EXPECT_EQ(imported.images.count, 4);
  EXPECT_EQ(imported.images.channels, 3);
  EXPECT_EQ(imported.images.height, 13);
  EXPECT_EQ(imported.images.width, 18);
  EXPECT_EQ(imported.info.class_names, list.class_names);
}

TEST_F(PhotoImport, FolderRefusals) {
  EXPECT_TRUE(has(error_of([&] { list_image_folder(folder_ / "none"); }), "none does not exist"));
  EXPECT_TRUE(has(error_of([&] { list_image_folder(folder_.path()); }), "has no sub-folders"));
  photo("d/a/x.jpg");
  fs::create_directory(folder_ / "d" / "empty");
  EXPECT_TRUE(
      has(error_of([&] { list_image_folder(folder_ / "d"); }), "no image (.jpg, .jpeg, .png) for class \"empty\""));
  EXPECT_TRUE(has(error_of([&] {
                    import_images("folder", {folder_ / "d", folder_ / "d"}, {});
                  }),
                  "takes one folder: 2"));
}

TEST_F(PhotoImport, ListGivesPathsAndLabels) {
  photo("in/a.jpg");
  photo("in/b, c.jpg", "grey.jpg");
  const fs::path text = file("list.txt", "path,label\nin/b, c.jpg, 7\n\n in/a.jpg,0\r\n");
  ImageList list = read_image_list(text, folder_.path());
  EXPECT_EQ(list.files, (std::vector<std::string>{"in/b, c.jpg", "in/a.jpg"}));
  EXPECT_EQ(list.labels, (std::vector<std::int32_t>{7, 0}));
  EXPECT_EQ(list.classes, 8);
  EXPECT_EQ(import_images("list", {text}, {}).images.labels, list.labels);
  EXPECT_TRUE(has(error_of([&] { name_classes(list, file("few", "a\nb\n")); }), "has 2 lines: at least 8"));
  name_classes(list, file("names", "a\nb\nc\nd\ne\nf\ng\nh\ni\n"));
  EXPECT_EQ(list.classes, 9);
  EXPECT_EQ(list.class_names.at(7), "h");
}

TEST_F(PhotoImport, ListRefusals) {
  const auto refusal = [&](const std::string& text) {
    return error_of([&] { read_image_list(file("list", text), folder_.path()); });
  };
  EXPECT_TRUE(has(refusal(""), "has no image"));
  EXPECT_TRUE(has(refusal("a.jpg,0\nb.jpg\n"), "line 2 is \"b.jpg\": path,label was expected"));
  EXPECT_TRUE(has(refusal("a.jpg,0\nb.jpg,cat\n"), "line 2 has label \"cat\""));
  EXPECT_TRUE(has(refusal("a.jpg,0\nb.jpg,-1\n"), "line 2 has label \"-1\""));
  EXPECT_TRUE(has(refusal("a.jpg,0\nb.jpg,16777216\n"), "0..16777215"));
  EXPECT_TRUE(has(refusal("../a.jpg,0\n"), "line 1 names \"../a.jpg\": a path inside"));
  EXPECT_TRUE(has(refusal("/etc/passwd,0\n"), "a path inside"));
}

TEST_F(PhotoImport, PiecesComeInOrderOnAnyNumberOfThreads) {
  std::string text;
  for (int i = 0; i < 50; ++i) {
    const std::string name = "p" + std::to_string(i) + (i % 3 == 0 ? ".png" : ".jpg");
    photo(name, i % 3 == 0 ? "plain.png" : i % 3 == 1 ? "rgb.jpg" : "grey.jpg");
    text += name + "," + std::to_string(i) + "\n";
  }
  const ImageList list = read_image_list(file("list", text), folder_.path());
  std::int64_t last = 0;
  ImageStreamOptions options{{{8, 0}, {8, 8}}, false, 1, [&](std::int64_t done, std::int64_t total) {
                               EXPECT_GT(done, last);
                               EXPECT_EQ(total, 50);
                               last = done;
                             }};
  const Gathered one = gather(list, options);
  EXPECT_EQ(last, 50);
  EXPECT_EQ(one.images.labels, list.labels);
  EXPECT_EQ(one.images.pixels.size(), 50U * 3 * 64);
  last = 0;
  options.threads = 7;
  EXPECT_EQ(gather(list, options).images.pixels, one.images.pixels);
}

TEST_F(PhotoImport, BadFilesAreNamedAndLeftOutByChoice) {
  photo("a.jpg");
  photo("b.jpg");
  file("cut.jpg", test::get(folder_ / "a.jpg").substr(0, 300));
  file("text.png", "hello");
  const ImageList list =
      read_image_list(file("list", "cut.jpg,4\na.jpg,1\nnone.jpg,2\ntext.png,3\nb.jpg,0\n"), folder_.path());
  const std::string refused = error_of([&] { gather(list, {}); });
  EXPECT_TRUE(has(refused, "cut.jpg is damaged"));
  EXPECT_TRUE(has(refused, "--skip-bad"));
  const Gathered good = gather(list, {{}, true});
  EXPECT_EQ(good.left_out, 3);
  EXPECT_EQ(good.images.labels, (std::vector<std::int32_t>{1, 0}));
  const ImageList bad = read_image_list(file("list", "cut.jpg,0\n"), folder_.path());
  EXPECT_TRUE(has(error_of([&] { gather(bad, {{}, true}); }), "none of the 1 images"));
}

TEST_F(PhotoImport, ImagesOfSeveralSizesNeedAResize) {
  photo("a.jpg");
  photo("b.png", "plain.png");
  // 1x1, grey.
  file("c.png", std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x8\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9c"
                            "c`\0\0\0\2\0\1H\xaf\xa4q\0\0\0\0IEND\xae"
                            "B`\x82",
                            67));
  const ImageList list = read_image_list(file("list", "a.jpg,0\nb.png,0\nc.png,0\n"), folder_.path());
  EXPECT_TRUE(has(error_of([&] { gather(list, {}); }),
                  "c.png is 3x1x1 (channels, height, width) where the images before it are 3x13x18"));
  EXPECT_EQ(gather(list, {{{4, 4}, {}}}).images.count, 3);
}

}  // namespace
}  // namespace vbq
