// The page of several runs, side by side.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "config/job.hpp"
#include "core/check.hpp"
#include "core/file.hpp"
#include "json/json_file.hpp"
#include "report/chart.hpp"
#include "report/compared_rows.hpp"
#include "report/progress.hpp"
#include "report/report.hpp"
#include "report/report_parts.hpp"
#include "report/score_json.hpp"
#include "report/table.hpp"

namespace vbq {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestJob = std::uint64_t{64} << 20;
constexpr std::size_t kMostRuns = 64;
constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

struct Run {
  std::string name, link;  // as it was named; to its page, where it has one
  Job job;
  Table history;
  std::optional<Json> summary;  // none: it has not ended
};

Run read_run(const fs::path& folder, const fs::path& page) {
  Run run{folder.string(), {}, {}, {}, {}};
  run.job = parse_job(read_file(folder / "job.toml", "job file", kLargestJob), "/", (folder / "job.toml").string(), {});
  run.history = read_table(folder / "history.csv");
  run.summary = read_if_there(folder / "summary.json");
  if (fs::exists(folder / "report.html")) {
    const fs::path from = fs::absolute(page).parent_path();
    run.link = link_to(fs::absolute(folder / "report.html").lexically_relative(from.lexically_normal()));
  }
  return run;
}

// What a run of any coding came to.
struct Result {
  double bits = kNothing, bytes = kNothing, share = kNothing, low = 0, high = 100, trained = kNothing;
};

Result result_of(const Json& summary) {
  Result result;
  const bool entropy = summary.value("coding", "fixed") == "entropy";
  const Json& size = entropy ? summary.at("sizes") : summary;
  result.bits = size.at(entropy ? "entropy_coded_bits_per_weight" : "bits_per_weight").get<double>();
  result.bytes = size.at(entropy ? "entropy_coded" : "bytes").get<double>();
  const Json& share = top1_of(summary.at("quantised").at("held_out"));
  result.share = share.at("percent").get<double>();
  result.low = share.at("interval95").at(0).get<double>();
  result.high = share.at("interval95").at(1).get<double>();
  result.trained = top1_of(summary.at("fp32").at("held_out")).at("percent").get<double>();
  return result;
}

std::string row_html(const Run& run, const Span& span) {
  const std::string name =
      run.link.empty() ? html_text(run.name) : fmt::format("<a href=\"{}\">{}</a>", run.link, html_text(run.name));
  const std::string start = fmt::format("<tr><td class=\"name\">{}<br>{}</td>", name, html_text(title_of(run.job)));
  if (!run.summary) return start + "<td colspan=\"8\">has not ended</td></tr>\n";
  const Json &summary = *run.summary, &held_out = summary.at("quantised").at("held_out");
  const Result result = result_of(summary);
  return start +
         fmt::format(
             "<td class=\"number\">{:.3f}</td><td class=\"number\">{}</td><td class=\"whole\">{}{}</td><td>{}</td><td "
             "class=\"number\">{:.2f} %</td><td class=\"number\">{:.5f}</td><td class=\"number\">{}</td><td "
             "class=\"number\">{}</td></tr>\n",
             result.bits, thousands_of(result.bytes), percent_with_interval(top1_of(held_out)),
             labels_of(held_out) == Labels::given ? "" : ", agreement",
             interval_svg(result.share, {result.low, result.high}, span), result.trained,
             held_out.at("divergence").get<double>(), thousands_of(summary.at("evaluations").get<double>()),
             duration_text(std::min(summary.at("seconds").get<double>(), 1e12)));
}

std::string table_html(const std::vector<Run>& runs) {
  Span span{100, 0};
  for (const Run& run : runs) {
    if (!run.summary) continue;
    const Result result = result_of(*run.summary);
    span = {std::min(span.low, result.low), std::max(span.high, result.high)};
  }
  std::string rows =
      "<tr><th>run</th><th class=\"number\">bits a weight</th><th class=\"number\">bytes</th><th>top-1, "
      "held "
      "out (95 % interval)</th><th></th><th class=\"number\">FP32</th><th class=\"number\">divergence</th><th "
      "class=\"number\">evaluated</th><th class=\"number\">time</th></tr>\n";
  for (const Run& run : runs) rows += row_html(run, span);
  return scrolling_table(rows);
}

Chart results_chart(const std::vector<Run>& runs) {
  std::vector<std::pair<Result, std::size_t>> results;  // and the run's place
  for (std::size_t k = 0; k < runs.size(); ++k) {
    if (runs[k].summary) results.emplace_back(result_of(*runs[k].summary), k);
  }
  std::ranges::stable_sort(results, {}, [](const auto& one) { return one.first.bits; });
  Chart chart{"top-1 on images that the search never saw, % (95 % interval)", "bits a weight", {}, {}};
  chart.marks = Marks::points;
  for (std::size_t k = 0; k < results.size(); ++k) {
    const auto& [result, place] = results[k];
    chart.x.push_back(result.bits);
    Series series{runs[place].name, std::vector<double>(results.size(), kNothing),
                  std::vector<double>(results.size(), kNothing), std::vector<double>(results.size(), kNothing)};
    series.y[k] = result.share;
    series.low[k] = result.low;
    series.high[k] = result.high;
    series.kind = place;
    chart.series.push_back(std::move(series));
  }
  return chart;
}

// A column of each run's history over generations; of those that have it.
Chart history_chart(const std::vector<Run>& runs, const char* column, const std::string& title, double sign) {
  Chart chart{title, "generation", {}, {}};
  std::size_t longest = 0;
  for (const Run& run : runs) longest = std::max(longest, run.history["generation"].size());
  for (std::size_t k = 0; k < longest; ++k) chart.x.push_back(static_cast<double>(k + 1));
  for (std::size_t k = 0; k < runs.size(); ++k) {
    if (!runs[k].history.has(column)) continue;
    std::vector<double> values = runs[k].history[column];
    for (double& v : values) v *= sign;
    chart.series.push_back({runs[k].name, std::move(values), {}, {}, k});
  }
  return chart;
}

// Fitness is of one kind where its settings are.
bool same_fitness(const std::vector<Run>& runs) {
  const Job& first = runs.front().job;
  return std::ranges::all_of(runs, [&](const Run& run) {
    return run.job.fitness == first.fitness && run.job.temperature == first.temperature &&
           run.job.budget == first.budget && run.job.augment == first.augment && run.history.has("best");
  });
}

std::string charts(const std::vector<Run>& runs) {
  std::vector<Chart> all{results_chart(runs)};
  if (same_fitness(runs)) {
    const bool negative = runs.front().job.fitness != Fitness::top1 && !runs.front().job.budget;
    all.push_back(history_chart(runs, "best",
                                fmt::format("{} of the best on the search's images ({} is better)",
                                            fitness_name(runs.front().job.fitness), negative ? "lower" : "higher"),
                                negative ? -1 : 1));
    all.back().logarithmic = negative;
  }
  for (const auto& [column, title] : {std::pair{"top1", "top-1 of the best on the search's images, %"},
                                      {"hypervolume", "hypervolume (higher is better)"}}) {
    const Chart chart = history_chart(runs, column, title, 1);
    if (!chart.series.empty()) all.push_back(chart);
  }
  return charts_html(all);
}

// "section.key" -> value, of a job with every default written out.
std::map<std::string, std::string> keys_of(const Job& job) {
  std::map<std::string, std::string> keys;
  std::string section;
  const std::string text = to_toml(job);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    const std::size_t equals = line.find(" = ");
    if (line.starts_with('['))
      section = line.substr(1, line.find(']') - 1) + ".";
    else if (equals != std::string::npos)
      keys[section + line.substr(0, equals)] = line.substr(equals + 3);
  }
  return keys;
}

