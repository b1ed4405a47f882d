#include "report/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include "config/job.hpp"
#include "config/names.hpp"
#include "core/check.hpp"
#include "core/file.hpp"
#include "json/json_file.hpp"
#include "report/chart.hpp"
#include "report/progress.hpp"
#include "report/report_front.hpp"
#include "report/report_parts.hpp"
#include "report/score_json.hpp"

namespace vbq {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestTable = std::uint64_t{64} << 20;

// history.csv, timing.csv: a head line, then numbers alone.
struct Table {
  std::vector<std::string> names;
  std::vector<std::vector<double>> columns;

  const std::vector<double>& operator[](std::string_view name) const {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) fail("a table has no column \"{}\"", name);
    return columns[static_cast<std::size_t>(found - names.begin())];
  }
};

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(by);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

double number(std::string_view field, const fs::path& path) {
  double value = 0;
  const auto [end, code] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (code != std::errc() || end != field.data() + field.size() || !std::isfinite(value)) {
    fail("{} has the field \"{}\", where a number was expected", path.string(), field.substr(0, 40));
  }
  return value;
}

Table read_table(const fs::path& path) {
  constexpr std::ptrdiff_t kMostColumns = 64;
  const std::string text = read_file(path, "table", kLargestTable);
  Table table;
  for (std::string_view rest(text); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.empty()) continue;
    const std::ptrdiff_t count = std::count(line.begin(), line.end(), ',') + 1;
    if (count > kMostColumns || (!table.names.empty() && count != std::ssize(table.names))) {
      fail("{} has a line of {} fields: {} were expected", path.string(), count,
           table.names.empty() ? kMostColumns : std::ssize(table.names));
    }
    const auto fields = split(line, ',');
    if (table.names.empty()) {
      table.names.assign(fields.begin(), fields.end());
      table.columns.resize(fields.size());
      continue;
    }
    for (std::size_t k = 0; k < fields.size(); ++k) table.columns[k].push_back(number(fields[k], path));
  }
  return table;
}

std::string tiles(const Json& summary) {
  const Json &before = summary.at("fp32").at("held_out"), &after = summary.at("quantised").at("held_out");
  std::string text = "<div class=\"tiles\">\n";
  if (after.at("images").get<std::int64_t>() > 0) {
    text += html_tile(percent_of(top1_of(after)),
                      fmt::format("{} quantised, on images that the search never saw", share_name(labels_of(after))));
    if (labels_of(after) == Labels::given) {
      text += html_tile(percent_of(top1_of(before)), "top-1 as trained (FP32), same images");
    }
  }
  const bool entropy = summary.value("coding", "fixed") == "entropy";  // runs of before do not say it
  const Json& size = entropy ? summary.at("sizes") : summary;
  text += html_tile(
      fmt::format("{:.2f}", size.at(entropy ? "entropy_coded_bits_per_weight" : "bits_per_weight").get<double>()),
      entropy ? "bits per weight, levels at their entropy, codebooks and scales counted"
              : "bits per weight, codebooks and scales counted");
  const double share =
      size.at(entropy ? "entropy_coded" : "bytes").get<double>() / (4 * summary.at("weights").get<double>());
  text += html_tile(fmt::format("{:.1f} %", 100 * share), "of the weights' size in FP32");
  return text + "</div>\n";
}

