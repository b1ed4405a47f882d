// Networks as other programs write them, end to end: channels last, several outputs, a class more than the data has.
// cases/make.py made the files.
#include <cmath>
#include <nlohmann/json.hpp>

#include "data/npy.hpp"
#include "support/cli.hpp"

namespace vbq::test {
namespace {

class Cases : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    for (const auto& entry : fs::directory_iterator(fs::path(VBQ_SOURCE) / "tests" / "app" / "cases")) {
      fs::copy_file(entry.path(), folder_ / entry.path().filename());
    }
  }

  void import(const std::string& more = "") const {
    const Outcome outcome = run("data import npy nhwc_images.npy nhwc_labels.npy --output d.h5 " + more);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }
  // A job on those images whose search takes a moment.
  Outcome search(const std::string& network, const std::string& more = "", const std::string& folder = "out") const {
    write("job.toml", "[network]\npath = \"" + network + "\"\n[data]\npath = \"d.h5\"\nsearch = 6\nblock = 3\n" +
                          "[search]\npopulation = 4\ngenerations = 1\n");
    return run("search job.toml --log error --json --run " + folder + " " + more);
  }
  std::vector<float> infer(const std::string& arguments) const {
    const Outcome outcome = run("infer --overwrite --output y.npy " + arguments);
    EXPECT_EQ(outcome.code, 0) << arguments << outcome.err;
    return outcome.code == 0 ? read_npy(path("y.npy")).as_floats() : std::vector<float>();
  }
  static void expect_close(const std::vector<float>& got, const std::vector<float>& wanted) {
    ASSERT_EQ(got.size(), wanted.size());
    float largest = 0;
    for (const float v : wanted) largest = std::max(largest, std::abs(v));
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], 2e-6F * largest) << i;
  }
  static std::string top1(const Outcome& outcome) { return nlohmann::json::parse(outcome.out)["top1"].dump(); }

  // The images with channels first, which is what vbq would be given otherwise.
  std::vector<float> write_channels_first(const std::string& name) const {
    const NpyArray last = read_npy(path("nhwc_images.npy"));
    const std::vector<float> values = last.as_floats();
    std::vector<float> first(values.size());
    const std::size_t plane = 144, one = 3 * plane;
    for (std::size_t n = 0; n < 10; ++n) {
      for (std::size_t i = 0; i < plane; ++i) {
        for (std::size_t c = 0; c < 3; ++c) first[n * one + c * plane + i] = values[n * one + i * 3 + c];
      }
    }
    write_npy(path(name), std::vector<std::int64_t>{10, 3, 12, 12}, first);
    return first;
  }
};

TEST_F(Cases, ChannelsLastAreInferredAsOnnxruntimeDoes) {
  write_channels_first("first.npy");
  for (const std::string& name : {std::string("nhwc_input"), std::string("preprocessed")}) {
    const std::vector<float> wanted = read_npy(path(name + "_answers.npy")).as_floats();
    for (const char* engine : {"cpu", "reference"}) {
      const std::string base = "--network " + name + ".onnx --engine " + engine;
      expect_close(infer(base + " --input nhwc_images.npy"), wanted);
      expect_close(infer(base + " --input nhwc_images.npy --layout nhwc"), wanted);
      expect_close(infer(base + " --input first.npy"), wanted);
      expect_close(infer(base + " --input first.npy --layout nchw"), wanted);
    }
  }
  const std::string base = "infer --network nhwc_input.onnx --output z.npy --input ";
  expect_refused(base + "first.npy --layout nhwc",
                 {"first.npy has shape [10, 3, 12, 12]: [N, 12, 12, 3] was expected"});
  expect_refused(base + "nhwc_labels.npy", {"shape [10]: [N, 3, 12, 12] or [N, 12, 12, 3] was expected"});
  expect_refused(base + "first.npy --layout hwc", {"--layout is \"hwc\": one of nchw, nhwc"});
  EXPECT_FALSE(fs::exists(path("z.npy")));
  const auto info = nlohmann::json::parse(run("info nhwc_input.onnx --json").out);
  EXPECT_EQ(info["input"], nlohmann::json({3, 12, 12}));
  EXPECT_EQ(info["file_layout"], "nhwc");
}

