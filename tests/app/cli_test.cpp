// The program as a person types it: exit codes, one clear sentence, nothing half-written.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "support/cli.hpp"

namespace vbq::test {
namespace {

TEST_F(Cli, HelpAndVersionSucceed) {
  EXPECT_EQ(run("--version").out.rfind("vbq 0.", 0), 0U);
  for (const char* command : {"", "search", "evaluate", "infer", "data import", "report", "info"}) {
    const Outcome outcome = run(std::string(command) + " --help");
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.out.find(*command == '\0' ? "search" : "Example"), std::string::npos) << command << outcome.out;
  }
}

TEST_F(Cli, RefusesUnknownWords) {
  expect_refused("", {"--help"});
  expect_refused("serach x", {"serach", "search"});
  expect_refused("search", {"job"});
  expect_refused("info --colour", {"colour"});
  expect_refused("info --engine gpu", {"gpu", "auto, cuda, cpu, reference"});
  expect_refused("info --threads -1", {"--threads"});
  expect_refused("info --log loud", {"loud"});
}

// conv2's inputs reach 1e30: their squares are more than a float holds.
TEST_F(Cli, ActivationsThatAreTooLargeToCalibrateWithNameTheLayer) {
  const fs::path cases = fs::path(VBQ_SOURCE) / "tests" / "app" / "cases";
  write("job.toml", fmt::format("[network]\npath = \"{0}/huge_activations.onnx\"\n[data]\npath = "
                                "\"{0}/images_3x12x12_5classes.h5\"\n[search]\npopulation = 4\ngenerations = 1\n",
                                cases.string()));
  for (const char* engine : {"cpu", "reference"}) {
    for (const char* assignment : {"compensated", "sequential"}) {
      expect_refused(fmt::format("search job.toml --run out --log error --engine {} --set format.assignment={}", engine,
                                 assignment),
                     {"layer \"c2\"", "network.skip"});
    }
  }
  EXPECT_EQ(
      run("search job.toml --run nearest --log error --set format.assignment=nearest --set format.matching=never").code,
      0);  // which asks nothing of them
}

TEST_F(Cli, WarnsOfOutputsThatAreNotFinite) {
  const std::string network = (fs::path(VBQ_SOURCE) / "tests" / "app" / "cases" / "huge_activations.onnx").string();
  const auto npy = [](const std::string& type, const std::string& shape, const std::string& numbers) {
    std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type, shape);
    header.resize(117, ' ');
    return std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + "\n" + numbers;
  };
  constexpr std::size_t size = std::size_t{3} * 12 * 12;
  std::vector<float> x(3 * size, 0.5F);
  std::fill_n(x.begin() + size, size, 1e12F);  // the second image: activations of 1e42
  write("x.npy", npy("<f4", "3, 3, 12, 12", std::string(reinterpret_cast<const char*>(x.data()), 4 * x.size())));
  const Outcome infer = run("infer --network '" + network + "' --input x.npy --output y.npy");
  EXPECT_EQ(infer.code, 0);
  EXPECT_NE(infer.err.find("not finite (NaN or infinite) for 1 of 3 images"), std::string::npos) << infer.err;

  // Images that a tiny standard deviation makes as large: two of three, as zeros stay zeros.
  write("images.npy", npy("|u1", "3, 3, 12, 12", std::string(size, '\0') + std::string(2 * size, '\x7f')));
  write("labels.npy", npy("<i4", "3,", std::string(12, '\0')));
  ASSERT_EQ(run("data import npy images.npy labels.npy --std 1e-12,1e-12,1e-12 --output d.h5").code, 0);
  const Outcome evaluate = run("evaluate --network '" + network + "' --data d.h5 --json");
  EXPECT_EQ(evaluate.code, 0);
  EXPECT_NE(nlohmann::json::parse(evaluate.out)["warnings"].dump().find("not finite"), std::string::npos);
  EXPECT_NE(evaluate.err.find("not finite (NaN or infinite) for 2 of 3 images"), std::string::npos) << evaluate.err;
  copy_digits();
  EXPECT_EQ(run("evaluate --network digits.onnx --data digits_test.h5").err.find("not finite"), std::string::npos);
}

