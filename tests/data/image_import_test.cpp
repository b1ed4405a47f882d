// Folders and lists of photos become images and labels: order, labels, bad files.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>

#include "data/image_stream.hpp"
#include "data/importers.hpp"
#include "support/folder.hpp"
#include "vbq/label.hpp"

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

Gathered gather(const ImageList& list, const ImageStreamOptions& options) {
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

TEST_F(PhotoImport, WithoutLabels) {
  photo("d/b.jpg");
  photo("d/a.jpg");
  const ImageList list = list_image_folder(folder_ / "d");
  EXPECT_EQ(list.files, (std::vector<std::string>{"a.jpg", "b.jpg"}));
  EXPECT_EQ(list.labels, (std::vector<std::int32_t>{kNoLabel, kNoLabel}));
  EXPECT_EQ(list.classes, 0);
  EXPECT_EQ(import_images("folder", {folder_ / "d"}, {}).info.classes, 0);
  const ImageList paths = read_image_list(file("list", "d/b.jpg\nd/a.jpg\n"), folder_.path());
  EXPECT_EQ(paths.files, (std::vector<std::string>{"d/b.jpg", "d/a.jpg"}));
  EXPECT_EQ(paths.labels, list.labels);
  EXPECT_TRUE(has(error_of([&] { read_image_list(file("list", "a.jpg\nb.jpg,1\n"), folder_.path()); }),
                  "line 2 is \"b.jpg,1\": a path alone was expected"));
}

TEST_F(PhotoImport, FolderRefusals) {
  EXPECT_TRUE(has(error_of([&] { list_image_folder(folder_ / "none"); }), "none does not exist"));
  EXPECT_TRUE(has(error_of([&] { list_image_folder(folder_.path()); }), "has neither sub-folders"));
  photo("d/a/x.jpg");
  fs::create_directory(folder_ / "d" / "empty");
  EXPECT_TRUE(
      has(error_of([&] { list_image_folder(folder_ / "d"); }), "no image (.jpg, .jpeg, .png) for class \"empty\""));
  EXPECT_TRUE(has(error_of([&] {
                    import_images("folder", {folder_ / "d", folder_ / "d"}, {});
                  }),
                  "takes one folder: 2"));
}

// As torchvision does, which walks through links.
TEST_F(PhotoImport, FolderFollowsLinks) {
  photo("elsewhere/in/x.jpg");
  photo("d/ant/a.jpg");
  fs::create_directory_symlink(folder_ / "elsewhere" / "in", folder_ / "d" / "bee");
  fs::create_directory_symlink(folder_ / "elsewhere", folder_ / "d" / "ant" / "more");
  fs::create_symlink(folder_ / "elsewhere" / "in" / "x.jpg", folder_ / "d" / "ant" / "b.jpg");
  const ImageList list = list_image_folder(folder_ / "d");
  EXPECT_EQ(list.files, (std::vector<std::string>{"ant/a.jpg", "ant/b.jpg", "ant/more/in/x.jpg", "bee/x.jpg"}));
}

TEST_F(PhotoImport, UnreadableEntriesOfAFolderAreErrorsOrCounted) {
  photo("d/ant/a.jpg");
  const fs::path ant = folder_ / "d" / "ant";
  const auto expect_bad = [&](const fs::path& entry, const std::string& why) {
    const std::string refused = error_of([&] { list_image_folder(folder_ / "d"); });
    EXPECT_TRUE(has(refused, entry.lexically_relative(folder_ / "d").string() + " in image folder "));
    EXPECT_TRUE(has(refused, why));
    EXPECT_TRUE(has(refused, "--skip-bad"));
    const ImageList list = list_image_folder(folder_ / "d", BadFiles::leave_out);
    EXPECT_EQ(list.left_out, 1) << entry;
    EXPECT_EQ(list.files, (std::vector<std::string>{"ant/a.jpg"}));
    fs::remove(entry);
  };
  fs::create_symlink("nowhere.jpg", ant / "x.jpg");
  expect_bad(ant / "x.jpg", "it is a link to nothing");
  fs::create_symlink("nowhere", ant / "deep");  // may have been a folder of images
  expect_bad(ant / "deep", "it is a link to nothing");
  fs::create_symlink("nowhere", folder_ / "d" / "bee");  // may have been a class
  expect_bad(folder_ / "d" / "bee", "it is a link to nothing");
  fs::create_symlink("x.jpg", ant / "x.jpg");  // to itself
  expect_bad(ant / "x.jpg", "cannot be read: ");
  fs::create_directory_symlink("..", ant / "loop");
  expect_bad(ant / "loop", "it leads back to a folder above it");
}

TEST_F(PhotoImport, UnreadableEntriesThatAreNoLinks) {
  photo("d/ant/a.jpg");
  ASSERT_EQ(::mkfifo((folder_ / "d" / "ant" / "pipe.png").c_str(), 0600), 0);
  EXPECT_TRUE(has(error_of([&] { list_image_folder(folder_ / "d"); }), "ant/pipe.png in image folder"));
  EXPECT_EQ(list_image_folder(folder_ / "d", BadFiles::leave_out).left_out, 1);
}

TEST_F(PhotoImport, HiddenEntriesOfAFolderAreLeftOut) {
  photo("d/.ipynb_checkpoints/a.jpg");
  photo("d/ant/.ipynb_checkpoints/a.jpg");
  photo("d/ant/a.jpg");
  file("d/ant/._a.jpg", "what a Mac leaves");
  file("d/.DS_Store", "");
  photo("d/bee/a.jpg");
  ::testing::internal::CaptureStderr();
  const ImageList list = list_image_folder(folder_ / "d");
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(list.class_names, (std::vector<std::string>{"ant", "bee"}));
  EXPECT_EQ(list.files, (std::vector<std::string>{"ant/a.jpg", "bee/a.jpg"}));
  EXPECT_EQ(list.left_out, 0);  // they are no images that cannot be read
  EXPECT_TRUE(has(said, "4 hidden files and folders are left out, such as ."));
}

TEST_F(PhotoImport, ImagesBesideTheClassesAreSaid) {
  photo("d/ant/a.jpg");
  photo("d/b.jpg");
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(list_image_folder(folder_ / "d").files.size(), 1U);
  EXPECT_TRUE(has(::testing::internal::GetCapturedStderr(), "1 images beside the folders of the classes"));
}

TEST_F(PhotoImport, ListsAsSpreadsheetsWriteThem) {
  const ImageList list =
      read_image_list(file("list.csv", "\xEF\xBB\xBFpath,label\r\na.jpg,1\r\nb.jpg,0\r\n"), folder_.path());
  EXPECT_EQ(list.files, (std::vector<std::string>{"a.jpg", "b.jpg"}));
  ImageList first = read_image_list(file("list.csv",
                                         "\xEF\xBB\xBF"
                                         "a.jpg,1\r\nb.jpg,0"),
                                    folder_.path());
  EXPECT_EQ(first.files, list.files);
  EXPECT_EQ(first.labels, (std::vector<std::int32_t>{1, 0}));
  name_classes(first, file("names",
                           "\xEF\xBB\xBF"
                           "cat\r\ndog\r\n"));
  EXPECT_EQ(first.class_names, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_TRUE(has(error_of([&] {
                    read_image_list(file("list.csv",
                                         "\xFF\xFE"
                                         "a"),
                                    folder_.path());
                  }),
                  "UTF-16"));
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
  ImageStreamOptions options{{{8, 0}, {8, 8}}, BadFiles::refuse, 1, [&](std::int64_t done, std::int64_t total) {
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

TEST_F(PhotoImport, ThreadsAreThoseOfTheProcessorsThatMayBeUsed) {
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_EQ(stream_threads({}), CPU_COUNT(&before));
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(stream_threads({}), 1);
  EXPECT_EQ(stream_threads({{}, BadFiles::refuse, 3}), 3);
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
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
  const Gathered good = gather(list, {{}, BadFiles::leave_out});
  EXPECT_EQ(good.left_out, 3);
  EXPECT_EQ(good.images.labels, (std::vector<std::int32_t>{1, 0}));
  const ImageList bad = read_image_list(file("list", "cut.jpg,0\n"), folder_.path());
  EXPECT_TRUE(has(error_of([&] { gather(bad, {{}, BadFiles::leave_out}); }), "none of the 1 images"));
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
