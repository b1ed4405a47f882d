// Runs that are gone on with: from their folder alone, and what is said where something differs.
#include <nlohmann/json.hpp>

#include "support/cli.hpp"

namespace vbq::test {
namespace {

using nlohmann::json;

TEST_F(Cli, AFolderIsAllThatAResumeNeeds) {
  copy_digits();
  ASSERT_EQ(run(tiny()).code, 0);
  const std::string best = read("out/best.json");
  fs::remove(path("out/best.json"));
  fs::remove(path("search.toml"));
  const Outcome again = run("search --resume out --json");
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(json::parse(again.out)["generations"], 2);
  EXPECT_EQ(read("out/best.json"), best);
  EXPECT_EQ(run("search out --resume --run ./out --log error").code, 0);

  expect_refused("search out", {"out is a folder of vbq search's results", "vbq search --resume out goes on"});
  expect_refused("compare --resume out", {"vbq search --resume out goes on"});
  expect_refused("search --resume out --run elsewhere", {"--run elsewhere", "out"});
  fs::create_directories(path("empty"));
  expect_refused("search --resume empty", {"folder empty holds no run"});
  expect_refused("search --resume out --log error --set search.seed=7", {"search.seed is 7, the run's is 1"});
}

// Whoever completes a path with the tabulator ends at the run's own job.toml: it is the folder that is meant.
TEST_F(Cli, ARunsOwnJobFileStandsForItsFolder) {
  copy_digits();
  ASSERT_EQ(run(tiny()).code, 0);
  const std::string best = read("out/best.json");
  fs::remove(path("out/best.json"));
  const Outcome again = run("search --resume out/job.toml --log error");
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(read("out/best.json"), best);
  EXPECT_FALSE(fs::exists(path("runs")));
  fs::remove(path("out/history.csv"));  // the checkpoints are enough
  EXPECT_EQ(shell("cd out && '" VBQ_BINARY "' search --resume job.toml --run . --log error").code, 0);
  EXPECT_FALSE(fs::exists(path("out/runs")));
  EXPECT_EQ(read("out/best.json"), best);
  expect_refused("compare --resume out/job.toml", {"out is a folder of vbq search's results"});

  // A job of the user's own that is called so is a job.
  fs::create_directories(path("mine"));
  fs::copy_file(path("out/job.toml"), path("mine/job.toml"));
  const Outcome mine = run("search --resume mine/job.toml --log error");
  ASSERT_EQ(mine.code, 0) << mine.err;
  EXPECT_TRUE(fs::exists(path("runs/job/history.csv")));
  EXPECT_FALSE(fs::exists(path("mine/history.csv")));

  for (const char* command : {"search --resume ", "compare --resume "}) {
    expect_refused(command + std::string("nothing"), {"neither a job file nor a run's folder is at nothing"});
  }
}

TEST_F(Cli, ASweepAndAComparisonResumeFromTheirFolders) {
  copy_digits();
  ASSERT_EQ(run(tiny("--set format.bits=[2,3]")).code, 0);
  const std::string best = read("out/3bit/best.json");
  fs::remove_all(path("out/3bit"));
  const Outcome again = run("search --resume out --json --log error");
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(read("out/3bit/best.json"), best);
  const json result = json::parse(again.out);  // one object for all widths
  ASSERT_EQ(result["searches"].size(), 2U);
  EXPECT_EQ(result["searches"][1], json::parse(read("out/3bit/summary.json")));
  expect_refused("search --resume out/3bit", {"one part of", "vbq search --resume ", "goes on with the whole"});
  expect_refused(tiny("--set format.bits=[3,4]"), {"out", "already holds a run"});

  fs::create_directories(path("table/2bit-standard"));
  write("table/compare.csv", "");
  write("table/job.toml", read("out/job.toml"));
  write("table/2bit-standard/history.csv", "");
  expect_refused("search --resume table", {"vbq compare --resume table"});
  expect_refused("search --resume table/2bit-standard", {"one part of", "vbq compare --resume "});
}

// A run that is stopped at once: the message is the command that goes on with it, and it does.
TEST_F(Cli, AStoppedRunSaysWhatToType) {
  copy_digits();
  // A wish to stop at every start: the job's time is over in a moment.
  const std::string stop = "SLURM_JOB_END_TIME=$(( $(date +%s) + 1 )) '" VBQ_BINARY "' ";
  const std::string job =
      "search search.toml --run 'my runs/first' --threads 1 --set search.generations=100000 "
      "--set data.search=200 --engine reference ";
  const Outcome stopped = shell(stop + job + "--json");
  ASSERT_EQ(stopped.code, 75) << stopped.err;
  const std::string command = "vbq search --resume 'my runs/first' --engine reference";
  EXPECT_NE(stopped.err.find("\ngo on with: " + command + "\n"), std::string::npos) << stopped.err;
  const json result = json::parse(stopped.out);
  EXPECT_EQ(result["resume"], command);
  EXPECT_EQ(result["exit_code"], 75);
  EXPECT_EQ(shell(stop + command.substr(4)).code, 75);
}

TEST_F(Cli, DifferencesAreToldInTheUsersWords) {
  copy_digits();
  ASSERT_EQ(run(tiny()).code, 0);
  expect_refused(tiny("--resume --set format.bits=2"), {"format.bits is 2, the run's is 3"});
  expect_refused(tiny("--resume --set data.search=100"), {"data.search is 100, the run's is 200"});
  fs::copy_file(path("digits_train.h5"), path("copy.h5"));
  EXPECT_EQ(run(tiny("--resume --set data.calibration=copy.h5")).code, 0);  // the same images under another name
  expect_refused(tiny("--resume --set data.path=digits_train.h5 --set data.calibration=digits_test.h5"),
                 {"data.path is ", "digits_train.h5, with other images than the run's, ", "digits_test.h5"});
  expect_refused(tiny("--resume --engine reference"), {"reference", "--engine"});
  // Other weights under the same name, then under another.
  const std::string network = read("digits.onnx");
  std::string other = network;
  const std::size_t middle = other.size() / 2;
  for (std::size_t i = middle; i < middle + 400; ++i) other[i] = static_cast<char>(other[i] ^ 1);
  write("digits.onnx", other);
  expect_refused(tiny("--resume"),
                 {"network.path is ", "digits.onnx, as the run's, but its weights or layers have changed"});
  write("other.onnx", other);
  write("digits.onnx", network);
  expect_refused(tiny("--resume --set network.path=other.onnx"),
                 {"other.onnx, another network than the run's, ", "digits.onnx"});
  for (const char* hidden : {"hash", "levels is", "checkpoint's"}) {
    EXPECT_EQ(run(tiny("--resume --set format.bits=4")).err.find(hidden), std::string::npos) << hidden;
  }
}

TEST_F(Cli, OtherGenerationsThanTheFoldersAreTold) {
  copy_digits();
  const std::string job = "search search.toml --run out --threads 1 --set search.population=6 --set data.search=200 ";
  ASSERT_EQ(run(job + "--set search.generations=2").code, 0);
  const Outcome more = run("search --resume out --set search.generations=4");
  EXPECT_EQ(more.code, 0);
  EXPECT_NE(more.err.find("warning: search.generations is 4, where the run's job has said 2"), std::string::npos)
      << more.err;
  const Outcome same = run("search --resume out");
  EXPECT_EQ(same.err.find("has said"), std::string::npos) << same.err;
  expect_refused("search --resume out --log error --set search.generations=3",
                 {"search.generations is 3", "has done 4"});
}

TEST_F(Cli, ARunDoesNotWriteOverWhatItReads) {
  copy_digits();
  fs::create_directories(path("out"));
  fs::copy_file(path("digits.onnx"), path("out/best.onnx"));
  const std::string network = read("digits.onnx");
  expect_refused(tiny("--set network.path=out/best.onnx"), {"out/best.onnx, which it reads", "--run"});
  EXPECT_EQ(read("out/best.onnx"), network);
  fs::copy_file(path("search.toml"), path("job.toml"));
  expect_refused("search job.toml --run .", {"job.toml", "--run names another folder"});
  expect_refused("search job.toml --run . --resume", {"job.toml", "--run names another folder"});
}

TEST_F(Cli, WhatIsNoJobIsToldApart) {
  copy_digits();
  for (const char* command : {"search ", "compare ", "search --resume "}) {
    expect_refused(command + std::string("digits.onnx"),
                   {"digits.onnx is a network, where a job file (TOML) was expected: type printf '[network]\\npath = "
                    "\"digits.onnx\"\\n[data]\\npath = \"IMAGES\"\\n' > job.toml"});
    expect_refused(command + std::string("digits_test.h5"), {"digits_test.h5 is a dataset", "vbq info digits_test.h5"});
  }
  fs::copy_file(path("digits.onnx"), path("network"));
  expect_refused("search network", {"network is a network"});
  write("best.json", "{\"vbq\": \"0.1.0\"}");
  expect_refused("search best.json", {"best.json is JSON", "vbq info best.json"});
  // What was to be typed works.
  const Outcome outcome = shell(
      "printf '[network]\\npath = \"digits.onnx\"\\n[data]\\npath = \"digits_test.h5\"\\n' > job.toml && '" VBQ_BINARY
      "' info job.toml");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

}  // namespace
}  // namespace vbq::test