TEST_F(Cli, ImportsPhotos) {
  const fs::path photos = fs::path(VBQ_SOURCE) / "tests" / "data" / "photos";
  write("list", "rgb.jpg,1\ncmyk.jpg,0\nmake.py,1\n");
  const std::string import =
      "data import list list --root '" + photos.string() + "' --output x.h5 --resize 9 --crop 8 ";
  expect_refused(import, {"make.py is neither a JPEG nor a PNG file", "--skip-bad"});
  expect_refused(import + "--interpolation cubic", {"--interpolation is \"cubic\"", "bicubic"});
  EXPECT_FALSE(fs::exists(path(".x.h5.vbq-part")));
  const Outcome outcome = run(import + "--skip-bad --mean 0.1,0.2,0.3");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("1 of 3 files were left out"), std::string::npos) << outcome.err;
  const auto info = nlohmann::json::parse(run("info x.h5 --json").out);
  EXPECT_EQ(info["images_per_class"], nlohmann::json({1, 1}));
  EXPECT_EQ(info["width"], 8);
  EXPECT_EQ(info["preprocessing"], "resize shorter side to 9 (bilinear, antialiased), centre crop 8x8, RGB");
}

TEST_F(Cli, SearchWritesItsRunFolder) {
  copy_digits();
  const Outcome outcome = run(tiny("--json"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto summary = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(summary, nlohmann::json::parse(read("out/summary.json")));
  EXPECT_EQ(summary["bits"], 3);
  EXPECT_GT(summary["bits_per_weight"].get<double>(), 3.0);
  EXPECT_EQ(summary["quantised"]["search"]["images"], 200);
  EXPECT_GT(summary["quantised"]["held_out"]["top1"]["percent"].get<double>(), 50.0);
  EXPECT_GT(summary["fp32"]["held_out"]["top1"]["percent"].get<double>(), 95.0);
  for (const char* name : {"job.toml", "history.csv", "timing.csv", "workers.csv", "best.json"})
    EXPECT_TRUE(fs::exists(path("out/" + std::string(name))));
  const std::string history = read("out/history.csv");
  EXPECT_EQ(std::count(history.begin(), history.end(), '\n'), 3);

  // What is exported at the end is that network, and the page shows its count.
  const Outcome exported = run("evaluate --network out/best.onnx --data digits_test.h5 --json");
  ASSERT_EQ(exported.code, 0) << exported.err;
  EXPECT_EQ(nlohmann::json::parse(exported.out)["top1"], summary["quantised"]["held_out"]["top1"]);
  const std::string percent =
      fmt::format("{:.2f} %", summary["quantised"]["held_out"]["top1"]["percent"].get<double>());
  EXPECT_NE(read("out/report.html").find(percent), std::string::npos);

  // The found format gives the same tally through evaluate, whatever the number of threads.
  for (const char* threads : {"1", "3"}) {
    const Outcome evaluated =
        run("evaluate --network digits.onnx --data digits_test.h5 --format out/best.json --json --threads " +
            std::string(threads));
    ASSERT_EQ(evaluated.code, 0) << evaluated.err;
    const auto score = nlohmann::json::parse(evaluated.out);
    EXPECT_EQ(score["top1"], summary["quantised"]["held_out"]["top1"]);
    EXPECT_EQ(score["loss"], summary["quantised"]["held_out"]["loss"]);
  }
}

TEST_F(Cli, ReportShowsARunAndRefusesWhatIsNone) {
  copy_digits();
  ASSERT_EQ(run(tiny()).code, 0);
  EXPECT_EQ(run("report out --output page.html").code, 0);
  const std::string page = read("page.html");
  EXPECT_EQ(page, read("out/report.html"));
  for (const char* part : {"/stem/conv", "polyline", "[search]", "top-1 quantised"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(page.find("http"), std::string::npos);  // no network needed
  fs::remove(path("out/summary.json"));
  fs::remove(path("out/best.json"));
  ASSERT_EQ(run("report out").code, 0);
  EXPECT_NE(read("out/report.html").find("this run has not ended"), std::string::npos);

  expect_refused("report nowhere", {"nowhere", "holds no run"});
  write("out/summary.json", "{\"fp32\": 3}");
  expect_refused("report out --output bad.html", {"out", "not as vbq writes it"});
  write("out/summary.json", "[]");
  expect_refused("report out --output bad.html", {"summary.json", "is not JSON"});
  fs::remove(path("out/summary.json"));
  write("out/best.json", "{\"layers\": [{\"name\": \"a\", \"levels\": [\"<b>\"]}]}");
  expect_refused("report out --output bad.html", {"not as vbq writes it"});
  write("out/best.json", "{\"layers\": " + std::string(200'000, '[') + std::string(200'000, ']') + "}");
  expect_refused("report out --output bad.html", {"best.json", "nested more than 16 deep"});
  fs::remove(path("out/best.json"));
  for (const std::string& bad : {std::string("inf"), std::string("1,1"), std::string(100, ',')}) {
    write("out/timing.csv", "generation\n" + bad + "\n");
    expect_refused("report out --output bad.html", {"timing.csv", "expected"});
  }
  write("out/history.csv", "generation,best\n1,two\n");
  expect_refused("report out --output bad.html", {"history.csv", "\"two\"", "a number was expected"});
  EXPECT_FALSE(fs::exists(path("bad.html")));
}

// Indices, gains and shifts travel in best.json: evaluate counts what the search counted.
TEST_F(Cli, AssignedAndMatchedFormatsTravel) {
  copy_digits();
  for (const auto& [assignment, matching] : {std::pair<std::string, std::string>{"compensated", "never"},
                                             {"compensated", "end"},
                                             {"compensated", "always"},
                                             {"sequential", "never"},
                                             {"sequential", "always"}}) {
    const std::string out = "out_" + assignment + matching;
    const Outcome outcome = run("search search.toml --run " + out +
                                " --json --set search.generations=2 --set search.population=6 "
                                "--set data.search=200 --set format.bits=2 --set format.scale=channel "
                                "--set format.matching_images=30 --set format.assignment=" +
                                assignment + " --set format.matching=" + matching);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const auto summary = nlohmann::json::parse(outcome.out);
    const auto best = nlohmann::json::parse(read(out + "/best.json"));
    EXPECT_TRUE(best["layers"][0].contains("indices"));
    EXPECT_EQ(best["layers"][0].contains("gain"), matching != "never");
    const Outcome evaluated =
        run("evaluate --network digits.onnx --data digits_test.h5 --format " + out + "/best.json --json");
    ASSERT_EQ(evaluated.code, 0) << evaluated.err;
    const auto score = nlohmann::json::parse(evaluated.out);
    EXPECT_EQ(score["top1"], summary["quantised"]["held_out"]["top1"]);
    EXPECT_EQ(score["loss"], summary["quantised"]["held_out"]["loss"]);
  }
  // Indices that do not fit are refused.
  auto best = nlohmann::json::parse(read("out_compensatednever/best.json"));
  best["layers"][0]["indices"] = "AAAA";
  std::ofstream(path("short.json")) << best.dump();
  expect_refused("evaluate --network digits.onnx --data digits_test.h5 --format short.json", {"indices", "base64"});
  best["layers"][0].erase("indices");
  std::ofstream(path("none.json")) << best.dump();
  expect_refused("evaluate --network digits.onnx --data digits_test.h5 --format none.json", {"indices are missing"});
}

TEST_F(Cli, ARunFolderIsNotOverwritten) {
  copy_digits();
  ASSERT_EQ(run(tiny()).code, 0);
  const std::string best = read("out/best.json");
  expect_refused(tiny("--set search.seed=5"), {"--resume", "out"});
  EXPECT_EQ(read("out/best.json"), best);
  // Another seed, other images, another network: refused with the difference named.
  expect_refused(tiny("--resume --set search.seed=5"), {"search.seed is 5, the run's is 1"});
  expect_refused(tiny("--resume --set data.path=digits_train.h5 --set data.calibration=digits_test.h5"), {"images"});
  expect_refused(tiny("--resume --set search.generations=1"), {"search.generations", "2"});
  EXPECT_EQ(read("out/best.json"), best);
  // More generations may be asked for.
  EXPECT_EQ(run(tiny("--resume --set search.generations=3")).code, 0);
  const std::string history = read("out/history.csv");
  EXPECT_EQ(std::count(history.begin(), history.end(), '\n'), 4);
}

TEST_F(Cli, BadFilesAreRefusedInOneSentence) {
  copy_digits();
  expect_bad_files_refused("digits.onnx", tiny());
  expect_bad_files_refused("digits_train.h5", tiny());
  expect_bad_files_refused("digits_test.h5", tiny());
  EXPECT_FALSE(fs::exists(path("out/history.csv")));
  expect_bad_files_refused("digits.onnx", "info digits.onnx");
  expect_bad_files_refused("digits_test.h5", "evaluate --network digits.onnx --data digits_test.h5");
  fs::remove(path("search.toml"));
  expect_refused(tiny(), {"search.toml", "does not exist"});
  write("search.toml", std::string("\0\1\2\xff garbage", 12));
  expect_refused(tiny(), {"search.toml"});
}

TEST_F(Cli, BadJobsAreRefusedInOneSentence) {
  copy_digits();
  expect_refused(tiny("--set search.populatoin=3"), {"search.population"});
  expect_refused(tiny("--set format.bits=0"), {"format.bits is 0", "2 to 8"});
  expect_refused(tiny("--set network.skip='[\"nothing\"]'"), {"nothing"});
  expect_refused(tiny("--set data.search=100000"), {"100000"});
  expect_refused(tiny("--set data.calibration=digits_test.h5"), {"held-out"});
  expect_refused(tiny("--engine cuda"), {"cuda"});
  EXPECT_FALSE(fs::exists(path("out/history.csv")));
}

TEST_F(Cli, BadImportsLeaveNothingBehind) {
  std::string record(3073, '\1');
  write("good.bin", record + record);
  record[0] = 10;
  write("label.bin", std::string(3073, '\1') + record);
  write("short.bin", record.substr(0, 3000));
  write("empty.bin", "");
  expect_refused("data import cifar10 label.bin --output x.h5", {"label.bin", "10"});
  expect_refused("data import cifar10 short.bin --output x.h5", {"short.bin", "3000"});
  expect_refused("data import cifar10 empty.bin --output x.h5", {"empty.bin"});
  expect_refused("data import cifar10 none.bin --output x.h5", {"none.bin"});
  expect_refused("data import cifar11 good.bin --output x.h5", {"cifar11", "cifar10"});
  expect_refused("data import cifar10 good.bin --output no/such/folder/x.h5", {"no/such/folder"});
  expect_refused("data import cifar10 good.bin --mean 0.5,0.5,0.5 --std 1,0,1 --output x.h5",
                 {"standard deviation of channel 1 is 0"});
  EXPECT_TRUE(std::none_of(fs::directory_iterator(folder_), {}, [](const auto& e) {
    return e.path().extension() == ".h5" || e.path().extension() == ".vbq-part";
  }));
  expect_refused("data import cifar10 good.bin --crop 9 --output x.h5", {"--crop is for photos"});
  ASSERT_EQ(run("data import cifar10 good.bin --output x.h5").code, 0);
  const std::string before = read("x.h5");
  expect_refused("data import cifar10 good.bin --output x.h5", {"x.h5 exists already", "--overwrite"});
  expect_refused("data import cifar10 good.bin --output good.bin --overwrite", {"output good.bin is the input"});
  EXPECT_EQ(read("x.h5"), before);
  EXPECT_EQ(run("data import cifar10 good.bin --mean 0.5,0.5,0.5 --output x.h5 --overwrite").code, 0);
  EXPECT_NE(read("x.h5"), before);
  // Images of the wrong size for the network.
  copy_digits();
  expect_refused("evaluate --network digits.onnx --data x.h5", {"x.h5", "3x32x32", "1x8x8"});
  const auto network = nlohmann::json::parse(run("info digits.onnx --json").out);
  EXPECT_EQ(network["layers"].size(),
            network["operators"]["Conv"].get<std::size_t>() + network["operators"]["Gemm"].get<std::size_t>());
  EXPECT_GT(network["left_in_fp32"], 0);
  const auto job = nlohmann::json::parse(run("info search.toml --workers 3 --json").out);
  EXPECT_EQ(job["workers"], 3);
  EXPECT_EQ(job["search_images"], 1000);
  EXPECT_GT(job["worker_bytes"]["total"], job["worker_bytes"]["images"]);
  const Outcome info = run("info x.h5 --json");
  EXPECT_EQ(nlohmann::json::parse(info.out)["images"], 2);
}

TEST_F(Cli, EvaluateTakesARangeOfImages) {
  copy_digits();
  const std::string base = "evaluate --network digits.onnx --data digits_test.h5 --json --images ";
  const auto part = [&](const std::string& range) {
    return nlohmann::json::parse(run(base + range).out)["top1"]["correct"].get<int>();
  };
  const auto whole = nlohmann::json::parse(run(base + ":").out);
  EXPECT_EQ(part("0:100") + part("100:"), whole["top1"]["correct"].get<int>());
  expect_refused(base + "5:5", {"--images"});
  expect_refused(base + "0:100000", {"--images"});
  expect_refused(base + "x", {"--images"});
}

}  // namespace
}  // namespace vbq::test
