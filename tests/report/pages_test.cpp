// Pages of folders: whole, empty, damaged, and of files with names that mean harm.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/job.hpp"
#include "report/report.hpp"
#include "report/report_parts.hpp"
#include "report/report_speed.hpp"
#include "support/folder.hpp"
#include "vbq/format_file.hpp"
#include "vbq/onnx.hpp"

namespace vbq {
namespace {

namespace fs = std::filesystem;
using test::get;
using test::has;
using test::put;

constexpr const char* kHistory = "generation,evaluations,best,median,worst,top1,diversity\n";
constexpr const char* kTiming = "generation,seconds,images_per_second,quantise,inference,communication\n";

fs::path digits() { return fs::path(VBQ_SOURCE) / "jobs" / "digits"; }

void put_run(const fs::path& folder, const fs::path& network, const std::string& more = "") {
  fs::create_directories(folder);
  put(folder / "job.toml",
      fmt::format("[network]\npath = \"{}\"\n[data]\npath = \"/data.h5\"\n{}", network.string(), more));
  put(folder / "history.csv", std::string(kHistory) + "1,5,-0.5,-0.7,-0.9,80,0.2\n2,9,-0.3,-0.4,-0.9,85,0.1\n");
  put(folder / "timing.csv", std::string(kTiming) + "1,2.5,100,0.5,0.4,0.1\n2,1.5,120,0.4,0.4,0.2\n");
}

std::string score(const char* share) {
  return fmt::format(
      R"({{"images": 200, "{0}": {{"correct": 180, "percent": 90.0, "interval95": [85.1, 93.4]}}, )"
      R"("{1}": {{"correct": 200, "percent": 100.0, "interval95": [98.1, 100.0]}}, "divergence": 0.25}})",
      share, std::string(share) == "top1" ? "top5" : "agreement_top5");
}

void put_summary(const fs::path& folder, const char* share = "top1") {
  put(folder / "summary.json",
      fmt::format(R"({{"bits_per_weight": 3.06, "bytes": 10766, "weights": 28112, "evaluations": 9, "seconds": 4.0, )"
                  R"("fp32": {{"held_out": {0}}}, "quantised": {{"held_out": {0}}}}})",
                  score(share)));
}

// A best.json of the digits network: every weight 0 or 0.5.
std::string digits_format() {
  const Network network = read_onnx(digits() / "digits.onnx");
  NetworkFormat formats;
  for (const int node : weight_layers(network)) formats.push_back({node, {Codebook::from_levels({0, 0.5F})}, {}});
  return format_to_json(network, {}, {quantise(network, formats), 100});
}

TEST(Pages, ALayersCodebookLiesOverItsWeights) {
  const test::Folder folder;
  put_run(folder.path(), digits() / "digits.onnx");
  put(folder / "best.json", digits_format());
  const std::string page = report_html(folder.path());
  EXPECT_TRUE(has(page, "<h2>Layers</h2>"));
  EXPECT_TRUE(has(page, "class=\"codebook\""));
  EXPECT_TRUE(has(page, "this run has not ended"));
  EXPECT_FALSE(has(page, "left out"));
}

TEST(Pages, WithoutTheNetworkTheRestStands) {
  const test::Folder folder;
  put_run(folder.path(), folder / "gone.onnx");
  put(folder / "best.json", digits_format());
  put_summary(folder.path());
  std::string page = report_html(folder.path());
  EXPECT_TRUE(has(page, "left out, for want of the network"));
  EXPECT_TRUE(has(page, "gone.onnx"));
  for (const char* part : {"<h2>Accuracy</h2>", "<h2>Codebooks</h2>", "<h2>Search</h2>", "<h2>Speed</h2>", "90.00 %"}) {
    EXPECT_TRUE(has(page, part));
  }
  std::string other = digits_format();
  other.replace(other.find("network_hash\": \"") + 16, 4, "0000");
  put(folder / "best.json", other);
  put_run(folder.path(), digits() / "digits.onnx");
  page = report_html(folder.path());
  EXPECT_TRUE(has(page, "was found for a network with hash"));
  fs::create_directories(folder / "net.onnx");
  put_run(folder.path(), folder / "net.onnx");
  EXPECT_TRUE(has(report_html(folder.path()), "left out, for want of the network"));
}

TEST(Pages, AnEmptyRunHasOne) {
  const test::Folder folder;
  put_run(folder.path(), folder / "gone.onnx");
  put(folder / "history.csv", kHistory);
  put(folder / "timing.csv", kTiming);
  const std::string page = report_html(folder.path());
  EXPECT_TRUE(has(page, "Nothing to draw yet"));
  EXPECT_TRUE(has(page, "0 of 100 generations"));
  for (const char* bad : {"", "generation\n1\n", "generation,seconds\n1,2,3\n"}) {
    put(folder / "history.csv", bad);
    test::error_of([&] { report_html(folder.path()); });
  }
}

TEST(Pages, TextOfFilesIsEscaped) {
  const test::Folder folder;
  put_run(folder.path(), "/<script>alert(1)<\\/script>.onnx");
  put(folder / "best.json", R"({"layers": [{"name": "<script>\"", "levels": [1, 2]}, {"name": "x", "levels": []}]})");
  put_summary(folder.path());
  put(folder / "job.toml", "[network]\npath = \"/<script>.onnx\"\n[data]\npath = \"/data.h5\" # </pre><script>\n");
  EXPECT_FALSE(has(report_html(folder.path()), "<script"));
  const fs::path odd = folder / "javascript:alert(1) \"<script>";
  put_run(odd, "/<script>.onnx");
  put(odd / "report.html", "");
  const std::string page = runs_html({{odd, folder.path()}, {}}, folder / "runs.html");
  EXPECT_FALSE(has(page, "<script"));
  EXPECT_TRUE(has(page, "href=\"./javascript%3Aalert%281%29%20%22%3Cscript%3E/report.html\""));
}