TEST_F(Cases, ChannelsLastAreImportedEvaluatedSearchedAndExported) {
  import();
  const auto info = nlohmann::json::parse(run("info d.h5 --json").out);
  EXPECT_EQ(info["channels"], 3);
  EXPECT_EQ(info["height"], 12);
  // The same dataset as of an array with channels first, and as when the layout is said.
  import("--overwrite --layout nhwc");
  EXPECT_EQ(nlohmann::json::parse(run("info d.h5 --json").out)["hash"], info["hash"]);
  expect_refused("data import npy nhwc_images.npy nhwc_labels.npy --output e.h5 --layout last", {"--layout"});
  expect_refused("data import cifar10 nhwc_images.npy --output e.h5 --layout nhwc", {"--layout is for kind npy"});

  for (const char* network : {"nhwc_input.onnx", "preprocessed.onnx"}) {
    const Outcome trained = run(std::string("evaluate --network ") + network + " --data d.h5 --json");
    ASSERT_EQ(trained.code, 0) << trained.err;
    const std::string run_folder = std::string(network) + ".run";
    const Outcome found = search(network, "", run_folder);
    ASSERT_EQ(found.code, 0) << found.err;
    const std::string quantised =
        std::string("--network ") + network + " --input nhwc_images.npy --format " + run_folder + "/best.json";
    const std::vector<float> wanted = infer(quantised);
    for (const char* form : {"codebook", "packed", "float"}) {
      const Outcome exported = run(std::string("export --network ") + network + " --format " + run_folder +
                                   "/best.json --output " + run_folder + "/" + form + ".onnx --form " + form);
      ASSERT_EQ(exported.code, 0) << exported.err;
      // The exported file takes what the user's own file takes.
      const std::string file = run_folder + "/" + form + ".onnx";
      EXPECT_EQ(nlohmann::json::parse(run("info --json " + file).out)["file_layout"], "nhwc");
      expect_close(infer("--network " + file + " --input nhwc_images.npy"), wanted);
    }
  }
}

TEST_F(Cases, AnOutputIsNamed) {
  import();
  const std::string network = " --network two_outputs_features_first.onnx ";
  const Outcome first = run("evaluate" + network + "--data d.h5 --json");
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_NE(first.err.find("2 outputs (\"feat\", \"y\"): only the first is read; --output-name"), std::string::npos);
  const Outcome named = run("evaluate" + network + "--data d.h5 --json --output-name y");
  ASSERT_EQ(named.code, 0) << named.err;
  EXPECT_EQ(named.err.find("2 outputs"), std::string::npos) << named.err;
  EXPECT_NE(nlohmann::json::parse(named.out)["loss"], nlohmann::json::parse(first.out)["loss"]);
  expect_refused("evaluate" + network + "--data d.h5 --output-name logits",
                 {"no output \"logits\": its outputs are \"feat\", \"y\""});
  EXPECT_EQ(infer(network + "--input nhwc_images.npy --output-name y").size(), 50U);
  EXPECT_EQ(infer(network + "--input nhwc_images.npy --output-name feat").size(), 80U);
  const auto info = nlohmann::json::parse(run("info two_outputs_features_first.onnx --output-name y --json").out);
  EXPECT_EQ(info["output"], nlohmann::json({5}));
  EXPECT_EQ(info["file_outputs"], nlohmann::json({"feat", "y"}));
  expect_refused("info d.h5 --output-name y", {"--output-name", "d.h5"});

  // A search goes by the job's key; the format belongs to that output, and the exported file has both.
  const Outcome found = search("two_outputs_features_first.onnx", "--set network.output=y");
  ASSERT_EQ(found.code, 0) << found.err;
  EXPECT_NE(read("out/job.toml").find("output = \"y\""), std::string::npos);
  const Outcome quantised = run("evaluate" + network + "--data d.h5 --json --output-name y --format out/best.json");
  ASSERT_EQ(quantised.code, 0) << quantised.err;
  expect_refused("evaluate" + network + "--data d.h5 --log error --format out/best.json", {"hash"});
  const Outcome exported = run("export" + network + "--format out/best.json --output-name y --output q.onnx");
  ASSERT_EQ(exported.code, 0) << exported.err;
  for (const char* file : {"q.onnx", "out/best.onnx"}) {
    EXPECT_EQ(nlohmann::json::parse(run(std::string("info --json --output-name y ") + file).out)["file_outputs"],
              nlohmann::json({"feat", "y"}));
    expect_close(infer(std::string("--network ") + file + " --input nhwc_images.npy --output-name y"),
                 infer(network + "--input nhwc_images.npy --output-name y --format out/best.json"));
  }
  // Another output is another network: a resume says so.
  expect_refused("search job.toml --run out --log error --resume --set network.output=feat", {"--resume", "feat", "y"});
  EXPECT_EQ(run("search job.toml --run out --log error --resume --set network.output=y").code, 0);
}

