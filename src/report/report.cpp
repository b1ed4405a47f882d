#include "report/report.hpp"

#include <fmt/format.h>

#include <optional>

#include "config/job.hpp"
#include "config/names.hpp"
#include "core/check.hpp"
#include "core/file.hpp"
#include "json/json_file.hpp"
#include "report/chart.hpp"
#include "report/compared_rows.hpp"
#include "report/report_classes.hpp"
#include "report/report_front.hpp"
#include "report/report_layers.hpp"
#include "report/report_parts.hpp"
#include "report/report_progress.hpp"
#include "report/report_result.hpp"
#include "report/report_speed.hpp"
#include "report/table.hpp"

namespace vbq {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestJob = std::uint64_t{64} << 20;

std::string settings_html(const Job& job, std::size_t done, bool ended) {
  return fmt::format(
      "<p>{} encoding, scope {}, scale {}, assignment {}, matching {}; {} of {} generations of {} ({}){}.</p>\n",
      name_of<Encoding>(job.format.encoding, kEncodings), name_of<Scope>(job.format.scope, kScopes),
      name_of<ScaleScope>(job.format.scale, kScales), name_of<Assignment>(job.format.assignment, kAssignments),
      name_of<Matching>(job.format.matching, kMatchings), done, job.generations, job.search.population,
      name_of<Method>(job.search.method, kMethods), ended ? "" : "; this run has not ended");
}

// What the points of a front are held against, see starts_of() in run/search_run.cpp.
const char* start_name(const Json& summary, const Format& format) {
  if (format.encoding != Encoding::grid) return "additive allocation";
  return summary.contains("sensitivity_evaluations") ? "steps by measured harm" : "equal steps";
}

std::string results_html(const Json& summary, const Job& job) {
  std::string text;
  if (summary.contains("front")) {
    text += front_html(summary, job.format.coding == Coding::entropy ? Bits::entropy : Bits::fixed,
                       start_name(summary, job.format));
  }
  return text + accuracy_html(summary);
}

// Layers need the network's file, which may be gone, or another by now.
std::string network_html(const fs::path& folder, const Job& job, const Json& best) {
  const FolderLayers read = read_layers(folder, job);
  if (read.missing.empty()) return layers_html(read.layers, job.fitness);
  return codebooks_html(best) +
         fmt::format(
             "<p class=\"note\">The table of layers and the histograms of their weights are left out, for want "
             "of the network: {}</p>\n",
             html_text(read.missing));
}

// What draw(table) makes of a table that is not needed for the rest: runs of before have none. One that is damaged
// leaves a note in its place.
template <typename Draw>
std::string extra_html(const fs::path& path, std::initializer_list<std::string_view> texts, Draw draw) {
  if (!fs::exists(path)) return "";
  try {
    return draw(read_table(path, texts));
  } catch (const Error& error) {
    return fmt::format("<p class=\"note\">Left out: {}</p>\n", html_text(error.what()));
  }
}

std::string speed_of_run_html(const fs::path& folder, const Table& timing) {
  const std::string each = extra_html(folder / "workers.csv", {"host", "device"},
                                      [&](const Table& workers) { return speed_html(timing, &workers); });
  return each.starts_with("<h2>") ? each : speed_html(timing) + each;
}

// A run that vbq compare has made has the comparison's folder around it.
std::string baselines_html(const fs::path& folder) {
  try {
    const std::vector<ComparedRow> rows = read_compared(folder / "..");
    if (rows.empty()) return "";
    return "<h2>Baselines</h2>\n<p>Rows of the vbq compare that this run is part of.</p>\n" + compared_charts(rows) +
           compared_tables(rows, Links::none);
  } catch (const std::exception& error) {  // of another folder: it takes nothing from this page
    return fmt::format("<p class=\"note\">Baselines are left out: {}</p>\n", html_text(error.what()));
  }
}

std::string page(const fs::path& folder) {
  const std::string job_text = read_file(folder / "job.toml", "job file", kLargestJob);
  const Job job = parse_job(job_text, "/", (folder / "job.toml").string(), {});
  const Table history = read_table(folder / "history.csv"), timing = read_table(folder / "timing.csv");
  const std::optional<Json> summary = read_if_there(folder / "summary.json"),
                            best = read_if_there(folder / "best.json");
  std::string text;
  if (summary) text += tiles_html(*summary);
  text += settings_html(job, history["generation"].size(), summary.has_value());
  if (summary) text += results_html(*summary, job);
  if (summary) text += extra_html(folder / "classes.csv", {"name"}, classes_html);
  text += baselines_html(folder);
  if (best) text += network_html(folder, job, *best);
  text += progress_html(history, job);
  if (summary) text += sizes_html(*summary);
  text += speed_of_run_html(folder, timing);
  if (summary) text += machine_html(*summary);
  return html_page(title_of(job), text + fmt::format("<h2>Job</h2>\n<pre>{}</pre>\n", html_text(job_text)));
}

}  // namespace

std::string title_of(const Job& job) {
  const std::string network = job.network.filename().string();
  return job.budget ? fmt::format("{} within {}", network, budget_text(job))
                    : fmt::format("{} in {} levels", network, job.format.levels);
}

std::string report_html(const fs::path& folder) {
  if (!fs::exists(folder / "job.toml") || !fs::exists(folder / "history.csv")) {
    fail("{} holds no run: a folder with job.toml and history.csv, as vbq search makes it, was expected",
         folder.string());
  }
  try {
    return page(folder);
  } catch (const nlohmann::json::exception& error) {
    fail("{} holds a best.json or summary.json that is not as vbq writes it ({})", folder.string(), error.what());
  }
}

}  // namespace vbq
