// vbq compare under a budget: the ways to keep it, at the same bytes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "support/cli.hpp"

namespace vbq::test {
namespace {

using nlohmann::json;

class CompareBudget : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    copy_digits();
    fs::copy_file(fs::path(VBQ_SOURCE) / "jobs" / "digits" / "budget.toml", path("budget.toml"));
  }

  static std::string compare(const std::string& budget, const std::string& more = "") {
    return "compare budget.toml --run out --threads 1 --set search.population=6 --set search.generations=2 "
           "--set format.matching_images=40 --set format.delivery_images=50 --set data.search=250 --set "
           "data.validation=100 --set 'format.budget=" +
           budget + "' " + more;
  }
};

const std::string kValues =
    "--set format.encoding=values --set format.levels=8 --set format.coding=fixed --set format.rate=0 ";

TEST_F(CompareBudget, AllWaysKeepIt) {
  const Outcome outcome = run(compare("\"1.5 bits\"", "--json"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json rows = json::parse(outcome.out).at("formats");
  EXPECT_EQ(rows, json::parse(read("out/compare.json")));
  std::map<std::string, json> named;
  const double budget = 1.5 * rows.at(0)["bytes"].get<double>() / 32;
  for (const json& row : rows) {
    named[row["codebook"].get<std::string>()] = row;
    if (row["width"] == "fp32") continue;
    EXPECT_EQ(row["width"], "1.5 bits a weight");
    EXPECT_EQ(row["held_out"]["images"], 597);
    EXPECT_LE(row["bytes"].get<double>(), budget + 1) << row;
    EXPECT_GT(row["bytes"].get<double>(), 0.5 * budget) << row;
  }
  for (const char* name : {"rate-distortion, equal steps", "steps by measured harm", "additive allocation",
                           "greedy list (as AIMET)", "H-weighted error (as HAWQ)", "searched"}) {
    EXPECT_TRUE(named.contains(name)) << name << outcome.err;
  }
  EXPECT_EQ(rows.size(), 8U) << "as trained, equal widths, and those";
  EXPECT_EQ(named["greedy list (as AIMET)"]["assignment"], "sequential");
  EXPECT_GT(named["additive allocation"]["evaluations"], 50);
  EXPECT_EQ(named["steps by measured harm"]["evaluations"], 8) << "each layer alone, and all together";

  // Each row's best.json gives what the table says, the search's too; its folder says the same of it.
  for (const json& row : rows) {
    if (row["width"] == "fp32") continue;
    const std::string best = fmt::format("out/rows/{:03}/best.json", row["row"].get<int>());
    const json again =
        json::parse(run("evaluate --network digits.onnx --data digits_test.h5 --format " + best + " --json").out);
    EXPECT_EQ(again["top1"], row["held_out"]["top1"]) << row;
  }
  // What it comes to: on screen, as an object, in the folder, on the page.
  const json conclusion = json::parse(outcome.out).at("conclusions").at(0);
  EXPECT_EQ(json::parse(read("out/conclusion.json")).at("conclusions").at(0), conclusion);
  std::int64_t most = 0, cheapest = 0;
  for (const json& row : rows) {
    if (row["row"] == conclusion["best"]) most = row["held_out"]["top1"]["correct"];
    if (row["row"] == conclusion["cheapest"]) cheapest = row["bytes"];
  }
  for (const json& row : rows) {
    if (row["width"] == "fp32") continue;
    EXPECT_LE(row["held_out"]["top1"]["correct"], most);
    for (const json& one : conclusion["cannot_be_told_from_it"]) {
      if (one["row"] == row["row"]) {
        EXPECT_LE(cheapest, row["bytes"]);
      }
    }
  }
  const std::string page = read("out/report.html");
  EXPECT_NE(page.find("Which one?"), std::string::npos);
  EXPECT_NE(page.find("additive allocation"), std::string::npos);
  EXPECT_NE(page.find("href=\"rows/001/best.json\""), std::string::npos);
  EXPECT_NE(read("out/compare.txt").find("Best: row"), std::string::npos);
  const json summary = json::parse(read("out/1.5bits-search/summary.json"));
  EXPECT_EQ(summary["quantised"]["held_out"], named["searched"]["held_out"]);
  // The search uses what its row of measured harm has measured.
  EXPECT_EQ(summary["sensitivity_evaluations"], 7);
  const std::string once = "sensitivity: 7 of 7 networks";
  ASSERT_NE(outcome.err.find(once), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find(once), outcome.err.rfind(once)) << outcome.err;
}

TEST_F(CompareBudget, SensitivitiesAreMeasuredOnceForAllBudgetsAndTheirSearches) {
  const std::string arguments = compare(R"(["2.5 bits", "3 bits", "16 KiB"])", kValues);
  const Outcome outcome = run(arguments);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::size_t first = outcome.err.find("sensitivity: 21 of 21 networks");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(outcome.err.find("sensitivity:", first + 1), std::string::npos) << outcome.err;
  const json rows = json::parse(read("out/compare.json"));
  std::map<std::string, int> count;
  for (const json& row : rows) ++count[row["width"]];
  EXPECT_EQ(count, (std::map<std::string, int>{
                       {"fp32", 1}, {"2.5 bits a weight", 5}, {"3 bits a weight", 5}, {"16384 bytes", 5}}));
  // Again with --resume: nothing is measured or searched twice, and the rows are the same.
  const Outcome resumed = run("compare --resume out --threads 1");
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(resumed.err.find("generation 1/"), std::string::npos) << resumed.err;
  EXPECT_EQ(resumed.err.find("sensitivity:"), std::string::npos) << resumed.err;
  const json second = json::parse(read("out/compare.json"));
  ASSERT_EQ(second.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(second[i]["held_out"], rows[i]["held_out"]) << rows[i];
}

TEST_F(CompareBudget, TheJobLinesOfASearchFindItAgain) {
  ASSERT_EQ(run(compare("\"2 bits\"", "--log error")).code, 0);
  std::string lines;
  for (const json& row : json::parse(read("out/compare.json"))) {
    if (row["codebook"] == "searched") lines = row["job"];
  }
  const std::string job = read("budget.toml"), data = job.substr(0, job.find("[format]"));
  write("again.toml", data + lines);
  const Outcome outcome =
      run("search again.toml --run again --threads 1 --log error --set data.search=250 --set data.validation=100");
  ASSERT_EQ(outcome.code, 0) << outcome.err << lines;
  EXPECT_EQ(read("again/best.json"), read("out/2bits-search/best.json")) << lines;
}

TEST_F(CompareBudget, WhatCannotBeKeptIsToldInASentence) {
  expect_refused(compare("\"0.01 bits\"", "--log error"),
                 {"no network keeps format.budget = 0.01 bits a weight", "bytes or more"});
  expect_refused("search" + compare(R"(["2 bits", "3 bits", "4 bits"])").substr(7),
                 {"format.budget is a list of 3", "vbq compare"});
  expect_refused(compare(R"(["2 bits", "3 bits", "2 bits"])"), {"format.budget", "each budget once"});
}

}  // namespace
}  // namespace vbq::test