std::string accuracy(const Json& summary) {
  std::string text = fmt::format(
      "<h2>Accuracy</h2>\n<table><tr><th></th><th>images</th><th>{} (95 % interval)</th><th>top-5</th>"
      "<th class=\"number\">loss</th></tr>\n",
      share_name(labels_of(summary.at("quantised").at("held_out"))));
  const auto rows = [&](const Json& scores, const char* network) {
    for (const auto& [images, images_name] :
         {std::pair{"held_out", "held out"}, {"search", "searched on"}, {"validation", "for validation"}}) {
      const auto score = scores.find(images);
      if (score == scores.end()) continue;
      text += fmt::format("<tr><td>{}</td><td>{} {}</td><td>{}</td><td>{}</td><td class=\"number\">{}</td></tr>\n",
                          network, thousands(score->at("images").get<long long>()), images_name,
                          percent_with_interval(top1_of(*score)), percent_of(top5_of(*score)),
                          score->contains("loss") ? fmt::format("{:.4f}", score->at("loss").get<double>()) : "");
    }
  };
  rows(summary.at("fp32"), "as trained");
  const auto beginning = summary.find("beginning");
  if (beginning == summary.end()) {
    rows(summary.at("quantised"), "quantised");
    return text + "</table>\n";
  }
  const bool start = beginning->at("delivered") == "start";
  rows(beginning->at("start"), start ? "the search's start (delivered)" : "the search's start");
  rows(beginning->at("searched"), start ? "searched" : "searched (delivered)");
  text += "</table>\n";
  if (const auto gain = beginning->find("validation_gain"); gain != beginning->end()) {
    text += fmt::format("<p>{} (one-sided, over blocks of validation images: p = {:.2g})</p>\n",
                        start ? "The search's gain over its start may be chance, so the start is delivered."
                              : "The searched network is better than the search's start.",
                        gain->at("p").get<double>());
  }
  return text;
}

// Bytes; nothing for a run of a vbq that did not write them.
std::string sizes(const Json& summary) {
  const auto found = summary.find("sizes");
  if (found == summary.end()) return "";
  std::string text = "<h2>Size</h2>\n<table>\n";
  const auto line = [&](const std::string& name, const Json& bytes) {
    text += html_row(name, bytes.is_number() ? thousands(bytes.get<long long>()) + " bytes" : "not possible");
  };
  for (const auto& [key, name] : {std::pair{"weights_fp32_as_trained", "weights as trained (FP32)"},
                                  {"weights", "weights quantised"},
                                  {"codes", "of which codes"},
                                  {"codebooks", "codebooks"},
                                  {"scales", "scales"},
                                  {"shifts", "shifts of matching"},
                                  {"weights_left_fp32", "weights left in FP32"},
                                  {"beside_fp32", "beside the weights, in FP32"}}) {
    line(name, found->at(key));
  }
  const Json& files = found->at("files");
  if (files.is_object()) {
    for (const auto& [form, bytes] : files.items()) {
      line(form == "as_trained" ? "file as trained" : "file exported in form " + form, bytes);
    }
  }
  return text + "</table>\n";
}

std::string progress_charts(const Table& history, const Job& job) {
  const std::vector<double>& generations = history["generation"];
  if (job.front) {
    return "<h2>Search</h2>\n" +
           line_chart({"hypervolume: the mean over all sizes of minus the logarithm of the harm (higher is better)",
                       "generation",
                       generations,
                       {{"hypervolume", history["hypervolume"]}}}) +
           line_chart(
               {"networks that no other undercuts", "generation", generations, {{"networks", history["networks"]}}});
  }
  // Divergence and loss are stored negative, so that larger is better.
  const bool within = job.budget.has_value();
  const bool negative = job.fitness != Fitness::top1 && !within;
  const auto shown = [&](const char* name) {
    std::vector<double> values = history[name];
    for (double& v : values) v = negative ? -v : v;
    return values;
  };
  const std::string name = within ? fmt::format("fitness within the budget, of {} and size,", fitness_name(job.fitness))
                                  : fitness_name(job.fitness);
  const bool agreement = std::ranges::find(history.names, "agreement") != history.names.end();
  const std::string share = share_name(agreement ? Labels::of_fp32 : Labels::given);
  const char* column = agreement ? "agreement" : "top1";
  std::string text = "<h2>Search</h2>\n";
  text += line_chart({name + " on the search's images (" + (negative ? "lower" : "higher") + " is better)",
                      "generation",
                      generations,
                      {{"best", shown("best")}, {"median of the population", shown("median")}},
                      negative});
  text += line_chart(
      {share + " of the best on the search's images, %", "generation", generations, {{share, history[column]}}});
  text += line_chart({"diversity: spread of the genes, as a share of a codebook's width",
                      "generation",
                      generations,
                      {{"diversity", history["diversity"]}}});
  return text;
}

