#include "report/report_workers.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/count.hpp"
#include "support/folder.hpp"

namespace vbq {
namespace {

using support::count;
using test::has;

constexpr const char* kColumns = "generation,worker,workers,host,device,making,inference,waiting\n";

Table read(const std::string& content) {
  const test::Folder folder;
  test::put(folder / "workers.csv", content);
  return read_table(folder / "workers.csv", {"host", "device"});
}

Table timing(int generations, double seconds) {
  std::string text = "generation,seconds\n";
  for (int k = 1; k <= generations; ++k) text += fmt::format("{},{}\n", k, seconds);
  return read(text);
}

TEST(Workers, ARowEachAndTheirSums) {
  const WorkersHtml html = workers_html(timing(2, 4), read(std::string(kColumns) + "1,1,1,node7,\"E, <x>\",1,2,1\n"
                                                                                   "1,2,1,node8,GPU,0,3.5,0.5\n"
                                                                                   "2,1,1,node7,\"E, <x>\",2,1,1\n"));
  EXPECT_TRUE(has(html.chart, "worker 1, generation 1: 4.0 s\nmaking networks: 25.0 %\ninference: 50.0 %"));
  EXPECT_TRUE(has(html.chart, "worker 2, generation 1: 4.0 s\nmaking networks: 0.0 %\ninference: 87.5 %"));
  EXPECT_FALSE(has(html.chart, "worker 2, generation 2")) << "it was not there";
  EXPECT_EQ(count(html.chart, "class=\"strip\""), 3U);
  EXPECT_EQ(count(html.chart, "<path class=\"making\""), 1U);
  EXPECT_EQ(count(html.chart, "<path class=\"inference\""), 2U);
  EXPECT_TRUE(has(html.chart, "seconds of the search"));
  for (const char* part : {"making networks", "inference", "communication and waiting"}) {
    EXPECT_TRUE(has(html.chart, std::string("</svg> ") + part)) << "in the legend";
  }
  EXPECT_TRUE(has(html.table, "<td class=\"number\">3.0 s, 37.5 %</td>"));
  EXPECT_TRUE(has(html.table, "<td>2</td><td class=\"number\">0.0 s, 0.0 %</td>"));
  EXPECT_TRUE(has(html.table, "<td>node7</td><td>E, &lt;x&gt;</td>"));
}

TEST(Workers, OneAloneAndNoneAtAll) {
  const WorkersHtml alone = workers_html(timing(1, 100), read(std::string(kColumns) + "1,0,1,h,d,30,60,10\n"));
  EXPECT_TRUE(has(alone.chart, "worker 0, generation 1: 1:40 min"));
  EXPECT_TRUE(has(alone.table, "1:00 min, 60.0 %"));
  for (const char* lines : {"", "7,1,1,h,d,1,1,1\n"}) {  // nothing, or of another search
    EXPECT_EQ(workers_html(timing(2, 4), read(std::string(kColumns) + lines)).chart, "");
  }
}

TEST(Workers, NeighboursThatShareALineAreNamed) {
  const WorkersHtml html = workers_html(timing(1, 4), read(std::string(kColumns) + "1,17,16,h,d,1,2,1\n"));
  EXPECT_TRUE(has(html.chart, "workers 17 to 32, generation 1"));
  EXPECT_TRUE(has(html.table, ">17 to 32</td>"));
}

// However many there are and however long it was: the page stays small.
TEST(Workers, ManyOfManyGenerations) {
  std::string lines = kColumns;
  for (int generation = 1; generation <= 1000; ++generation) {
    for (int worker = 1; worker <= 70; ++worker) lines += fmt::format("{},{},1,h,d,1,2,1\n", generation, worker);
  }
  const WorkersHtml html = workers_html(timing(1000, 4), read(lines));
  EXPECT_LE(count(html.chart, "class=\"strip\""), 1600U);
  EXPECT_GE(count(html.chart, "class=\"strip\""), 64U * 20);
  EXPECT_TRUE(has(html.chart, "worker 64, generations 1 to 40: 2:40 min\nmaking networks: 25.0 %"));
  EXPECT_FALSE(has(html.chart, "worker 65"));
  EXPECT_TRUE(has(html.table, "<td>6 more</td><td class=\"number\">1:40:00 h, 25.0 %"));
  EXPECT_LT(html.chart.size(), 600000U);
}

TEST(Workers, AreDrawnWhateverTheirNumbersAre) {
  for (const char* numbers : {"1e308,1e308,1e308", "-1e308,-1,-0", "0,0,0", "1e-300,5,1e9"}) {
    const WorkersHtml html = workers_html(timing(1, 4), read(std::string(kColumns) + "1,1,1,h,d," + numbers + "\n"));
    for (const char* bad : {"=\"nan\"", "=\"-nan\"", "=\"inf\"", "=\"-inf\"", "hnan", "vnan", "hinf", "vinf",
                            "height=\"-", "width=\"-"}) {
      const std::string without = html.chart.substr(html.chart.find("<svg"));
      EXPECT_FALSE(has(without.substr(0, without.find("<p class=\"legend\"")), bad)) << numbers << bad;
    }
    EXPECT_TRUE(has(html.chart, "<svg"));
  }
}

}  // namespace
}  // namespace vbq
