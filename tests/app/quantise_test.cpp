// vbq quantise: a network and images, and nothing else to write.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "support/cli.hpp"

namespace vbq::test {
namespace {

using Json = nlohmann::json;

class Quantise : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    copy_digits();
  }
  // A command that takes a moment.
  static std::string quick(const std::string& words) {
    return "quantise " + words +
           " --threads 1 --log error --set search.population=6 --set search.generations=2 --set "
           "format.matching_images=30 --set format.delivery_images=60";
  }
  Outcome done(const std::string& words) const {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 0) << words << "\n" << outcome.err;
    return outcome;
  }
  Json summary(const std::string& folder) const { return Json::parse(read(folder + "/summary.json")); }
  // An array of uint8 as numpy.save() writes it.
  void npy(const std::string& name, const std::string& shape, const std::string& bytes) const {
    std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': " + shape + ", }";
    header.resize(117, ' ');
    write(name, std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + "\n" + bytes);
  }
};

TEST_F(Quantise, ABudgetIsKeptAndItsJobFileRepeatsIt) {
  const Outcome outcome =
      done(quick("digits.onnx digits_test.h5 --size '1.5 bits' --output out") + " --set search.generations=8");
  for (const char* part : {"Top-1 on 199 images that the search never saw:", "  FP32 ", "quantised, start of search",
                           "quantised, searched", "112,448 bytes -> ", "out/best.onnx", "vbq search out/job.toml"}) {
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part << " in:\n" << outcome.out;
  }
  for (const char* file : {"best.json", "best.onnx", "report.html", "job.toml"}) {
    EXPECT_TRUE(fs::exists(path(std::string("out/") + file))) << file;
  }
  const Json found = summary("out");
  EXPECT_EQ(found["fp32"]["held_out"]["images"], 199);  // of 597, of which 398 are the search's
  EXPECT_EQ(found["quantised"]["validation"]["images"], 79);
  EXPECT_EQ(found["quantised"]["search"]["images"], 319);
  EXPECT_LE(found["sizes"]["entropy_coded_bits_per_weight"], 1.5);
  EXPECT_GT(found["sizes"]["entropy_coded_bits_per_weight"], 1.45) << "the budget is used";

  fs::remove(path("digits_train.h5"));  // nothing else than what the job names
  done("search out/job.toml --run again --threads 1 --log error");
  EXPECT_EQ(read("again/best.json"), read("out/best.json"));
  EXPECT_EQ(summary("again")["quantised"], found["quantised"]);
}

TEST_F(Quantise, ALimitOfTimeEndsAtAGenerationAndIsRepeatedByTheirNumber) {
  const std::string command =
      "quantise digits.onnx digits_test.h5 --size '1.5 bits' --log error --threads 1 --time 2s "
      "--set search.population=6 --set format.matching_images=30 ";
  done(command + "--output out");
  const Json found = summary("out");
  EXPECT_EQ(found["ended_by"], "seconds");
  EXPECT_TRUE(found["foresight"].is_number());
  done(
      "search out/job.toml --run plain --threads 1 --log error --set search.surrogate=false --set "
      "search.generations=2");
  EXPECT_FALSE(summary("plain").contains("foresight"));
  EXPECT_GE(found["seconds"], 2.0);
  EXPECT_LT(found["seconds"], 10.0);
  const std::string generations = found["generations"].dump();
  done("search out/job.toml --run again --threads 1 --log error --set search.seconds=0 --set search.generations=" +
       generations);
  EXPECT_EQ(read("again/best.json"), read("out/best.json"));
  EXPECT_EQ(summary("again")["ended_by"], "generations");
  expect_refused("quantise digits.onnx digits_test.h5 --time soon", {"--time is \"soon\"", "\"5min\""});
}

TEST_F(Quantise, PatienceEndsASearchThatGainsNothingMore) {
  done(
      "search search.toml --run out --threads 1 --log error --set search.population=4 --set search.patience=3 "
      "--set data.search=50 --set data.block=50 --set search.generations=5000");
  const Json found = summary("out");
  EXPECT_EQ(found["ended_by"], "patience");
  EXPECT_LT(found["generations"], 5000);
  EXPECT_EQ(run("search --resume out --log error").code, 0) << "what has ended is delivered again";
  EXPECT_EQ(summary("out")["generations"], found["generations"]);
}

