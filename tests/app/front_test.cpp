// A front of sizes in one run.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "support/cli.hpp"

namespace vbq::test {
namespace {

using Json = nlohmann::json;

class FrontRun : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    copy_digits();
    fs::copy_file(fs::path(VBQ_SOURCE) / "jobs" / "digits" / "budget.toml", path("budget.toml"));
  }

  // As small as makes sense: twelve networks are delivered.
  static std::string search(const std::string& budget, const std::string& more = "") {
    return "search budget.toml --run out --threads 1 --log error --set search.population=12 --set search.generations=2 "
           "--set data.search=300 --set data.validation=100 --set format.matching_images=20 "
           "--set format.delivery_images=20 --set 'format.budget=" +
           budget + "' " + more;
  }
  static std::string values() {
    return "--set format.encoding=values --set format.levels=16 --set format.coding=fixed --set format.rate=0";
  }

  // The lines of front.csv, as the header calls their fields.
  std::vector<std::map<std::string, std::string>> table() const {
    std::istringstream text(read("out/front.csv"));
    const auto fields = [](const std::string& line) {
      std::vector<std::string> all;
      std::istringstream in(line + ",");
      for (std::string field; std::getline(in, field, ',');) all.push_back(field);
      return all;
    };
    std::string line;
    std::getline(text, line);
    const std::vector<std::string> names = fields(line);
    std::vector<std::map<std::string, std::string>> lines;
    while (std::getline(text, line)) {
      const std::vector<std::string> values = fields(line);
      EXPECT_EQ(values.size(), names.size()) << line;
      for (std::size_t k = 0; k < names.size(); ++k) {
        if (k == 0) lines.emplace_back();
        lines.back()[names[k]] = values.at(k);
      }
    }
    return lines;
  }

  // What front.csv, summary.json and the files of a front owe to each other. bytes: the column that the budget is of.
  void expect_front(const std::string& bytes, std::size_t least_points) const {
    const auto lines = table();
    const Json front = Json::parse(read("out/summary.json"))["front"];
    ASSERT_EQ(front["networks"].size(), lines.size());
    std::map<std::string, std::pair<long, double>> points;  // bytes and divergence on validation images
    for (const auto& line : lines) {
      EXPECT_LE(std::stol(line.at(bytes)), std::stol(line.at("budget_bytes")));
      EXPECT_TRUE(line.at("network") == "searched" || line.at("network") == "start");
      if (!line.at("point").empty()) {
        points[line.at("point")] = {std::stol(line.at(bytes)), std::stod(line.at("validation"))};
      }
    }
    EXPECT_GE(points.size(), least_points);
    std::pair<long, double> before{0, 1e9};
    for (const auto& [name, point] : points) {
      EXPECT_GT(point.first, before.first) << name;
      EXPECT_LT(point.second, before.second) << name << ": a smaller one is no worse";
      before = point;
      EXPECT_TRUE(fs::exists(path("out/front/" + name + "/best.json")));
    }
    EXPECT_EQ(std::distance(fs::directory_iterator(path("out/front")), {}), std::ptrdiff_t(points.size()));
    const auto& [smallest, worst] = points.begin()->second;
    const auto& [largest, best] = points.rbegin()->second;
    const auto below = [&, smallest = double(smallest), worst = worst, largest = double(largest),
                        best = best](const std::pair<long, double>& point) {
      return 1 - (double(point.first) - smallest) / (largest - smallest) - (point.second - best) / (worst - best);
    };
    const auto farthest = std::ranges::max_element(points, {}, [&](const auto& point) { return below(point.second); });
    EXPECT_EQ(std::stoi(farthest->first), front["knee"].get<int>());
    const std::string knee = std::to_string(100 + front["knee"].get<int>()).substr(1);
    EXPECT_EQ(read("out/front/" + knee + "/best.json"), read("out/best.json"));
  }
};

