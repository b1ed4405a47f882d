// vbq info of what searches leave behind.
#include <algorithm>
#include <optional>

#include "app/info.hpp"
#include "config/job.hpp"
#include "core/check.hpp"
#include "core/file.hpp"
#include "core/text.hpp"
#include "json/json_file.hpp"
#include "report/comparison.hpp"
#include "report/output.hpp"
#include "report/report_parts.hpp"
#include "report/results_folder.hpp"
#include "report/score_json.hpp"
#include "run/run_place.hpp"

namespace vbq {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestTable = std::uint64_t{64} << 20;

// Lines of history.csv, its head apart; a run that has just begun has none.
std::int64_t generations_done(const fs::path& run) {
  if (!fs::exists(run / "history.csv")) return 0;
  const std::string text = read_file(run / "history.csv", "table", kLargestTable);
  return std::max<std::int64_t>(0, std::count(text.begin(), text.end(), '\n') - 1);
}

Json run_json(const fs::path& run) {
  const Job job = read_job(run / "job.toml", {});
  const std::optional<Json> summary = read_if_there(run / "summary.json");
  const std::int64_t generations = generations_done(run);
  // A run that was prolonged keeps the summary of the shorter one until it ends again.
  const bool ended = summary && summary->value("generations", generations) >= generations;
  return {{"kind", "run"},
          {"folder", run.string()},
          {"network", job.network.string()},
          {"levels", job.format.levels},
          {"generations", generations},
          {"of", job.generations},
          {"ended", ended},
          {"summary", ended ? *summary : Json()}};
}

// "99.33 (98.29 to 99.74), 98.99 as trained".
std::string run_line(const Json& run) {
  std::string text =
      fmt::format("{}: {} in {} levels, {} of {} generations", run.at("folder").get<std::string>(),
                  fs::path(run.at("network").get<std::string>()).filename().string(), run.at("levels").get<int>(),
                  run.at("generations").get<int>(), run.at("of").get<int>());
  const Json& summary = run.at("summary");
  if (summary.is_null()) return text + "; it has not ended\n";
  const Json& after = summary.at("quantised").at("held_out");
  return text + fmt::format("\n  {} on images that the search never saw: {}, as trained {}\n  {:.2f} bits a weight\n",
                            share_name(labels_of(after)), percent_with_interval(top1_of(after)),
                            percent_of(top1_of(summary.at("fp32").at("held_out"))),
                            summary.at("bits_per_weight").get<double>());
}

int tell_runs(const Json& json, const std::vector<Json>& runs, const std::string& command,
              const CommonOptions& common) {
  if (common.json) {
    print_json(json);
    return 0;
  }
  std::string text;
  for (const Json& run : runs) text += run_line(run);
  const bool ended = std::all_of(runs.begin(), runs.end(), [](const Json& run) { return run.at("ended").get<bool>(); });
  print(text + (ended ? "" : "go on with: " + command + "\n"));
  return 0;
}

int tell_folder(const fs::path& folder, const CommonOptions& common) {
  const FolderKind kind = folder_kind(folder);
  if (kind == FolderKind::none) {
    fail("folder {} holds no run: a folder as vbq search or vbq compare makes it was expected", folder.string());
  }
  if (kind == FolderKind::comparison) {
    if (!common.json) {
      print(read_file(folder / "compare.txt", "table", kLargestTable));
      return 0;
    }
    const std::string rows = read_json_text(folder / "compare.json", "table");
    print_json({{"kind", "comparison"},
                {"folder", folder.string()},
                {"formats", parse_json("{\"rows\": " + rows + "}", (folder / "compare.json").string()).at("rows")}});
    return 0;
  }
  const std::string command = resume_command("search", folder, {});
  if (kind == FolderKind::run) {
    const Json run = run_json(folder);
    return tell_runs(run, {run}, command, common);
  }
  std::vector<Json> runs;
  for (const fs::path& run : runs_of_sweep(folder)) runs.push_back(run_json(run));
  return tell_runs({{"kind", "sweep"}, {"folder", folder.string()}, {"runs", runs}}, runs, command, common);
}

// A layer of a best.json: its name, and how many levels in how many codebooks.
Json layer_json(const Json& layer) {
  const Json& levels = layer.at("levels");
  const bool many = levels.is_array() && !levels.empty() && levels.front().is_array();
  std::size_t most = many ? 0 : levels.size();
  for (std::size_t k = 0; many && k < levels.size(); ++k) most = std::max(most, levels[k].size());
  return {{"name", one_line(layer.at("name").get<std::string>())},
          {"levels", most},
          {"codebooks", many ? levels.size() : 1},
          {"assigned", layer.contains("indices")},
          {"matched", layer.contains("gain")}};
}

int tell_format(const fs::path& file, const CommonOptions& common) {
  const Json best = read_json(file, "format");
  if (!best.contains("layers")) fail("{} has no \"layers\": a best.json as vbq writes it was expected", file.string());
  Json json{{"kind", "format"}, {"file", file.string()}};
  for (const char* key : {"vbq", "network_hash", "encoding", "scope", "scale", "scale_by", "assignment", "block"}) {
    if (best.contains(key)) json[key] = best.at(key);
  }
  const Json activations = best.value("activations", Json::array());
  if (activations.is_array() && !activations.empty()) json["activations"] = activations.size();
  json["layers"] = Json::array();
  for (const Json& layer : best.at("layers")) json["layers"].push_back(layer_json(layer));
  if (common.json) {
    print_json(json);
    return 0;
  }
  std::string text =
      fmt::format("format {}: encoding {}, scale {}, assignment {}; of the network with hash {}\n", file.string(),
                  shown(json.value("encoding", Json())), shown(json.value("scale", Json())),
                  shown(json.value("assignment", Json())), shown(json.value("network_hash", Json())));
  if (json.contains("activations")) {
    text += fmt::format("{} values between layers are rounded too\n", json["activations"].get<std::size_t>());
  }
  text += "\n";
  for (const Json& layer : json["layers"]) {
    text += fmt::format("{:<40} {:>4} levels in {} codebook{}{}{}\n", layer["name"].get<std::string>(),
                        layer["levels"].get<std::size_t>(), layer["codebooks"].get<std::size_t>(),
                        layer["codebooks"] == 1 ? "" : "s", layer["assigned"].get<bool>() ? ", levels assigned" : "",
                        layer["matched"].get<bool>() ? ", matched" : "");
  }
  print(text);
  return 0;
}

}  // namespace

int folder_info(const fs::path& folder, const CommonOptions& common) {
  try {
    return tell_folder(folder, common);
  } catch (const Json::exception& error) {
    fail("{} holds a summary.json that is not as vbq writes it ({})", folder.string(), error.what());
  }
}

int format_info(const fs::path& file, const CommonOptions& common) {
  try {
    return tell_format(file, common);
  } catch (const Json::exception& error) {
    fail("{} is not a best.json as vbq writes it ({})", file.string(), error.what());
  }
}

}  // namespace vbq
