// format.activations, as a user types it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "support/cli.hpp"

namespace vbq::test {
namespace {

class QuantisedActivations : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    copy_digits();
  }
  Outcome search(const std::string& folder, const std::string& more) {
    return run("search search.toml --run " + folder +
               " --threads 1 --log warning --set search.population=4 --set search.generations=2 --set format.bits=4 "
               "--set format.scale=channel --set format.assignment=sequential --set format.matching_images=60 " +
               more);
  }
  nlohmann::json json_of(const std::string& file) { return nlohmann::json::parse(read(file)); }
};

TEST_F(QuantisedActivations, AreSearchedWithScoredAndTakenAlongInAllFiles) {
  ASSERT_EQ(search("plain", "").code, 0);
  const Outcome outcome = search("rounded", "--set format.activations=4");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const nlohmann::json plain = json_of("plain/summary.json"), rounded = json_of("rounded/summary.json");
  EXPECT_EQ(rounded["fp32"], plain["fp32"]) << "the network as trained";
  EXPECT_EQ(rounded["network_hash"], plain["network_hash"]);
  EXPECT_GT(rounded["quantised"]["held_out"]["divergence"], plain["quantised"]["held_out"]["divergence"]);
  EXPECT_FALSE(json_of("plain/best.json").contains("activations"));
  const nlohmann::json best = json_of("rounded/best.json");
  ASSERT_GT(best["activations"].size(), 2U);
  EXPECT_EQ(best["activations"][0]["bits"], 8) << "the images";
  EXPECT_EQ(best["activations"][1]["bits"], 4);

  const Outcome scored = run("evaluate --network digits.onnx --data digits_test.h5 --format rounded/best.json --json");
  ASSERT_EQ(scored.code, 0) << scored.err;
  const Outcome other = run("evaluate --network digits.onnx --data digits_test.h5 --format plain/best.json --json");
  EXPECT_NE(nlohmann::json::parse(scored.out)["loss"], nlohmann::json::parse(other.out)["loss"]);

  // Other programs compute the same: so does vbq of the file that it has written, but for the last bits.
  const Outcome again = run("evaluate --network rounded/best.onnx --data digits_test.h5 --json");
  ASSERT_EQ(again.code, 0) << again.err;
  const auto correct = [](const Outcome& one) {
    return nlohmann::json::parse(one.out)["top1"]["correct"].get<double>();
  };
  EXPECT_NEAR(correct(again), correct(scored), 5);
  EXPECT_EQ(run("report rounded").code, 0);
  EXPECT_NE(run("info rounded/best.json").out.find(" values between layers are rounded too"), std::string::npos);
}

TEST_F(QuantisedActivations, ARunThatIsResumedIsTheSame) {
  ASSERT_EQ(search("one", "--set format.activations=6").code, 0);
  const std::string more = "--set format.activations=6 --resume --set search.generations=4";
  ASSERT_EQ(search("two", "--set format.activations=6 --set search.generations=4").code, 0);
  ASSERT_EQ(search("one", more).code, 0);
  for (const char* file : {"history.csv", "best.json"}) {
    EXPECT_EQ(read(std::string("one/") + file), read(std::string("two/") + file)) << file;
  }
}

}  // namespace
}  // namespace vbq::test
