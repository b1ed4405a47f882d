// vbq sensitivity, and the searches that start from what it finds.
#include <nlohmann/json.hpp>

#include "support/cli.hpp"

namespace vbq::test {
namespace {

using nlohmann::json;

const char* const kBudget = "--set 'format.budget=\"2.5 bits\"' --set format.bits=4 --set format.scale=channel ";

std::string search() {
  return std::string(
             "search search.toml --run out --threads 1 --set search.population=6 --set search.generations=2 "
             "--set data.search=200 --set data.block=50 ") +
         kBudget;
}

std::string sensitivity(const std::string& more = "") {
  return std::string("sensitivity search.toml --run out --threads 1 --set data.search=200 --set data.block=50 ") +
         kBudget + more;
}

TEST_F(Cli, SensitivityIsMeasuredOnceAndSharesOutTheBudget) {
  copy_digits();
  const Outcome first = run(sensitivity("--json"));
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_NE(first.err.find("28 of 28 networks"), std::string::npos) << first.err;
  const json table = json::parse(first.out);
  ASSERT_EQ(table["layers"].size(), 7U);
  std::int64_t bits = 0;
  double harm = 0;
  for (std::size_t c = 0; c < 7; ++c) {
    const json& layer = table["layers"][c];
    ASSERT_EQ(layer["choices"].size(), 5U);
    EXPECT_EQ(layer["choices"][4]["bits"], 32 * layer["weights"].get<std::int64_t>()) << "FP32";
    EXPECT_LT(layer["choices"][3]["harm"], layer["choices"][0]["harm"]);
    for (const json& choice : layer["choices"]) {
      if (choice["levels"] != table["allocation"]["levels"][c]) continue;
      bits += choice["bits"].get<std::int64_t>();
      harm += choice["harm"].get<double>();
    }
  }
  EXPECT_EQ(table["allocation"]["bits"], bits);
  EXPECT_NEAR(table["allocation"]["harm"].get<double>(), harm, 1e-12);
  EXPECT_LE(bits, table["budget_bits"].get<std::int64_t>());

  const std::string file = read("out/sensitivity.h5");
  const Outcome again = run(sensitivity());
  EXPECT_EQ(again.code, 0);
  EXPECT_EQ(again.err.find("networks"), std::string::npos) << again.err;
  EXPECT_NE(again.out.find("/linear"), std::string::npos) << again.out;
  EXPECT_EQ(read("out/sensitivity.h5"), file);

  // Another budget is another allocation of the same table, of which a search takes over what is there.
  const Outcome other = run(sensitivity("--json --set 'format.budget=\"8 KiB\"'"));
  EXPECT_EQ(other.err.find("networks"), std::string::npos) << other.err;
  EXPECT_EQ(json::parse(other.out)["layers"], table["layers"]);
  EXPECT_LE(json::parse(other.out)["allocation"]["bits"], 8 * 8192);
  const Outcome searched = run(search());
  ASSERT_EQ(searched.code, 0) << searched.err;
  EXPECT_EQ(searched.err.find("sensitivity:"), std::string::npos) << searched.err;
  EXPECT_EQ(json::parse(read("out/summary.json"))["sensitivity_evaluations"], 28);
}

TEST_F(Cli, AForeignSensitivityIsMeasuredAgain) {
  copy_digits();
  ASSERT_EQ(run(search()).code, 0);
  const std::string history = read("out/history.csv"), table = read("out/sensitivity.h5");
  std::string damaged = table;
  damaged[damaged.size() - 9] = static_cast<char>(damaged[damaged.size() - 9] ^ 1);
  for (const std::string& bad : {std::string(), damaged, std::string(2000, 'x'), read("digits_test.h5")}) {
    fs::remove_all(path("out"));
    fs::create_directories(path("out"));
    write("out/sensitivity.h5", bad);
    const Outcome outcome = run(search());
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.err.find("sensitivities are measured again"), std::string::npos) << outcome.err;
    EXPECT_EQ(read("out/history.csv"), history);
    EXPECT_EQ(read("out/sensitivity.h5"), table);
  }
  fs::remove(path("out/sensitivity.h5"));  // a resume needs the seeds as they were
  const Outcome resumed = run("search --resume out --log error --set search.generations=4");
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(read("out/sensitivity.h5"), table);
}

// Grids start by what each layer alone does: measured once, the same through a resume without the table.
TEST_F(Cli, GridsUnderABudgetMeasureEachLayerOnce) {
  copy_digits();
  fs::copy_file(fs::path(VBQ_SOURCE) / "jobs" / "digits" / "budget.toml", path("budget.toml"));
  const std::string search =
      "search budget.toml --threads 1 --log error --set search.population=8 --set search.generations=2 --set "
      "data.search=200 --set data.validation=50 --set format.matching_images=20 --set format.delivery_images=20 ";
  const auto summary = [&](const char* folder) { return json::parse(read(std::string(folder) + "/summary.json")); };
  ASSERT_EQ(run(search + "--run whole").code, 0);
  EXPECT_EQ(summary("whole")["sensitivity_evaluations"], 7);
  ASSERT_EQ(run(search + "--run half --set search.generations=1").code, 0);
  const std::string table = read("half/sensitivity.h5");
  EXPECT_EQ(table, read("whole/sensitivity.h5"));

  // Killed when it had measured, and gone on with by the job file that it left.
  fs::create_directory(path("killed"));
  for (const char* file : {"job.toml", "sensitivity.h5"}) {
    fs::copy_file(path("half/" + std::string(file)), path("killed/" + std::string(file)));
  }
  ASSERT_EQ(run("search --resume killed/job.toml --threads 1 --log error").code, 0);
  EXPECT_EQ(read("killed/best.json"), read("half/best.json"));

  fs::remove(path("half/sensitivity.h5"));
  ASSERT_EQ(run("search --resume half --threads 1 --log error --set search.generations=2").code, 0);
  EXPECT_EQ(read("half/sensitivity.h5"), table);
  EXPECT_EQ(read("half/history.csv"), read("whole/history.csv"));
  EXPECT_EQ(read("half/best.json"), read("whole/best.json"));

  // What is skipped takes its bits, and the others get the rest.
  ASSERT_EQ(run(search + R"(--run skip --set 'network.skip=["/linear"]' --set 'format.budget="4 bits"')").code, 0);
  EXPECT_EQ(summary("skip")["sensitivity_evaluations"], 6);
  EXPECT_GT(summary("skip")["sizes"]["entropy_coded_bits_per_weight"], 3.9);
  EXPECT_LE(summary("skip")["sizes"]["entropy_coded_bits_per_weight"], 4.0);
  // Where activations are quantised, and where layers share a grid, there is nothing to measure.
  for (const char* other : {"format.activations=8", "format.scope=network"}) {
    ASSERT_EQ(run(search + "--run '" + other + "' --set " + other).code, 0);
    EXPECT_FALSE(summary(other).contains("sensitivity_evaluations")) << other;
  }
}

// A budget is used: with room for all of FP32 nothing is quantised, with room for a part a part.
TEST_F(Cli, ABudgetBeyondTheLevelsLeavesLayersInFp32) {
  copy_digits();
  const std::string large = " --set format.bits=2 --log error --set 'format.budget=\"";
  ASSERT_EQ(run(search() + large + "33 bits\"'").code, 0);
  EXPECT_TRUE(json::parse(read("out/best.json"))["layers"].empty());
  json summary = json::parse(read("out/summary.json"));
  EXPECT_EQ(summary["bits_per_weight"], 32.0);
  EXPECT_EQ(summary["quantised"]["held_out"]["top1"], summary["fp32"]["held_out"]["top1"]);
  EXPECT_TRUE(fs::exists(path("out/best.onnx")));
  EXPECT_EQ(run("evaluate --network digits.onnx --data digits_test.h5 --format out/best.json --log error").code, 0);

  fs::remove_all(path("out"));
  ASSERT_EQ(run(search() + large + "12 bits\"'").code, 0);
  const std::size_t layers = json::parse(read("out/best.json"))["layers"].size();
  EXPECT_GT(layers, 0U);
  EXPECT_LT(layers, 7U);
  summary = json::parse(read("out/summary.json"));
  EXPECT_LE(summary["bits_per_weight"].get<double>(), 12.0);
  EXPECT_GT(summary["bits_per_weight"].get<double>(), 6.0);
}

TEST_F(Cli, SensitivityIsOfBudgetsThatLayersShareOut) {
  copy_digits();
  expect_refused("sensitivity search.toml", {"format.budget"});
  expect_refused("sensitivity search.toml --set 'format.budget=\"2 bits\"' --set format.encoding=grid",
                 {"format.budget"});
  expect_refused("compare search.toml --set 'format.budget=\"2 bits\"' --set format.bits=[2,3]",
                 {"format.budget is given", "widths"});
  const Outcome none = run(sensitivity("--set 'format.budget=\"1 bit\"'"));
  EXPECT_EQ(none.code, 0);
  EXPECT_NE(none.out.find("there is no allocation"), std::string::npos) << none.out;
}

}  // namespace
}  // namespace vbq::test