std::string differences_html(const std::vector<Run>& runs) {
  std::vector<std::map<std::string, std::string>> jobs;
  std::map<std::string, std::string> all;
  for (const Run& run : runs) {
    jobs.push_back(keys_of(run.job));
    all.insert(jobs.back().begin(), jobs.back().end());
  }
  std::string rows = "<tr><th>key</th>";
  for (const Run& run : runs) rows += "<th>" + html_text(run.name) + "</th>";
  rows += "</tr>\n";
  std::size_t differ = 0;
  for (const auto& entry : all) {
    const std::string& key = entry.first;
    const auto value = [&](std::map<std::string, std::string>& job) { return job.contains(key) ? job[key] : "-"; };
    if (std::ranges::all_of(jobs, [&](auto& job) { return value(job) == value(jobs.front()); })) continue;
    ++differ;
    rows += "<tr><td>" + html_text(key) + "</td>";
    for (auto& job : jobs) rows += "<td>" + html_text(value(job)) + "</td>";
    rows += "</tr>\n";
  }
  return "<h2>Where their jobs differ</h2>\n" + (differ == 0 ? "<p>Nowhere.</p>\n" : scrolling_table(rows));
}

// Fronts among the runs and rows of comparisons: what each size is worth.
std::string sizes_html(const std::vector<Run>& runs, const std::vector<fs::path>& comparisons) {
  std::vector<ComparedRow> rows;
  std::string tables;
  for (const fs::path& folder : comparisons) {
    const std::vector<ComparedRow> more = read_compared(folder);
    if (more.empty()) fail("{} holds no table of this version: vbq report of it alone shows it", folder.string());
    rows.insert(rows.end(), more.begin(), more.end());
    tables += "<h2>Rows of " + html_text(folder.string()) + "</h2>\n" + compared_tables(more, Links::none);
  }
  for (const Run& run : runs) {
    if (!run.summary) continue;
    const std::vector<ComparedRow> more = rows_of_front(*run.summary, run.name);
    rows.insert(rows.end(), more.begin(), more.end());
  }
  return rows.empty() ? "" : "<h2>Sizes</h2>\n" + compared_charts(rows) + tables;
}

std::string body_html(const std::vector<Run>& runs, const std::vector<fs::path>& comparisons) {
  if (runs.empty()) return sizes_html(runs, comparisons);
  return table_html(runs) + sizes_html(runs, comparisons) + "<h2>Curves</h2>\n" + charts(runs) + differences_html(runs);
}

}  // namespace

std::string runs_html(const SideBySide& folders, const fs::path& page) {
  const std::size_t named = folders.runs.size() + folders.comparisons.size();
  if (named > kMostRuns) fail("{} runs were named: a page takes {} at most", named, kMostRuns);
  std::vector<Run> runs;
  runs.reserve(folders.runs.size());
  try {
    for (const fs::path& folder : folders.runs) runs.push_back(read_run(folder, page));
    return html_page("Runs side by side", body_html(runs, folders.comparisons));
  } catch (const nlohmann::json::exception& error) {
    fail("a summary.json or compare.json of these folders is not as vbq writes it ({})", error.what());
  }
}

}  // namespace vbq
