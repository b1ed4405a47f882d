// vbq compare and sweeps as a person types them.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "report/comparison.hpp"
#include "support/cli.hpp"

namespace vbq::test {
namespace {

using nlohmann::json;

const std::string kTiny =
    "--log error --threads 1 --set search.population=6 --set search.generations=2 --set data.search=200 --set "
    "data.block=50 ";

TEST_F(Cli, CompareSetsFormatsAndSearchesSideBySide) {
  copy_digits();
  std::string job = read("search.toml");
  job.replace(job.find("bits = 3"), 8, "levels = [4, 6]");
  write("search.toml", job);
  const std::string arguments = "compare search.toml --run out " + kTiny + "--set format.matching_images=30 --json";
  const Outcome outcome = run(arguments);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json rows = json::parse(outcome.out).at("formats");
  EXPECT_EQ(rows, json::parse(read("out/compare.json")));
  std::map<std::string, int> count;
  for (const json& row : rows) {
    ++count[row["width"]];
    EXPECT_EQ(row["held_out"]["images"], 597) << row;
    EXPECT_EQ(row["search"]["images"], 200) << row;
  }
  // 7 codebooks (float needs a power of two) under 3 assignments, matched or not, 4 searches, and one more under the
  // best assignment, since the job's is the nearest.
  EXPECT_EQ(count, (std::map<std::string, int>{{"fp32", 1}, {"2bit", 47}, {"6levels", 41}}));
  EXPECT_TRUE(fs::exists(path("out/2bit-best-assignment/best.json")));
  const auto top1 = [&](const char* width, const char* codebook, const char* assignment, const char* matching) {
    for (const json& row : rows) {
      if (row["width"] == width && row["codebook"] == codebook && row["assignment"] == assignment &&
          row["matching"] == matching) {
        return row["search"]["top1"]["correct"].get<int>();
      }
    }
    ADD_FAILURE() << width << codebook << assignment << matching;
    return 0;
  };
  EXPECT_GT(top1("2bit", "k-means", "compensated", "never"), top1("2bit", "k-means", "nearest", "never"));
  EXPECT_GT(top1("2bit", "k-means", "nearest", "always"), top1("2bit", "k-means", "nearest", "never"));
  EXPECT_GT(top1("6levels", "uniform, min-max", "nearest", "never"),
            top1("2bit", "uniform, min-max", "nearest", "never"));

  // What the table says of the search is what evaluate says of its best.json.
  const auto again = json::parse(
      run("evaluate --network digits.onnx --data digits_test.h5 --format out/2bit-standard/best.json --json").out);
  for (const json& row : rows) {
    if (row["width"] == "2bit" && row["codebook"] == "search: standard" && row["assignment"] == "nearest") {
      EXPECT_EQ(again["top1"], row["held_out"]["top1"]);
    }
  }
  // The network as trained is scored once, and every search says what that gave.
  for (const char* search : {"random", "2018-as-published", "standard"}) {
    const json fp32 = json::parse(read("out/2bit-" + std::string(search) + "/summary.json"))["fp32"];
    EXPECT_EQ(fp32["held_out"]["top1"], rows[0]["held_out"]["top1"]) << search;
    EXPECT_EQ(fp32["search"]["top1"], rows[0]["search"]["top1"]) << search;
  }
  const std::string csv = read("out/compare.csv");
  EXPECT_EQ(static_cast<std::size_t>(std::count(csv.begin(), csv.end(), '\n')), rows.size() + 1);
  EXPECT_NE(read("out/compare.txt").find("search: standard"), std::string::npos);

#ifdef __SANITIZE_ADDRESS__
  return;  // the same code once more, which takes long under sanitisers
#endif
  // Again with --resume: nothing is searched twice, and the table is the same but for seconds.
  const Outcome resumed = run(arguments + " --resume");
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  const json second = json::parse(resumed.out).at("formats");
  ASSERT_EQ(second.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(second[i]["held_out"], rows[i]["held_out"]) << rows[i];
  expect_refused(arguments, {"out", "already holds"});
}

TEST_F(Cli, ASweepStartsEachWidthFromTheOneBefore) {
  copy_digits();
  const std::string arguments = "search search.toml --run out " + kTiny;
  ASSERT_EQ(run(arguments + "--set format.bits=[2,3]").code, 0);
  ASSERT_EQ(run("search search.toml --run alone " + kTiny + "--set format.bits=3").code, 0);
  const auto bits = [&](const char* file) { return json::parse(read(file))["bits"]; };
  EXPECT_EQ(bits("out/2bit/summary.json"), 2);
  EXPECT_EQ(bits("out/3bit/summary.json"), 3);
  EXPECT_FALSE(fs::exists(path("out/calibration.h5")));  // nearest: nothing to calibrate
  // The first generations differ by the start that the sweep brings.
  EXPECT_NE(read("out/3bit/history.csv"), read("alone/history.csv"));
  // Lost in the second width, it is made again from the first's result, byte for byte.
  const std::string best = read("out/3bit/best.json");
  fs::remove_all(path("out/3bit"));
  ASSERT_EQ(run(arguments + "--set format.bits=[2,3] --resume").code, 0);
  EXPECT_EQ(read("out/3bit/best.json"), best);
  expect_refused(arguments + "--set format.bits=[2,9]", {"format.bits", "2 to 8"});
}

TEST_F(Cli, ComparedSearchesHaveEquallyManyGenerations) {
  copy_digits();
  expect_refused("compare search.toml --set search.seconds=10min",
                 {"search.seconds is given", "equally many generations", "search.generations (of this job: 60)"});
  expect_refused("compare search.toml --set search.patience=5", {"set search.patience to 0"});
  EXPECT_FALSE(fs::exists(path("runs")));
}

TEST_F(Cli, TheCalibrationIsKeptAndUsedAgain) {
  copy_digits();
  const std::string arguments = "search search.toml --run out " + kTiny + "--set format.assignment=compensated ";
  ASSERT_EQ(run(arguments).code, 0);
  const std::string best = read("out/best.json");
  const std::string log =
      "search search.toml --run out --threads 1 --resume --set search.population=6 --set "
      "search.generations=2 --set data.search=200 --set data.block=50 "
      "--set format.assignment=compensated ";
  const Outcome again = run(log);
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(again.err.find("calibrating"), std::string::npos);
  EXPECT_EQ(read("out/best.json"), best);
  // A sweep has one for all of its widths.
  ASSERT_EQ(
      run("search search.toml --run sweep " + kTiny + "--set format.assignment=compensated --set format.bits=[2,3]")
          .code,
      0);
  EXPECT_TRUE(fs::exists(path("sweep/calibration.h5")));
  EXPECT_FALSE(fs::exists(path("sweep/2bit/calibration.h5")));
  write("out/calibration.h5", "not one");
  const Outcome outcome = run(log);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.err.find("calibration is made again"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("calibrating"), std::string::npos);
  EXPECT_EQ(read("out/best.json"), best);
}

TEST_F(Cli, AnnealingRunsAsPublished) {
  copy_digits();
  const std::string arguments =
      "search search.toml --run out --log error --threads 1 --set data.search=200 --set data.block=50 "
      "--set search.method=annealing --set search.fitness=top1 ";
  expect_refused(arguments, {"annealing", "companded"});
  const Outcome outcome =
      run(arguments + "--set format.encoding=companded --set search.generations=60 --set format.bits=4 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string history = read("out/history.csv");
  EXPECT_EQ(std::count(history.begin(), history.end(), '\n'), 61);
}

TEST(Comparison, CsvQuotesWhatHoldsACommaAndTextHasATableAWidth) {
  ComparedFormat row;
  row.codebook = "uniform, min-max";
  row.group = "2bit";
  row.held_out = {100, 90, 99, 0, 0};
  ComparedFormat other = row;
  other.group = "3bit";
  other.bytes = 12345;
  const std::string csv = comparison_csv({row, other});
  EXPECT_NE(csv.find("\n2bit,\"uniform, min-max\","), std::string::npos) << csv;
  const std::string text = comparison_text({row, other});
  EXPECT_NE(text.find("2bit\n"), std::string::npos);
  EXPECT_NE(text.find("\n3bit\n"), std::string::npos);
  EXPECT_NE(text.find("90.00 [82.56, 94.48]"), std::string::npos) << text;  // Wilson
  EXPECT_NE(text.find("12,345"), std::string::npos) << text;
}

TEST(Comparison, RowsAscendInBytesWithinTheirGroup) {
  const auto row = [](const char* group, std::int64_t bytes, std::int64_t correct) {
    ComparedFormat one;
    one.group = group;
    one.bytes = bytes;
    one.held_out = {100, correct, 99, 0, 0};
    return one;
  };
  const auto sorted = sorted_rows(
      {row("fp32", 99, 95), row("3bit", 30, 91), row("3bit", 20, 80), row("3bit", 20, 85), row("2bit", 10, 70)});
  std::vector<std::int64_t> correct;
  for (const ComparedFormat& one : sorted) correct.push_back(one.held_out.top1);
  EXPECT_EQ(correct, (std::vector<std::int64_t>{95, 85, 80, 91, 70}));
}

}  // namespace
}  // namespace vbq::test
