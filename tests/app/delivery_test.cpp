// Which network a search under a budget delivers: the searched one, or its start where the gain may be chance.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "support/cli.hpp"

namespace vbq::test {
namespace {

using Json = nlohmann::json;

class Delivery : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    copy_digits();
    fs::copy_file(fs::path(VBQ_SOURCE) / "jobs" / "digits" / "budget.toml", path("budget.toml"));
  }

  // summary.json of a search that has found something better than its start on its images.
  Json searched(const std::string& job) {
    const Outcome outcome = run("search " + job + " --run out --threads 1 --log error --set search.population=12");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    said_ = outcome.out;
    return Json::parse(read("out/summary.json"));
  }

  // What is delivered is what is told, and what best.json holds.
  void expect_told(const Json& summary) {
    const Json& beginning = summary["beginning"];
    const std::string delivered = beginning["delivered"];
    EXPECT_EQ(delivered, beginning["validation_gain"]["p"] < 0.05 ? "searched" : "start");
    EXPECT_EQ(summary["quantised"], beginning[delivered]);
    EXPECT_EQ(beginning["finalists"], 6);
    EXPECT_EQ(beginning["start"]["validation"]["images"], 300);
    const Outcome outcome =
        run("evaluate --network digits.onnx --data digits_test.h5 --format out/best.json --json --threads 1");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(Json::parse(outcome.out)["top1"]["correct"], summary["quantised"]["held_out"]["top1"]["correct"]);
    EXPECT_NE(said_.find(delivered == "start" ? "the start is delivered" : "is better than the search's start"),
              std::string::npos)
        << said_;
    const auto held_out = [&](const char* which) { return beginning[which]["held_out"]["divergence"].get<double>(); };
    EXPECT_NE(
        said_.find(fmt::format("there: {:.3g} searched, {:.3g} the start.", held_out("searched"), held_out("start"))),
        std::string::npos)
        << said_;
  }

  std::string said_;
};

TEST_F(Delivery, AGainBeyondChanceIsDelivered) {  // where assignment leaves levels much to be found
  const Json summary = searched(
      "search.toml --set data.validation=300 --set format.bits=2 --set format.matching=never --set "
      "format.assignment=nearest --set search.generations=20");
  expect_told(summary);
  EXPECT_EQ(summary["beginning"]["delivered"], "searched");
  const auto divergence = [&](const char* of) {
    return summary["beginning"][of]["held_out"]["divergence"].get<double>();
  };
  EXPECT_LT(divergence("searched"), 0.6 * divergence("start"));
}

TEST_F(Delivery, WhatFewGenerationsFindIsToldAsItIs) {
  const Json summary = searched(
      "budget.toml --set format.matching_images=100 --set format.delivery_images=225 --set "
      "search.generations=6 --set search.seed=5");
  expect_told(summary);
  EXPECT_EQ(summary["quantised"]["search"]["images"], 900);
  EXPECT_LE(summary["sizes"]["entropy_coded_bits_per_weight"], 1.0);
  EXPECT_GT(summary["sizes"]["entropy_coded_bits_per_weight"], 0.985) << "the budget is used";
}

// Levels and scales that a refit has moved are in best.json, too.
TEST_F(Delivery, ARefittedNetworkIsWhatItsFileSays) {
  for (const char* format : {"format.encoding=values", "format.encoding=grid"}) {
    const Outcome found =
        run("search search.toml --run '" + std::string(format) +
            "' --threads 1 --log error --set format.refit=2 --set format.bits=2 --set format.scale=channel --set "
            "format.assignment=sequential --set format.matching=never --set search.population=4 --set "
            "search.generations=1 --set " +
            format);
    ASSERT_EQ(found.code, 0) << found.err;
    const Json summary = Json::parse(read(std::string(format) + "/summary.json"))["quantised"]["held_out"];
    const Outcome outcome = run("evaluate --network digits.onnx --data digits_test.h5 --json --threads 1 --format '" +
                                std::string(format) + "/best.json'");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    for (const char* number : {"top1", "top5", "loss"}) {
      EXPECT_EQ(Json::parse(outcome.out)[number], summary[number]) << format;
    }
  }
}

TEST_F(Delivery, ValidationImagesMustBeEnoughAndLeaveSome) {
  expect_refused("search budget.toml --run out --set data.validation=40", {"data.validation", "two blocks"});
  expect_refused("search budget.toml --run out --set data.validation=1200", {"data.validation", "some must be left"});
  expect_refused("search budget.toml --run out --set data.validation=300.5", {"data.validation", "a whole number"});
}

}  // namespace
}  // namespace vbq::test