TEST_F(Cases, QuantiseTakesOneOfSeveralOutputs) {
  const std::string command =
      "quantise two_outputs_features_first.onnx images_3x12x12_5classes.h5 --threads 1 --output out "
      "--set search.population=4 --set search.generations=1 --output-name ";
  expect_refused(command + "logits --quiet", {"no output \"logits\": its outputs are \"feat\", \"y\""});
  const Outcome outcome = run(command + "y");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err.find("2 outputs"), std::string::npos) << outcome.err;
  EXPECT_NE(read("out/job.toml").find("output = \"y\""), std::string::npos);
}

TEST_F(Cases, ABackgroundClassFirst) {
  import();
  // Labels of classes 0 to 3: one fewer than the network's five outputs.
  const std::string labels = read("nhwc_labels.npy");
  std::string fewer = labels;
  const std::size_t start = labels.size() - 80;
  for (std::size_t i = 0; i < 10; ++i) fewer[start + 8 * i] = static_cast<char>(i % 4);
  write("fewer.npy", fewer);
  for (std::size_t i = 0; i < 10; ++i) fewer[start + 8 * i] = static_cast<char>(i % 4 + 1);
  write("moved.npy", fewer);
  ASSERT_EQ(run("data import npy nhwc_images.npy fewer.npy --output fewer.h5").code, 0);
  ASSERT_EQ(run("data import npy nhwc_images.npy moved.npy --output moved.h5").code, 0);
  const std::string base = "evaluate --network nhwc_input.onnx --json --data ";
  const Outcome told = run(base + "fewer.h5");
  ASSERT_EQ(told.code, 0) << told.err;
  EXPECT_NE(told.err.find("5 outputs, one more than"), std::string::npos) << told.err;
  EXPECT_NE(told.err.find("--label-offset 1"), std::string::npos) << told.err;
  EXPECT_NE(nlohmann::json::parse(told.out)["warnings"].dump().find("--label-offset 1"), std::string::npos) << told.out;
  const Outcome moved = run(base + "moved.h5"), offset = run(base + "fewer.h5 --label-offset 1");
  for (const Outcome& quiet : {offset, run(base + "fewer.h5 --label-offset 0")}) {
    EXPECT_EQ(quiet.err.find("one more than"), std::string::npos) << quiet.err;
  }
  for (const char* number : {"top1", "top5", "loss"}) {
    EXPECT_EQ(nlohmann::json::parse(offset.out)[number], nlohmann::json::parse(moved.out)[number]) << number;
  }
  EXPECT_EQ(top1(run(base + "moved.h5 --label-offset -1")), top1(told));
  expect_refused(base + "fewer.h5 --label-offset -1", {"label offset -1", "below 0"});
  expect_refused(base + "fewer.h5 --label-offset 2", {"6 classes", "5 outputs"});

  fs::copy_file(path("fewer.h5"), path("d.h5"), fs::copy_options::overwrite_existing);
  const Outcome found = search("nhwc_input.onnx", "--set data.label_offset=1");
  ASSERT_EQ(found.code, 0) << found.err;
  EXPECT_NE(read("out/job.toml").find("label_offset = 1"), std::string::npos);
  expect_refused("search job.toml --run out --log error --resume --set data.label_offset=0", {"--resume"});
}

TEST_F(Cases, WhatGivesMoreThanOneScoreAClassIsNotScored) {
  import();
  expect_refused("evaluate --network positions.onnx --data d.h5",
                 {"positions.onnx gives [N, 5, 12, 12]", "more than one position"});
  EXPECT_EQ(search("positions.onnx").code, 1);
  EXPECT_EQ(infer("--network positions.onnx --input nhwc_images.npy").size(), 10U * 5 * 144);
}

TEST_F(Cases, BatchNormInTrainingModeIsRefused) {
  expect_refused("infer --network bn_five_outputs_opset.onnx --input nhwc_images.npy --output y.npy",
                 {"BatchNormalization node \"bn\" (opset 9) is in training mode"});
}

}  // namespace
}  // namespace vbq::test
