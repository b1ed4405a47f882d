// run.cache, search.racing, and level_values = "int8", as a user types them.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "support/cli.hpp"

namespace vbq::test {
namespace {

class SharedTallies : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    copy_digits();
    fs::copy_file(fs::path(VBQ_SOURCE) / "jobs" / "digits" / "budget.toml", path("budget.toml"));
  }
  Outcome search(const std::string& folder, const std::string& more) {
    return run("search budget.toml --run " + folder +
               " --threads 1 --log warning --set search.population=8 --set format.matching_images=60 "
               "--set format.delivery_images=60 --set search.generations=3 " +
               more);
  }
  nlohmann::json summary(const std::string& folder) { return nlohmann::json::parse(read(folder + "/summary.json")); }
};

TEST_F(SharedTallies, MakeTheSameRunCheapAndChangeNoByteOfIt) {
  ASSERT_EQ(search("plain", "").code, 0);
  const std::string cache = "--set run.cache='\"tallies.h5\"'";
  ASSERT_EQ(search("first", cache).code, 0);
  ASSERT_EQ(search("second", cache + " --set search.generations=5").code, 0);
  for (const char* file : {"history.csv", "best.json"}) {
    EXPECT_EQ(read(std::string("first/") + file), read(std::string("plain/") + file)) << file;
  }
  EXPECT_TRUE(read("second/history.csv").starts_with(read("first/history.csv")));
  const nlohmann::json first = summary("first"), second = summary("second");
  EXPECT_FALSE(summary("plain").contains("from_cache"));
  EXPECT_EQ(first["from_cache"], 0);
  EXPECT_EQ(second["from_cache"], first["evaluations"]);
  EXPECT_EQ(second["images_inferred"], 900 * (second["evaluations"].get<int>() - second["from_cache"].get<int>()));
  // Other settings: nothing of it is of use.
  ASSERT_EQ(search("third", cache + " --set search.temperature=4").code, 0);
  EXPECT_EQ(summary("third")["from_cache"], 0);
  ASSERT_EQ(search("fourth", cache + " --set search.fitness_images=225").code, 0);
  const nlohmann::json fourth = summary("fourth");
  EXPECT_EQ(fourth["from_cache"], 0);
  EXPECT_EQ(fourth["images_inferred"], 225 * fourth["evaluations"].get<int>());
  EXPECT_EQ(fourth["fp32"]["search"]["images"], 225);
  EXPECT_EQ(fourth["quantised"]["validation"]["images"], 300);
}

// search.racing: fewer images are run, and what is delivered is scored on all of them.
TEST_F(SharedTallies, RacesRunFewerImages) {
  const std::string job =
      "search search.toml --threads 1 --log warning --set search.population=16 --set search.generations=6";
  ASSERT_EQ(run(job + " --run plain").code, 0);
  const Outcome outcome = run(job + " --run raced --set search.racing=0.3 --set run.cache='\"tallies.h5\"'");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("run.cache is \"tallies.h5\", which has no effect"), std::string::npos) << outcome.err;
  EXPECT_FALSE(fs::exists(path("tallies.h5")));
  const nlohmann::json plain = summary("plain"), raced = summary("raced");
  EXPECT_EQ(plain["images_inferred"], 1000 * plain["evaluations"].get<int>());
  EXPECT_LT(raced["images_inferred"].get<int>(), 900 * raced["evaluations"].get<int>());
  EXPECT_EQ(raced["quantised"]["search"]["images"], 1000);
  expect_refused(job + " --run other --set search.racing=0.6", {"search.racing", "0.5"});
}

TEST_F(SharedTallies, AFileOfAnotherKindIsRefusedAndStays) {
  const std::string before = read("digits_test.h5");
  const Outcome outcome = search("run", "--set run.cache='\"digits_test.h5\"'");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.err.find("where a file of tallies, or none yet, was expected"), std::string::npos) << outcome.err;
  EXPECT_EQ(read("digits_test.h5"), before);
  const Outcome nowhere = search("run2", "--set run.cache='\"there/is/none.h5\"'");
  EXPECT_EQ(nowhere.code, 1);
  EXPECT_NE(nowhere.err.find("its folder is not there"), std::string::npos) << nowhere.err;
}

TEST_F(SharedTallies, Int8LevelsAreWholeNumbersThroughAllFiles) {
  const Outcome outcome = search("int8",
                                 "--set format.encoding=values --set 'format.budget=\"3 bits\"' --set "
                                 "format.level_values=int8 --set format.refit=1");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const nlohmann::json best = nlohmann::json::parse(read("int8/best.json"));
  EXPECT_EQ(best["level_values"], "int8");
  int levels = 0;
  for (const nlohmann::json& layer : best["layers"]) {
    EXPECT_TRUE(layer.contains("scales"));
    for (const double level : layer["levels"].get<std::vector<double>>()) {
      EXPECT_EQ(level, std::round(level));
      EXPECT_LE(std::fabs(level), 127);
      ++levels;
    }
  }
  EXPECT_LE(summary("int8")["sizes"]["codebooks"], levels);  // bytes: those that are alike are stored once
  const Outcome evaluated =
      run("evaluate --network digits.onnx --data digits_test.h5 --format int8/best.json --json --threads 1");
  ASSERT_EQ(evaluated.code, 0) << evaluated.err;
  EXPECT_EQ(nlohmann::json::parse(evaluated.out)["top1"]["correct"],
            summary("int8")["quantised"]["held_out"]["top1"]["correct"]);
  EXPECT_EQ(run("export --network digits.onnx --format int8/best.json --form dequantize --output d.onnx").code, 0);
}

}  // namespace
}  // namespace vbq::test
