// What a person is told of images: options that cannot be meant, and data that cannot be right.
#include <array>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "data/npy.hpp"
#include "data/pixel_table.hpp"
#include "support/cli.hpp"
#include "vbq/dataset_file.hpp"

namespace vbq::test {
namespace {

using Json = nlohmann::json;

class DataCli : public Cli {
 protected:
  // Of 3x32x32, n images; labels 0..9 in turn.
  void cifar(const std::string& name, int n) const {
    std::string all;
    for (int i = 0; i < n; ++i) {
      std::string record(3073, static_cast<char>(i * 7));
      record[0] = static_cast<char>(i % 10);
      all += record;
    }
    write(name, all);
  }
  static int lines(const std::string& text) { return static_cast<int>(std::count(text.begin(), text.end(), '\n')); }
  // The training images of the digits as they would come from a wrong import.
  void wrong_digits(const std::string& name, Normalisation normalisation) const {
    const auto source = open_dataset(path("digits_train.h5"));
    std::vector<std::int64_t> all(static_cast<std::size_t>(source->info().count));
    std::iota(all.begin(), all.end(), 0);
    DatasetInfo info;
    info.normalisation = std::move(normalisation);
    write_dataset(path(name), source->read(all), info);
  }
};

TEST_F(DataCli, NormalisationBesideADatasetsOwnIsRefusedUnlessItIsTheSame) {
  copy_digits();
  const std::string evaluate = "evaluate --network digits.onnx --data digits_test.h5 --log error ";
  expect_refused(evaluate + "--mean 0.5 --std 0.25", {"mean [0.5] and standard deviation [0.25] were given",
                                                      "digits_test.h5 has mean [0.3064]", "leave them out"});
  expect_refused(evaluate + "--mean 0.3064", {"standard deviation [1] were given"});
  expect_refused(evaluate + "--mean 0.3,0.3 --std 1,1", {"2 means", "1 channels"});
  EXPECT_EQ(run(evaluate + "--mean 0.3064 --std 0.3753").code, 0);
  expect_refused(tiny("--set data.mean=[0.5] --set data.std=[0.5]"), {"mean [0.5]", "of its own"});
  EXPECT_EQ(run(tiny("--set data.mean=[0.3064] --set data.std=[0.3753]")).code, 0);
}

TEST_F(DataCli, EveryImportSaysItsClassesAndWhatMayBeWrong) {
  cifar("a.bin", 20);
  Outcome outcome = run("data import cifar10 a.bin --mean 0.5,0.5,0.5 --output a.h5");
  EXPECT_EQ(outcome.err,
            "20 images of 3x32x32 written to a.h5\n10 classes: 0 airplane, 1 automobile, 2 bird, 3 cat, 4 deer, ...\n");
  outcome = run("data import cifar10 a.bin --output b.h5");
  EXPECT_NE(outcome.err.find("warning: images of b.h5 are not normalised"), std::string::npos) << outcome.err;
  EXPECT_EQ(lines(outcome.err), 3);
  outcome = run("data import cifar10 a.bin --mean 123,117,104 --std 58,57,57 --output c.h5");
  EXPECT_NE(outcome.err.find("pixels from 0 to 255?"), std::string::npos) << outcome.err;
  EXPECT_EQ(lines(outcome.err), 3);
  outcome = run("data import cifar10 a.bin --mean 0.5,0.5,0.5 --output d.h5 --engine cpu --threads 2 --precision best");
  EXPECT_NE(outcome.err.find("--engine, --precision, --threads has no effect on data import cifar10"),
            std::string::npos)
      << outcome.err;
}

TEST_F(DataCli, OptionsOfPhotosAreRefusedWhereTheyMeanNothing) {
  cifar("a.bin", 20);
  for (const char* option : {"--resize 9", "--crop 9", "--interpolation bicubic", "--grey", "--root .",
                             "--class-names a.bin", "--skip-bad"}) {
    const std::string name = std::string(option).substr(0, std::string(option).find(' '));
    expect_refused("data import cifar10 a.bin --output x.h5 " + std::string(option), {name + " is for photos"});
  }
  fs::create_directories(path("d/a"));
  fs::copy_file(fs::path(VBQ_SOURCE) / "tests" / "data" / "photos" / "rgb.jpg", path("d/a/x.jpg"));
  expect_refused("data import folder d --output x.h5 --root .", {"for kind list"});
  expect_refused("data import folder d --output x.h5 --crop 9 --interpolation bicubic", {"of --resize"});
  EXPECT_EQ(run("data import folder d --output x.h5 --resize 9 --interpolation bicubic --threads 2").code, 0);
}

// A mistake of the import, found where the network is: the options that mend it are named.
TEST_F(DataCli, PhotosThatDoNotFitTheNetworkNameTheOptions) {
  copy_digits();
  fs::create_directories(path("d/a"));
  fs::copy_file(fs::path(VBQ_SOURCE) / "tests" / "data" / "photos" / "rgb.jpg", path("d/a/x.jpg"));
  const std::string evaluate = "evaluate --network digits.onnx --data ";
  ASSERT_EQ(run("data import folder d --output rgb.h5 --resize 8x8").code, 0);
  expect_refused(evaluate + "rgb.h5", {"3x8x8", "1x8x8 (import the photos with --grey)"});
  ASSERT_EQ(run("data import folder d --output large.h5 --grey").code, 0);
  expect_refused(evaluate + "large.h5", {"(import the photos with --resize or --crop 8x8)"});
  ASSERT_EQ(run("data import folder d --output good.h5 --grey --resize 8x8").code, 0);
  EXPECT_EQ(run(evaluate + "good.h5").code, 0);
}

// Photos are made to fit the network as vbq quantise does it, or as is asked for: what an import would give.
TEST_F(DataCli, EvaluateTakesPhotos) {
  copy_digits();
  const fs::path photos = fs::path(VBQ_SOURCE) / "tests" / "data" / "photos";
  fs::create_directories(path("d/a"));
  fs::create_directories(path("d/b"));
  fs::copy_file(photos / "rgb.jpg", path("d/a/x.jpg"));
  fs::copy_file(photos / "plain.png", path("d/b/x.png"));
  const std::string evaluate = "evaluate --network digits.onnx --json --data ", norm = " --mean 0.3064 --std 0.3753";
  for (const auto& [given, imported] :
       {std::pair("", " --grey --resize 8 --crop 8x8"), {" --grey --resize 8x8", nullptr}}) {
    ASSERT_EQ(
        run("data import folder d --overwrite --output d.h5" + norm + (imported != nullptr ? imported : given)).code,
        0);
    const Outcome file = run(evaluate + "d.h5"), folder = run(evaluate + "d" + norm + given);
    ASSERT_EQ(folder.code, 0) << folder.err;
    const Json a = Json::parse(file.out), b = Json::parse(folder.out);
    for (const char* number : {"images", "top1", "loss"}) EXPECT_EQ(a[number], b[number]) << given << number;
  }
  expect_refused(evaluate + "d.h5 --resize 8", {"--resize is for images that are imported"});
  expect_refused(evaluate + "d --quiet --crop 9" + norm, {"network digits.onnx takes 1x8x8"});
  write("list.txt", "d/a/x.jpg,3\nd/b/x.png,4\n");
  EXPECT_EQ(run(evaluate + "list.txt" + norm).code, 0);
  EXPECT_EQ(run(evaluate + "folder:d --skip-bad --resize 8x8" + norm).code, 0);
  expect_refused(evaluate + "nowhere --resize 8", {"dataset nowhere does not exist"});
  expect_refused(evaluate + "folder:nowhere", {"dataset nowhere does not exist"});
  write("what.bin", "?");
  expect_refused(evaluate + "what.bin", {"what.bin is none of what can be told"});
}

// What the network is fed, as other programs keep it, is those images again.
TEST_F(DataCli, FloatsAreTheImagesThatTheyCameFrom) {
  copy_digits();
  const auto source = open_dataset(path("digits_test.h5"));
  const DatasetInfo& info = source->info();
  std::vector<std::int64_t> all(static_cast<std::size_t>(info.count));
  std::iota(all.begin(), all.end(), 0);
  const Images images = source->read(all);
  std::vector<float> values(images.pixels.size());
  normalise(pixel_table(info.normalisation), images.pixels.data(), images.pixels.size(), values.data());
  write_npy(path("images.npy"), std::array<std::int64_t, 4>{info.count, 1, 8, 8}, values);
  const std::string import = "data import npy images.npy --overwrite --output x.h5";
  for (const char* given : {"", " --mean 0.3064 --std 0.3753"}) {
    const Outcome outcome = run(import + given);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.err.find("rounded"), std::string::npos) << outcome.err;
    EXPECT_EQ(open_dataset(path("x.h5"))->read(all).pixels, images.pixels) << given;
  }
  expect_refused(import + " --mean 0.9 --std 0.3753",
                 {"images.npy: image ", "which is pixel ", "without --mean and --std"});
  // Ten images halfway between two pixels.
  for (std::size_t i = 0; i < 640; ++i) values[i] += 0.5F / 255 / 0.3753F * (values[i] < 1 ? 1.0F : -1.0F);
  write_npy(path("images.npy"), std::array<std::int64_t, 4>{info.count, 1, 8, 8}, values);
  EXPECT_NE(run(import + " --mean 0.3064 --std 0.3753").err.find("rounded by 0.0"), std::string::npos);
}

// Named, counted, and not silently gone.
TEST_F(DataCli, LinksToNothingInAFolder) {
  fs::create_directories(path("d/a"));
  fs::create_directories(path("d/.ipynb_checkpoints"));
  fs::copy_file(fs::path(VBQ_SOURCE) / "tests" / "data" / "photos" / "rgb.jpg", path("d/a/x.jpg"));
  fs::create_symlink("nowhere.jpg", path("d/a/y.jpg"));
  const std::string import = "data import folder d --mean 0.5,0.5,0.5 --output x.h5 ";
  expect_refused(import, {"a/y.jpg in image folder d cannot be read: it is a link to nothing", "--skip-bad"});
  EXPECT_FALSE(fs::exists(path("x.h5")));
  const Outcome outcome = run(import + "--skip-bad");
  EXPECT_EQ(outcome.code, 0);
  for (const char* part : {"left out: d/a/y.jpg", "1 hidden files and folders are left out, such as .ipynb_checkpoints",
                           "1 of 2 files were left out", "1 class: 0 a\n"}) {
    EXPECT_NE(outcome.err.find(part), std::string::npos) << part << "\n" << outcome.err;
  }
}

// A class whose images are all left out keeps its number, and is named.
TEST_F(DataCli, ClassesWithoutImagesAreNamed) {
  const fs::path photo = fs::path(VBQ_SOURCE) / "tests" / "data" / "photos" / "rgb.jpg";
  for (const char* name : {"a", "b", "c", "d"}) fs::create_directories(path("d/" + std::string(name)));
  fs::copy_file(photo, path("d/a/x.jpg"));
  write("d/b/damaged.jpg", "no photo");
  fs::create_symlink("nowhere.jpg", path("d/c/x.jpg"));
  fs::copy_file(photo, path("d/d/x.jpg"));
  fs::create_directory_symlink("../d", path("d/f"));  // a class that cannot be read: it leads back above itself
  const std::string import = "data import folder d --mean 0.5,0.5,0.5 --output x.h5 --json ";
  expect_refused(import, {"--skip-bad"});
  const Outcome outcome = run(import + "--skip-bad");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json told = Json::parse(outcome.out);
  const std::string warning =
      "3 of 5 classes have no image left: 1 b, 2 c, 4 f; labels are numbered as if there were some";
  EXPECT_EQ(told["warnings"], Json({"3 of 5 files were left out", warning}));
  EXPECT_EQ(told["class_names"], Json({"a", "b", "c", "d", "f"}));
  for (const std::string& part : {"warning: " + warning + "\n", std::string("left out: d/f: it leads back"),
                                  std::string("3 of 5 files were left out")}) {
    EXPECT_NE(outcome.err.find(part), std::string::npos) << part << "\n" << outcome.err;
  }
  EXPECT_EQ(Json::parse(run("info x.h5 --json").out)["images_per_class"], Json({1, 0, 0, 1, 0}));
  // A label that a list passes over is nothing new.
  write("list", "d/a/x.jpg,0\nd/b/damaged.jpg,2\nd/d/x.jpg,3\n");
  const Outcome listed = run("data import list list --mean 0.5,0.5,0.5 --output y.h5 --skip-bad --json");
  ASSERT_EQ(listed.code, 0) << listed.err;
  EXPECT_EQ(Json::parse(listed.out)["warnings"].size(), 2U) << listed.out;
  EXPECT_NE(listed.err.find("1 of 4 classes has no image left: 2; labels"), std::string::npos) << listed.err;

  fs::create_directories(path("d/g"));  // empty, which nothing explains
  expect_refused(import + "--skip-bad --overwrite --log error", {"no image (.jpg, .jpeg, .png) for class \"g\""});
  fs::remove_all(path("d"));
  fs::create_directories(path("d/a"));
  fs::create_symlink("nowhere.jpg", path("d/a/x.jpg"));
  expect_refused(import + "--skip-bad --overwrite --log error", {"image folder d has no image that can be read"});
}

TEST_F(DataCli, FolderOfPartsInsteadOfClasses) {
  for (const char* part : {"test/ant", "train/ant"}) {
    fs::create_directories(path("d/" + std::string(part)));
    fs::copy_file(fs::path(VBQ_SOURCE) / "tests" / "data" / "photos" / "rgb.jpg",
                  path("d/" + std::string(part) + "/x.jpg"));
  }
  const Outcome outcome = run("data import folder d --mean 0.5,0.5,0.5 --output x.h5");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.err.find("warning: the classes of d are test, train: check"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("2 classes: 0 test, 1 train\n"), std::string::npos) << outcome.err;
}

// Images that are normalised as the network does not expect: refused where the two sets differ, unless allowed, and
// what comes of it is warned of, on the screen and in summary.json.
TEST_F(DataCli, DifferentNormalisationNeedsConsent) {
  copy_digits();
  wrong_digits("wrong.h5", {{2.0F}, {0.01F}});
  const std::string search =
      "search search.toml --run out --threads 1 --set search.population=4 --set search.generations=1 "
      "--set data.search=200 --set data.calibration=wrong.h5 ";
  expect_refused(search, {"data.calibration (", "wrong.h5) has mean [2]", "digits_test.h5) has mean [0.3064]",
                          "data.allow_different_normalisation = true"});
  EXPECT_FALSE(fs::exists(path("out")));
  const Outcome outcome = run(search + "--json --set data.allow_different_normalisation=true");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json warnings = Json::parse(outcome.out)["warnings"];
  ASSERT_EQ(warnings.size(), 3U) << warnings;
  const char* expected[] = {"data.calibration (", "wrong.h5, where guessing among 10 classes", "of the held-out ones"};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto text = warnings[i].get<std::string>();
    EXPECT_NE(text.find(expected[i]), std::string::npos) << text;
    EXPECT_NE(outcome.err.find("warning: " + text + "\n"), std::string::npos) << outcome.err;
  }
  // Before the search, which might take hours.
  EXPECT_LT(outcome.err.find("where guessing"), outcome.err.find("generation 1/1")) << outcome.err;
}

