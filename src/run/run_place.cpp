#include "run/run_place.hpp"

#include <algorithm>
#include <system_error>

#include "config/names.hpp"
#include "core/check.hpp"
#include "core/text.hpp"
#include "report/results_folder.hpp"
#include "store/checkpoint.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace {

// All that vbq search and vbq compare write, checkpoints apart.
constexpr const char* kFiles[] = {"job.toml",       "history.csv",    "timing.csv",  "best.json",   "summary.json",
                                  "calibration.h5", "sensitivity.h5", "kernels.h5",  "best.onnx",   "report.html",
                                  "front.csv",      "classes.csv",    "workers.csv", "compare.txt", "compare.csv",
                                  "compare.json",   "conclusion.json"};

bool same_file(const fs::path& a, const fs::path& b) {
  std::error_code code;
  return fs::equivalent(a, b, code);
}

// As a shell takes it.
std::string typed(const fs::path& path) {
  std::string text = path.string();
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("_./=+,:@%-").find(c) < 12;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return text;
  return shell_quoted(text);
}

// Of an exploring look, too.
bool has_checkpoint(const fs::path& folder) {
  std::error_code code;
  for (fs::directory_iterator entry(folder, code), end; entry != end && !code; entry.increment(code)) {
    if (is_checkpoint_name(entry->path().filename().string())) return true;
  }
  return false;
}

// The folder of results that stands in the job's place, or whose own job.toml does; empty: it is a job file.
fs::path folder_in_job_place(const SearchArguments& arguments) {
  if (is_folder(arguments.job)) return arguments.job;
  if (!arguments.resume) return {};
  if (!there(arguments.job)) {
    fail("neither a job file nor a run's folder is at {}: --resume expects one of them", arguments.job.string());
  }
  if (arguments.job.filename() != "job.toml") return {};
  const fs::path folder = arguments.job.has_parent_path() ? arguments.job.parent_path() : fs::path(".");
  if (arguments.run && !same_file(*arguments.run, folder)) return {};
  const FolderKind kind = folder_kind(folder);
  // A run's table of sensitivities is there before its first generation.
  const bool begun = kind != FolderKind::run || there(folder / "history.csv") || there(folder / "sensitivity.h5") ||
                     has_checkpoint(folder);
  return begun ? folder : fs::path();
}

// Of a folder in the job's place.
void check_folder(const std::string& command, const SearchArguments& arguments, const fs::path& folder) {
  const FolderKind kind = folder_kind(folder);
  if (kind == FolderKind::none) {
    fail("folder {} holds no run: a job file, or with --resume a run's folder, was expected", folder.string());
  }
  const std::string right = kind == FolderKind::comparison ? "compare" : "search";
  if (right != command || !arguments.resume) {
    fail("{} is a folder of vbq {}'s results: vbq {} --resume {} goes on with it", folder.string(), right, right,
         typed(folder));
  }
  const fs::path above = fs::absolute(folder).lexically_normal() / "..";
  const FolderKind whole = folder_kind(above);
  if (whole == FolderKind::sweep || whole == FolderKind::comparison) {
    fail("{} is one part of {}: vbq {} --resume {} goes on with the whole", folder.string(),
         fs::canonical(above).string(), whole == FolderKind::sweep ? "search" : "compare", typed(fs::canonical(above)));
  }
  if (arguments.run && !same_file(*arguments.run, folder)) {
    fail("--run {} is given besides the run's folder {}: one of them was expected", arguments.run->string(),
         folder.string());
  }
  if (!there(folder / "job.toml")) {
    fail("folder {} has no job.toml (vbq 0.1.0 left none in a sweep's folder): the job file and --run {} were expected",
         folder.string(), typed(folder));
  }
}

}  // namespace

// Engine and precision are part of what a resume must agree in, and not of the job.
std::string resume_command(const std::string& command, const fs::path& folder, const CommonOptions& common) {
  std::string text = fmt::format("vbq {} --resume {}", command, typed(folder));
  if (common.engine.kind != EngineKind::automatic) {
    text += fmt::format(" --engine {}", name_of<EngineKind>(common.engine.kind, kEngines));
  }
  if (common.engine.precision != Precision::fp32) {
    text += fmt::format(" --precision {}", name_of<Precision>(common.engine.precision, kPrecisions));
  }
  return text;
}

RunPlace run_place(const std::string& command, const SearchArguments& arguments, const CommonOptions& common) {
  RunPlace place{arguments.job, folder_in_job_place(arguments), arguments.resume ? Start::resume : Start::fresh, {}};
  if (!place.folder.empty()) {
    check_folder(command, arguments, place.folder);
    place.job = place.folder / "job.toml";
  } else {
    const std::string name = arguments.job.stem().string() + (command == "compare" ? "-compare" : "");
    place.folder = arguments.run.value_or(fs::path("runs") / name);
    if (same_file(place.job, place.folder / "job.toml") && !there(place.folder / "history.csv")) {
      fail("folder {} holds the job file {} itself, which the run's own would replace: --run names another folder",
           place.folder.string(), place.job.string());
    }
  }
  place.go_on = resume_command(command, place.folder, common);
  return place;
}

void check_page_output(const fs::path& output, const fs::path& of) {
  const auto is_own = [](const std::string& name) {
    return name == ".lock" || is_checkpoint_name(name) || std::ranges::find(kFiles, name) != std::end(kFiles);
  };
  const auto refuse = [&](const fs::path& own) {
    fail("output {} is {}, which is the run's own: another file was expected (a run's page is its report.html)",
         output.string(), own.string());
  };
  const fs::path folder = output.has_parent_path() ? output.parent_path() : fs::path(".");
  const std::string name = output.filename().string();
  if (folder_kind(folder) != FolderKind::none && is_own(name) && name != "report.html") refuse(folder / name);
  std::error_code code;
  for (fs::directory_iterator entry(of, code), end; entry != end && !code; entry.increment(code)) {
    const std::string other = entry->path().filename().string();
    if (is_own(other) && other != "report.html" && same_file(entry->path(), output)) refuse(entry->path());
  }
}

void check_inputs(const fs::path& folder, const std::vector<fs::path>& inputs) {
  for (const char* name : kFiles) {
    for (const fs::path& input : inputs) {
      if (!same_file(folder / name, input)) continue;
      fail("the run would write over {}, which it reads: --run names another folder", input.string());
    }
  }
}

}  // namespace vbq
