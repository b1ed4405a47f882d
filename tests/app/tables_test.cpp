// classes.csv and workers.csv of a search: what they say must be what the run's other files say.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "support/cli.hpp"

namespace vbq::test {
namespace {

using Json = nlohmann::json;

class Tables : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    copy_digits();
  }

  // Lines, cut at commas; the head first.
  std::vector<std::vector<std::string>> table(const std::string& name) const {
    std::vector<std::vector<std::string>> lines;
    std::istringstream text(read(name));
    for (std::string line; std::getline(text, line);) {
      std::istringstream fields(line);
      std::vector<std::string>& cut = lines.emplace_back();
      for (std::string field; std::getline(fields, field, ',');) cut.push_back(field);
    }
    return lines;
  }
  // Of a column of whole numbers.
  long sum(const std::string& name, const std::string& column) const {
    const auto lines = table(name);
    const auto at = std::find(lines.at(0).begin(), lines.at(0).end(), column) - lines.at(0).begin();
    long all = 0;
    for (std::size_t k = 1; k < lines.size(); ++k) all += std::stol(lines[k].at(static_cast<std::size_t>(at)));
    return all;
  }
};

TEST_F(Tables, ClassesAddUpToWhatTheSummarySays) {
  ASSERT_EQ(run(tiny()).code, 0);
  const Json summary = Json::parse(read("out/summary.json"));
  const long before = summary["fp32"]["held_out"]["top1"]["correct"],
             after = summary["quantised"]["held_out"]["top1"]["correct"];
  EXPECT_EQ(sum("out/classes.csv", "images"), 597);
  EXPECT_EQ(sum("out/classes.csv", "right_as_trained"), before);
  EXPECT_EQ(sum("out/classes.csv", "right_quantised"), after);
  EXPECT_EQ(sum("out/classes.csv", "gained") - sum("out/classes.csv", "lost"), after - before);
  EXPECT_NE(after, before) << "or this shows little";
  EXPECT_EQ(table("out/classes.csv").size(), 1U + 10);
  EXPECT_NE(read("out/report.html").find("<h2>Classes</h2>"), std::string::npos);
  // Gone on with, the table is that of the network that is delivered then.
  const std::string first = read("out/classes.csv");
  ASSERT_EQ(run("search --resume out --log error --set search.generations=6").code, 0);
  const Json longer = Json::parse(read("out/summary.json"));
  EXPECT_EQ(sum("out/classes.csv", "right_quantised"), longer["quantised"]["held_out"]["top1"]["correct"]);
  EXPECT_NE(read("out/classes.csv"), first);
}

// A start that is stopped, or killed, has left lines of generations that are done again.
TEST_F(Tables, WorkersHaveALineAGenerationAfterAResumeToo) {
  ASSERT_EQ(run(tiny()).code, 0);
  const std::string own = read("out/workers.csv");
  write("out/workers.csv", own + "3,0,1,h,d,1,1,1\n3,0,1,h");
  ASSERT_EQ(run("search --resume out --log error --set search.generations=4").code, 0);
  EXPECT_EQ(read("out/workers.csv").rfind(own, 0), 0U) << "what was there stays";
  const auto lines = table("out/workers.csv"), timing = table("out/timing.csv");
  ASSERT_EQ(lines.size(), 5U);
  for (std::size_t k = 1; k < lines.size(); ++k) {
    EXPECT_EQ(lines[k].at(0), std::to_string(k));
    EXPECT_EQ(lines[k].at(1), "0") << "one process alone";
    double seconds = 0;
    for (std::size_t field = lines[k].size() - 3; field < lines[k].size(); ++field) {
      EXPECT_GE(std::stod(lines[k][field]), 0.0);
      seconds += std::stod(lines[k][field]);
    }
    EXPECT_NEAR(seconds, std::stod(timing.at(k).at(1)), 2e-4) << "making, inference and waiting are all there is";
  }
  EXPECT_NE(read("out/report.html").find("worker 0, generation 4: "), std::string::npos);
  fs::remove(path("out/workers.csv"));  // as of a run of before
  ASSERT_EQ(run("search --resume out --log error --set search.generations=5").code, 0);
  EXPECT_EQ(table("out/workers.csv").size(), 2U);
}

}  // namespace
}  // namespace vbq::test