TEST_F(FrontRun, OfGridsIsDeliveredWithinEveryBudget) {
  const Outcome outcome = run(search("[\"1 bit\", \"3 bits\"]",
                                     "--set search.generations=4 --set data.search=400 --set format.matching_images=40 "
                                     "--set format.delivery_images=50"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  expect_front("bytes_entropy", 10);
  EXPECT_NE(outcome.out.find("(the knee)"), std::string::npos) << outcome.out;
  std::map<std::string, int> count;
  for (const auto& line : table()) {
    ++count[line.at("network")];
    const double used = std::stod(line.at("bytes_entropy")) / std::stod(line.at("budget_bytes"));
    EXPECT_GT(used, 0.97) << "a budget is used";
  }
  EXPECT_EQ(count, (std::map<std::string, int>{{"searched", 12}, {"start", 12}})) << read("out/front.csv");
  // Hypervolume never falls.
  std::istringstream history(read("out/history.csv"));
  std::string line;
  std::getline(history, line);
  EXPECT_EQ(line, "generation,evaluations,hypervolume,networks");
  double before = 0;
  int generations = 0;
  for (; std::getline(history, line); ++generations) {
    const double now = std::stod(line.substr(line.find(',', line.find(',') + 1) + 1));
    EXPECT_GE(now, before);
    before = now;
  }
  EXPECT_EQ(generations, 4);
}

TEST_F(FrontRun, PointsAreTakenByEveryCommand) {
  ASSERT_EQ(run(search("[\"1.2 bits\", \"2.5 bits\"]")).code, 0);
  const auto lines = table();
  const auto third = std::ranges::find_if(lines, [](const auto& line) { return line.at("point") == "03"; });
  ASSERT_NE(third, lines.end());
  const std::string format = " --format out/front/03/best.json ";
  const Outcome scored = run("evaluate --network digits.onnx --data digits_test.h5 --json --threads 1" + format);
  ASSERT_EQ(scored.code, 0) << scored.err;
  EXPECT_NEAR(Json::parse(scored.out)["top1"]["percent"].get<double>(), std::stod(third->at("top1")), 0.005);
  const Outcome exported = run("export --network digits.onnx --output third.onnx" + format);
  EXPECT_EQ(exported.code, 0) << exported.err;
  EXPECT_EQ(run("report out/front/03/best.json --output page.html").code, 0);
  const std::string page = read("out/report.html");
  EXPECT_NE(page.find("front/03/best.json"), std::string::npos);
  EXPECT_NE(page.find("hypervolume"), std::string::npos);
  EXPECT_EQ(run("info out").code, 0);
}

TEST_F(FrontRun, OfLevelsPerLayerStartsFromAllocations) {
  const Outcome outcome = run(search("[\"2 bits\", \"4 bits\"]", values()));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  expect_front("bytes_fixed", 5);
  EXPECT_TRUE(fs::exists(path("out/sensitivity.h5")));
}

// Without validation images the better of the two on the search's images is delivered.
TEST_F(FrontRun, ThePointOfABudgetIsTheBetterOfItsTwoNetworks) {
  ASSERT_EQ(run(search("[\"1.2 bits\", \"2.5 bits\"]", "--set data.validation=0 --set search.generations=6")).code, 0);
  const auto lines = table();
  std::map<std::string, std::map<std::string, double>> divergence;  // of each budget's networks
  std::map<std::string, std::string> delivered;
  for (const auto& line : lines) {
    EXPECT_EQ(line.at("validation"), "");
    divergence[line.at("budget_bytes")][line.at("network")] = std::stod(line.at("search"));
    if (!line.at("point").empty()) delivered[line.at("budget_bytes")] = line.at("network");
  }
  EXPECT_GE(delivered.size(), 8U);
  for (const auto& [budget, network] : delivered) {
    const auto& two = divergence[budget];
    EXPECT_EQ(network, two.at("searched") <= two.at("start") ? "searched" : "start") << read("out/front.csv");
  }
}

TEST_F(FrontRun, GoesOnWithMoreGenerationsAndLeavesNoPointBehind) {
  ASSERT_EQ(run(search("front")).code, 0);
  EXPECT_NE(read("out/job.toml").find("budget = [\"1.25 bits\", \"3 bits\"]"), std::string::npos);
  fs::create_directories(path("out/front/77"));
  write("out/front/77/best.json", "of before");
  const Outcome resumed = run("search --resume out --threads 1 --log error --set search.generations=3");
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  expect_front("bytes_entropy", 8);
  EXPECT_FALSE(fs::exists(path("out/front/77")));
}

TEST_F(FrontRun, WhatCannotBeOneIsRefused) {
  const std::string start = "search budget.toml --run out --log error --set 'format.budget=";
  expect_refused(start + "[\"3 bits\", \"1 bit\"]'", {"from 3 bits a weight to 1 bit a weight", "the smaller first"});
  expect_refused(start + "[\"3 bits\", \"3 bits\"]'", {"the smaller first"});
  expect_refused(start + "[]'", {"format.budget", "a budget, or several"});
  expect_refused(start + "[\"1 bit\", \"2 bits\", \"3 bits\"]'", {"format.budget is a list of 3"});
  expect_refused(start + "[1.5, 3]'", {"format.budget", "[\"1.5 bits\", \"4 bits\"]"});
  expect_refused(start + "[\"1.5 bits\", \"4 KiB\"]'", {"two sizes in one unit"});
  expect_refused(start + "[\"4 KiB\", \"4100 bytes\"]'", {"12 points"});
  expect_refused(start + "front' --set search.method=random", {"search.method = \"genetic\""});
  expect_refused(start + "front' --set search.preset=nogami2018", {"search.preset = \"standard\""});
  expect_refused(start + "front' --set format.encoding=boundaries --set format.rate=0", {"format.encoding = \"grid\""});
  expect_refused(start + "front' --set 'format.bits=[3, 4]'", {"several widths"});
  expect_refused(search("[\"0.01 bits\", \"0.02 bits\"]", "--set search.generations=1 --set search.population=2"),
                 {"no network keeps 0.01 to 0.02 bits a weight"});
}

}  // namespace
}  // namespace vbq::test
