// What a search says of its sizes: the files have them, and `vbq info JOB` has said so before.
#include <nlohmann/json.hpp>

#include "compress/compressed_size.hpp"
#include "support/cli.hpp"

namespace vbq::test {
namespace {

using Json = nlohmann::json;
class Sizes : public Cli {
 protected:
  // exported: what `vbq export --json` says of a file.
  static void expect_compressed(const Json& exported, const std::string& file) {
    const CompressedSize size = compressed_size(file);
    EXPECT_EQ(exported["zstd"], size.zstd);
    EXPECT_EQ(exported["deflate"], size.deflate);
    EXPECT_LT(exported["weights_deflate"], exported["deflate"]);
    const auto entropy = exported["sizes"]["entropy_coded"].get<double>();
    const auto coded = exported["weights_zstd"].get<double>();
    if (exported["form"] != "codebook") return;
    EXPECT_NEAR(coded, entropy, 0.08 * coded);
  }
};

TEST_F(Sizes, AreThoseOfTheFilesAndWerePredicted) {
  copy_digits();
  const Json network = Json::parse(run("info digits.onnx --json").out);
  const std::string first = network["layers"][0]["name"];
  const std::string settings =
      "--set format.bits=4 --set format.encoding=uniform --set format.symmetric=true --set format.scale=channel "
      "--set format.matching=end --set format.matching_images=20 --set 'network.skip=[\"" +
      first + "\"]'";
  ASSERT_EQ(run(tiny(settings)).code, 0);
  const Json found = Json::parse(read("out/summary.json"))["sizes"];
  const Outcome info = run("info out/job.toml --json");
  ASSERT_EQ(info.code, 0) << info.err;
  // Levels that no weight takes are dropped, which only a search can tell: a few bytes of codebooks.
  const Json predicted = Json::parse(info.out)["predicted_sizes"][0];
  for (const char* part : {"codes", "scales", "shifts", "weights_left_fp32", "beside_fp32"}) {
    EXPECT_EQ(predicted[part], found[part]) << part;
  }
  for (const char* form : {"codebook", "packed", "float", "dequantize"}) {
    EXPECT_GE(predicted["files"][form], found["files"][form]) << form;
    EXPECT_NEAR(predicted["files"][form].get<double>(), found["files"][form].get<double>(), 64) << form;
  }

  std::int64_t least = INT64_MAX;
  for (const std::string form : {"codebook", "packed", "float"}) {
    const Outcome made =
        run("export --network digits.onnx --format out/best.json --json --form " + form + " --output " + form);
    ASSERT_EQ(made.code, 0) << made.err;
    expect_compressed(Json::parse(made.out), read(form));
    EXPECT_EQ(found["files"][form], fs::file_size(path(form))) << form;
    least = std::min(least, found["files"][form].get<std::int64_t>());
  }
  EXPECT_TRUE(found["files"]["dequantize"].is_number());
  EXPECT_EQ(found["files"]["as_trained"], fs::file_size(path("digits.onnx")));
  EXPECT_EQ(fs::file_size(path("out/best.onnx")), least);
  EXPECT_GT(found["weights_left_fp32"], 0);
  EXPECT_EQ(found["shifts"], 0) << "the convolutions of digits have batch norms behind them";
  EXPECT_EQ(found["scales"], 4 * 10) << "of the last layer's outputs";
  double parts = 0;
  for (const char* part : {"codes", "codebooks", "scales", "shifts", "weights_left_fp32"}) {
    parts += found[part].get<double>();
  }
  EXPECT_NEAR(found["weights"].get<double>(), parts, 4);
  EXPECT_NE(read("out/report.html").find("file exported in form packed"), std::string::npos);
}

// Of files raised to another opset, whose bit planes are smaller than tables of bytes; the answers stay the same.
TEST_F(Sizes, OfFilesOfANewerOpset) {
  copy_digits();
  ASSERT_EQ(run(tiny("--set format.bits=3 --set format.scale=channel")).code, 0);
  const std::string command = "export --network digits.onnx --format out/best.json --form packed --output ";
  const Outcome own = run(command + "own.onnx --json"), raised = run(command + "raised.onnx --opset 18 --json");
  ASSERT_EQ(raised.code, 0) << raised.err;
  const Json before = Json::parse(own.out), after = Json::parse(raised.out);
  EXPECT_EQ(after["bytes"], fs::file_size(path("raised.onnx")));
  EXPECT_EQ(after["sizes"]["files"]["packed"], after["bytes"]);
  EXPECT_LT(after["bytes"].get<int>(), before["bytes"].get<int>() * 4 / 5);
  const auto scored = [&](const std::string& network) {
    return Json::parse(run("evaluate --data digits_test.h5 --json --network " + network).out)["top1"]["correct"];
  };
  EXPECT_EQ(scored("raised.onnx"), scored("own.onnx"));
  for (const char* opset : {"12", "29", "0", "-1"}) {
    expect_refused(command + "x.onnx --opset " + opset, {"opset 13", opset, "28"});
    EXPECT_FALSE(fs::exists(path("x.onnx")));
  }
  EXPECT_NE(run(command + "x.onnx --opset new").code, 0);
}

TEST_F(Sizes, OfEachWidthOfASweep) {
  copy_digits();
  ASSERT_EQ(run(tiny("--set format.bits=[2,3]")).code, 0);
  write("sweep.toml",
        "[network]\npath = \"digits.onnx\"\n[data]\npath = \"digits_test.h5\"\n[format]\nbits = [2, 3]\n"
        "scale = \"none\"\nmatching = \"never\"\n");
  const Json predicted = Json::parse(run("info sweep.toml --json").out)["predicted_sizes"];
  ASSERT_EQ(predicted.size(), 2U);
  for (const int bits : {2, 3}) {
    Json found = Json::parse(read("out/" + std::to_string(bits) + "bit/summary.json"))["sizes"];
    EXPECT_LE(found["entropy_coded_bits_per_weight"], found["bits_per_weight"]);
    EXPECT_LE(found["entropy_coded"], found["weights"]);
    for (const char* key : {"entropy_coded_bits_per_weight", "entropy_coded"})
      found.erase(key);  // only a network tells
    EXPECT_EQ(predicted[bits - 2], found);
  }
  EXPECT_TRUE(predicted[0]["files"]["dequantize"].is_null()) << "levels of any place";
  const std::string text = run("info sweep.toml").out;
  for (const char* part : {"4 levels", "8 levels", "not possible: dequantize", "as trained", "stay FP32", "codes"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in:\n" << text;
  }
}

// What steps and rates take is found; what is known before is the most.
TEST_F(Sizes, OfGridsAreTheBudget) {
  copy_digits();
  const std::string settings =
      "--set format.encoding=grid --set format.coding=entropy --set 'format.budget=\"2 bits\"' --set "
      "data.validation=100";
  ASSERT_EQ(run(tiny(settings)).code, 0);
  const Json told = Json::parse(run("info out/job.toml --json").out);
  EXPECT_TRUE(told["predicted_sizes"].empty());
  EXPECT_EQ(told["validation_images"], 100);
  const Json found = Json::parse(read("out/summary.json"))["sizes"];
  EXPECT_LE(found["entropy_coded"], told["budget_bytes"]);
  EXPECT_GT(found["entropy_coded"].get<double>(), 0.8 * told["budget_bytes"].get<double>());
  const std::string text = run("info out/job.toml").out;
  for (const char* part :
       {"up to 8 levels within 2 bits a weight", "100 to validate on", "What it will give: 2 bits a weight ("}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in:\n" << text;
  }
  const std::string front = run("info out/job.toml --set 'format.budget=[\"2 bits\", \"3 bits\"]'").out;
  EXPECT_NE(front.find("What it will give: 2 to 3 bits a weight ("), std::string::npos) << front;
}

}  // namespace
}  // namespace vbq::test