TEST(Pages, RunsStandSideBySide) {
  const test::Folder folder;
  put_run(folder / "one", "/net.onnx");
  put_run(folder / "two", "/net.onnx", "[search]\nseed = 7\n");
  put_run(folder / "three", "/net.onnx");
  put_summary(folder / "one");
  put_summary(folder / "three", "agreement");
  const std::string page = runs_html({{folder / "one", folder / "two", folder / "three"}, {}}, folder / "page.html");
  EXPECT_TRUE(has(page, "has not ended"));
  EXPECT_TRUE(has(page, "<td>search.seed</td><td>1</td><td>7</td><td>1</td>"));
  EXPECT_TRUE(has(page, ", agreement</td>"));
  EXPECT_TRUE(has(page, "divergence of the best on the search's images (lower is better)"));
  put(folder / "one" / "summary.json", "{}");
  EXPECT_TRUE(has(test::error_of([&] {
                    runs_html({{folder / "one"}, {}}, folder / "page.html");
                  }),
                  "not as vbq writes it"));
  const std::vector<fs::path> many(65, folder / "one");
  EXPECT_TRUE(has(test::error_of([&] { runs_html({many, {}}, folder / "page.html"); }), "64 at most"));
}

std::string compared(int number, const std::string& name, const std::string& bytes) {
  return fmt::format(
      R"({{"row": {}, "width": "1 bits a weight", "codebook": "{}", "assignment": "nearest", "matching": "never", )"
      R"("bytes": {}, "bits_per_weight": 2, "entropy_bits_per_weight": 1.5, "held_out": {}}})",
      number, name, bytes, score("top1"));
}