TEST_F(DataCli, ImagesThatTheNetworkDoesNotKnow) {
  copy_digits();
  EXPECT_EQ(run("evaluate --engine cpu --network digits.onnx --data digits_test.h5").err, "");
  wrong_digits("wrong.h5", {{2.0F}, {0.01F}});
  const std::string evaluate = "evaluate --engine cpu --network digits.onnx --data wrong.h5";
  const Outcome outcome = run(evaluate);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(lines(outcome.err), 1) << outcome.err;
  EXPECT_NE(outcome.err.find("warning: the network as trained is right on"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("check mean and standard deviation"), std::string::npos) << outcome.err;
  // The same for programs.
  const Json told = Json::parse(run(evaluate + " --json").out);
  ASSERT_EQ(told["warnings"].size(), 1U) << told;
  EXPECT_NE(outcome.err.find("warning: " + told["warnings"][0].get<std::string>() + "\n"), std::string::npos) << told;
  EXPECT_EQ(Json::parse(run("evaluate --network digits.onnx --data digits_test.h5 --json").out)["warnings"],
            Json::array());
  // Of a quantised network it says nothing: it may well have lost that much.
  ASSERT_EQ(run(tiny()).code, 0);
  EXPECT_EQ(run(evaluate + " --format out/best.json").err, "");
  EXPECT_EQ(Json::parse(read("out/summary.json"))["warnings"], Json::array());
  wrong_digits("none.h5", {});
  EXPECT_NE(run("evaluate --network digits.onnx --data none.h5").err.find("none.h5 are not normalised"),
            std::string::npos);
}

TEST_F(DataCli, OptionsWithoutEffectAreSaid) {
  copy_digits();
  expect_refused("info digits.onnx --workers 3", {"--workers and --set are of a job", "digits.onnx"});
  expect_refused("info --workers 3", {"--workers and --set are of a job"});
  EXPECT_EQ(run("info digits.onnx --engine cpu").err,
            "warning: --engine has no effect on info of a file that is no job\n");
  EXPECT_EQ(run("evaluate --network digits.onnx --data digits_test.h5 --images 0:9 --engine reference --threads 2").err,
            "warning: --threads has no effect on engine reference, which computes on one thread\n");
  ASSERT_EQ(run(tiny()).code, 0);
  EXPECT_EQ(run("export --network digits.onnx --format out/best.json --output q.onnx --threads 2").err,
            "warning: --threads has no effect on export\n");
  EXPECT_EQ(run("report out --precision best").err, "warning: --precision has no effect on report\n");
}

TEST_F(DataCli, KeysWithoutEffectAreSaid) {
  copy_digits();
  const Outcome outcome =
      run("search search.toml --run out --threads 1 --json --set search.population=4 --set search.generations=1 "
          "--set data.search=200 --set search.mutation=0.3 --set format.scale_by=maximum");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json warnings = Json::parse(outcome.out)["warnings"];
  EXPECT_EQ(warnings, Json::parse(read("out/summary.json"))["warnings"]);
  ASSERT_EQ(warnings.size(), 2U) << warnings;
  EXPECT_NE(outcome.err.find("warning: format.scale_by is \"maximum\", which has no effect"), std::string::npos)
      << outcome.err;
}

}  // namespace
}  // namespace vbq::test