TEST_F(Quantise, BitsAndFront) {
  done(quick("digits.onnx digits_test.h5 --bits 2"));
  EXPECT_LE(summary("digits-quantised")["sizes"]["levels"], 4);
  EXPECT_NE(read("digits-quantised/job.toml").find("encoding = \"values\""), std::string::npos);
  const Outcome outcome = done(quick("digits.onnx digits_test.h5 --front --output f --json"));
  EXPECT_EQ(Json::parse(outcome.out)["front"]["points"].size(), summary("f")["front"]["points"].size());
  EXPECT_TRUE(fs::exists(path("f/front.csv")));
}

TEST_F(Quantise, WhatCannotBeMeantIsRefusedBeforeAnythingIsWritten) {
  const std::string both = "quantise digits.onnx digits_test.h5 ";
  expect_refused(both + "--bits 3 --size '2 bits'", {"--bits and --size are given together"});
  expect_refused(both + "--size '2 bits' --front", {"--size and --front are given together"});
  expect_refused(both + "--bits 9", {"--bits is 9: 2 to 8"});
  expect_refused(both + "--size 2 --json", {"--size is \"2\"", "\"2.3 bits\"", "\"75 KiB\""});
  expect_refused(both + "--set search.sead=2", {"search.sead", "did you mean search.seed"});
  expect_refused(both + "--mean 0.5 --std 0.5", {"--mean is for images that are imported", "digits_test.h5"});
  expect_refused("quantise nothing.onnx digits_test.h5", {"network nothing.onnx does not exist"});
  expect_refused("quantise digits.onnx nothing", {"images nothing do not exist"});
  expect_refused("quantise digits_test.h5 digits.onnx", {"digits_test.h5"});
  expect_refused("quantise digits.onnx digits.onnx", {"digits.onnx", "--kind cifar10"});
  EXPECT_FALSE(fs::exists(path("digits-quantised")));
}

TEST_F(Quantise, ImagesThatDoNotSuit) {
  std::string record(3073, '\1');
  std::string images;
  for (int i = 0; i < 40; ++i) images += record;
  write("cifar.bin", images);
  expect_refused("quantise digits.onnx cifar.bin --log error", {"are 3x32x32", "digits.onnx takes 1x8x8"});
  npy("few_images.npy", "(29, 1, 8, 8)", std::string(29 * 64, '\7'));
  npy("few_labels.npy", "(29,)", std::string(29, '\3'));
  expect_refused("quantise digits.onnx few_images.npy --log error", {"has 29 images: 30 at least"});
}

TEST_F(Quantise, ABudgetThatNothingKeepsIsTold) {
  const Outcome outcome = done(quick("digits.onnx digits_test.h5 --size '100 bytes' --output out"));
  EXPECT_NE(outcome.out.find("The budget of 100 bytes is not kept: "), std::string::npos) << outcome.out;
}

// A photo of any size becomes what the network takes.
TEST_F(Quantise, PhotosAreMadeToFit) {
  for (const char* name : {"d/a", "d/b"}) {
    fs::create_directories(path(name));
    for (int i = 0; i < 20; ++i) {
      fs::copy_file(fs::path(VBQ_SOURCE) / "tests" / "data" / "photos" / (i % 2 == 0 ? "rgb.jpg" : "plain.png"),
                    path(std::string(name) + "/" + std::to_string(i) + (i % 2 == 0 ? ".jpg" : ".png")));
    }
  }
  done(quick("digits.onnx d --mean 0.3 --std 0.4 --size '2 bits' --output out"));
  EXPECT_EQ(summary("out")["fp32"]["held_out"]["images"], 14);
  const Outcome info = done("info out/images.h5");
  EXPECT_NE(info.out.find("40 images of 1x8x8"), std::string::npos) << info.out;
  EXPECT_NE(info.out.find("shorter side to 8"), std::string::npos) << info.out;
}