std::string speed(const Table& timing) {
  const std::vector<double>& seconds = timing["seconds"];
  double whole = 0;
  for (const double s : seconds) whole += s;
  const auto share = [&](const char* name) {
    const std::vector<double>& shares = timing[name];
    double sum = 0;
    for (std::size_t k = 0; k < seconds.size(); ++k) sum += seconds[k] * shares[k];
    return fmt::format("{:.1f} %", whole > 0 ? 100 * sum / whole : 0);
  };
  std::string text = "<h2>Speed</h2>\n";
  text += line_chart({"images a second",
                      "generation",
                      timing["generation"],
                      {{"images a second", timing["images_per_second"]}},
                      false,
                      true});
  text += "<table>\n" + html_row("time in inference", share("inference")) +
          html_row("time in quantising", share("quantise")) +
          html_row("time in communication and waiting", share("communication")) +
          html_row("generations took", duration_text(whole));
  return text + "</table>\n";
}

std::string machine(const Json& summary) {
  std::string text = "<h2>Machine</h2>\n<table>\n";
  for (const char* key : {"ranks", "workers", "threads_per_worker", "engine", "precision", "device", "instruction_set",
                          "library", "evaluations", "images_inferred", "seed", "network_hash", "data_hash"}) {
    const auto found = summary.find(key);
    if (found == summary.end()) continue;
    std::string name = key;
    std::replace(name.begin(), name.end(), '_', ' ');
    text += html_row(name, found->is_string()      ? found->get<std::string>()
                           : found->is_primitive() ? found->dump()
                                                   : "-");
  }
  return text + "</table>\n";
}

std::string page(const fs::path& folder) {
  const std::string job_text = read_file(folder / "job.toml", "job file", kLargestTable);
  const Job job = parse_job(job_text, "/", (folder / "job.toml").string(), {});
  const Table history = read_table(folder / "history.csv"), timing = read_table(folder / "timing.csv");
  const std::optional<Json> summary = read_if_there(folder / "summary.json"),
                            best = read_if_there(folder / "best.json");
  const std::string network = job.network.filename().string();
  const std::string title = job.budget ? fmt::format("{} within {}", network, budget_text(job))
                                       : fmt::format("{} in {} levels", network, job.format.levels);
  std::string text;
  if (summary) text += tiles(*summary);
  const std::size_t done = history["generation"].size();
  text += fmt::format(
      "<p>{} encoding, scope {}, scale {}, assignment {}, matching {}; {} of {} generations of {} ({}){}.</p>\n",
      name_of<Encoding>(job.format.encoding, kEncodings), name_of<Scope>(job.format.scope, kScopes),
      name_of<ScaleScope>(job.format.scale, kScales), name_of<Assignment>(job.format.assignment, kAssignments),
      name_of<Matching>(job.format.matching, kMatchings), done, job.generations, job.search.population,
      name_of<Method>(job.search.method, kMethods), summary ? "" : "; this run has not ended");
  if (summary && summary->contains("front")) {
    text += front_html(summary->at("front"), job.format.coding == Coding::entropy ? Bits::entropy : Bits::fixed);
  }
  if (summary) text += accuracy(*summary);
  if (summary) text += sizes(*summary);
  text += progress_charts(history, job);
  if (best) text += codebooks_html(*best);
  text += speed(timing);
  if (summary) text += machine(*summary);
  return html_page(title, text + fmt::format("<h2>Job</h2>\n<pre>{}</pre>\n", html_text(job_text)));
}

}  // namespace

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