TEST(Pages, ARunOfAComparisonHasItsBaselines) {
  const test::Folder folder;
  put_run(folder / "search", "/net.onnx");
  EXPECT_FALSE(has(report_html(folder / "search"), "Baselines"));
  put(folder / "compare.json", fmt::format("[{}, {}, {}]", compared(0, "as trained", "3200"),
                                           compared(1, "uniform, 3 levels", "200"), compared(2, "searched", "210")));
  for (const std::string& page : {report_html(folder / "search"), comparison_html(folder.path())}) {
    for (const char* part :
         {"equally many levels", "uniform, 3 levels", "as trained (FP32): 90", "searched: 0.25 at 2.1"}) {
      EXPECT_TRUE(has(page, part));
    }
  }
  // The networks of a front are drawn among the rows.
  put_run(folder / "front", "/net.onnx");
  put_summary(folder / "front");
  std::string summary = get(folder / "front" / "summary.json");
  summary.replace(0, 1,
                  R"({"front": {"knee": 1, "networks": [{"network": "start", "bits_fixed": 1.5, "held_out": 0.125, )"
                  R"("top1": 85, "top1_low": 80, "top1_high": 88}]}, )");
  put(folder / "front" / "summary.json", summary);
  const std::string both = runs_html({{folder / "front"}, {folder.path()}}, folder / "page.html");
  for (const char* part : {"front: the search's start: 0.125 at 1.5", "searched: 0.25 at 2.1", "uniform, 3 levels"}) {
    EXPECT_TRUE(has(both, part));
  }
  EXPECT_TRUE(has(runs_html({{}, {folder.path(), folder.path()}}, folder / "page.html"), "<h2>Sizes</h2>"));
  put(folder / "compare.json", fmt::format("[{}]", compared(1, "a", "\"many\"")));
  test::error_of([&] { runs_html({{}, {folder.path()}}, folder / "page.html"); });
  EXPECT_TRUE(has(report_html(folder / "search"), "Baselines are left out"));
  test::error_of([&] { comparison_html(folder.path()); });
}

TEST(Pages, ClassesAndWorkersAreThereWhereTheirTablesAre) {
  const test::Folder folder;
  put_run(folder.path(), folder / "gone.onnx");
  put_summary(folder.path());
  const std::string classes =
      "class,images,right_as_trained,right_quantised,lost,gained,p,taken_for,taken_for_images\n";
  EXPECT_FALSE(has(report_html(folder.path()), "<h2>Classes</h2>"));
  put(folder / "classes.csv", classes + "0,200,180,170,12,2,0.0129,7,10\n");
  put(folder / "workers.csv", "generation,worker,workers,host,device,making,inference,waiting\n1,1,1,h,d,1,1,0.5\n");
  const std::string page = report_html(folder.path());
  EXPECT_TRUE(has(page, "7 (10 of 12)"));
  EXPECT_TRUE(has(page, "worker 1, generation 1: 2.5 s"));
  put(folder / "workers.csv", "generation,worker,workers,host,device,making,inference,waiting\n1,1,1,h,d,one,1,0\n");
  put(folder / "classes.csv", "");  // as a full disk leaves it
  const std::string damaged = report_html(folder.path());
  EXPECT_TRUE(has(damaged, "Left out: " + (folder / "classes.csv").string() + " has no column"));
  EXPECT_TRUE(has(damaged, "workers.csv has the field &quot;one&quot;, where a number was expected")) << damaged;
  EXPECT_FALSE(has(damaged, "worker 1, generation 1"));
  EXPECT_TRUE(has(damaged, "<h2>Speed</h2>"));
}

TEST(Pages, TimeIsDrawnWhateverItsNumbersAre) {
  const auto table = [](double seconds, double share) {
    return Table{{"generation", "seconds", "images_per_second", "quantise", "inference", "communication"},
                 {{1}, {seconds}, {10}, {share}, {share}, {share}}};
  };
  EXPECT_TRUE(has(speed_html(table(10, 0.25)), "generation 1: 10.0 s\nmaking networks: 25.0 %"));
  for (const double seconds : {0.0, -5.0, 1e308}) {
    for (const double share : {-1e308, 0.9, 1e308}) {
      const std::string html = speed_html(table(seconds, share));
      EXPECT_FALSE(has(html, "nan"));
      EXPECT_FALSE(has(html, "height=\"-"));
    }
  }
  Table long_run{{"generation", "seconds", "images_per_second", "quantise", "inference", "communication"}, {}};
  long_run.columns.assign(6, std::vector<double>(10000, 0.3));
  EXPECT_LT(speed_html(long_run).size(), 200000U);
}

}  // namespace
}  // namespace vbq