// Agreement with FP32 stands where accuracy would, everywhere.
TEST_F(Quantise, ImagesWithoutLabels) {
  std::string pixels;
  unsigned state = 7;
  for (int i = 0; i < 120 * 64; ++i) pixels += static_cast<char>((state = state * 1664525U + 1013904223U) >> 24);
  npy("x.npy", "(120, 1, 8, 8)", pixels);
  const std::string what = quick("digits.onnx x.npy --mean 0.3064 --std 0.3753 --size '2 bits' --output out");
  const Outcome outcome = done(what);
  EXPECT_NE(outcome.out.find("Agreement with FP32 on 40 images that the search never saw:"), std::string::npos)
      << outcome.out;
  EXPECT_EQ((outcome.out + outcome.err).find("op-1"), std::string::npos) << outcome.out << outcome.err;
  const Json found = summary("out");
  EXPECT_EQ(found["fp32"]["held_out"]["agreement"]["correct"], 40);  // with itself
  EXPECT_LE(found["quantised"]["held_out"]["agreement"]["correct"], 40);
  EXPECT_FALSE(found["quantised"]["held_out"].contains("top1"));
  EXPECT_FALSE(found["quantised"]["held_out"].contains("loss"));
  for (const char* file : {"out/report.html", "out/summary.json", "out/history.csv", "out/classes.csv"}) {
    EXPECT_EQ(read(file).find("top-1"), std::string::npos) << file;
    EXPECT_NE(read(file).find("agreement"), std::string::npos) << file;
  }
  EXPECT_NE(done("info out").out.find("agreement with FP32"), std::string::npos);
  EXPECT_NE(done("info out/images.h5").out.find("no labels"), std::string::npos);

  const std::string evaluate = "evaluate --network digits.onnx --data out/images.h5 --log error ";
  const Json again = Json::parse(done(evaluate + "--format out/best.json --json").out);
  EXPECT_EQ(again["images"], 120);
  EXPECT_GE(again["agreement"]["correct"], found["quantised"]["held_out"]["agreement"]["correct"]);
  EXPECT_GT(again["divergence"], 0.0);
  expect_refused(evaluate, {"out/images.h5 has no labels: --format was expected"});
  expect_refused(evaluate + "--format out/best.json --label-offset 1", {"label offset of 1", "has no labels"});
  expect_refused(what + " --set search.fitness=top1", {"already holds"});
  expect_refused("search out/job.toml --run other --log error --set search.fitness=loss",
                 {"search.fitness is \"loss\"", "has none", "\"divergence\" and \"outputs\" need none"});
  expect_refused("compare out/job.toml --run other --log error", {"accuracies side by side", "has no labels"});
}

// Photos side by side in a folder have no labels.
TEST_F(Quantise, FoldersOfPhotosWithoutClasses) {
  fs::create_directories(path("flat"));
  for (int i = 0; i < 32; ++i) {
    fs::copy_file(fs::path(VBQ_SOURCE) / "tests" / "data" / "photos" / (i % 2 == 0 ? "rgb.jpg" : "plain.png"),
                  path("flat/" + std::to_string(i) + (i % 2 == 0 ? ".jpg" : ".png")));
  }
  done(quick("digits.onnx flat --mean 0.3 --std 0.4 --bits 3 --output out"));
  EXPECT_TRUE(summary("out")["quantised"]["held_out"].contains("agreement"));
}

TEST_F(Quantise, AFinishedFolderIsLeftAlone) {
  const std::string command = quick("digits.onnx digits_test.h5 --bits 3 --output out");
  done(command);
  const std::string best = read("out/best.json");
  expect_refused(command, {"folder out already holds a run", "--output"});
  EXPECT_EQ(read("out/best.json"), best);
}

// The job's time is over in a moment, at every start.
TEST_F(Quantise, TheSameCommandGoesOnWithWhatWasStopped) {
  const std::string command = "SLURM_JOB_END_TIME=$(( $(date +%s) + 2 )) '" VBQ_BINARY
                              "' quantise digits.onnx digits_test.h5 --output out --threads 1 --set "
                              "search.generations=100000 --set run.checkpoint=1 ";
  const Outcome stopped = shell(command + "--bits 3");
  ASSERT_EQ(stopped.code, 75) << stopped.err;
  EXPECT_NE(stopped.err.find("go on with: vbq search --resume out\n"), std::string::npos) << stopped.err;
  const Outcome again = shell(command + "--bits 3");
  EXPECT_EQ(again.code, 75) << again.err;
  EXPECT_NE(again.err.find("going on from generation "), std::string::npos) << again.err;
  const Outcome other = shell(command + "--bits 4");
  EXPECT_EQ(other.code, 1) << other.err;
  EXPECT_NE(other.err.find("format.bits is 4, the run's is 3"), std::string::npos) << other.err;
}

}  // namespace
}  // namespace vbq::test
