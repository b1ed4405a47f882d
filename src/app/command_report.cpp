// vbq report: a run, a sweep, a comparison, a found format, or several runs as one page.
#include <string>
#include <vector>

#include "app/commands.hpp"
#include "app/output_file.hpp"
#include "config/unused.hpp"
#include "core/check.hpp"
#include "core/file.hpp"
#include "json/json.hpp"
#include "report/output.hpp"
#include "report/report.hpp"
#include "report/results_folder.hpp"
#include "run/run_place.hpp"
#include "store/file_kind.hpp"

namespace vbq {
namespace {

namespace fs = std::filesystem;

// Of a sweep, each width's own page is made anew too: the page links to it.
std::string page_of(const fs::path& what) {
  switch (folder_kind(what)) {
    case FolderKind::comparison:
      return comparison_html(what);
    case FolderKind::sweep:
      for (const fs::path& run : runs_of_sweep(what)) {
        if (fs::exists(run / "history.csv")) write_file(run / "report.html", report_html(run));
      }
      return sweep_html(what);
    case FolderKind::run:
    case FolderKind::none:
      break;
  }
  return report_html(what);
}

// What is often named in the place of a folder or a best.json.
void refuse_other_files(const fs::path& file) {
  std::string found;
  if (looks_like_network(file)) found = "network";
  if (file.extension() == ".toml") found = "job";
  if (identify(file) == FileKind::dataset) found = "dataset";
  if (identify(file) == FileKind::checkpoint) found = "checkpoint";
  if (found.empty()) return;
  fail("{} is a {}, where the folder of a run or a best.json was expected (vbq info shows what is in it)",
       file.string(), found);
}

void print_output(const fs::path& output, const std::string& page, const CommonOptions& common) {
  if (common.json) {
    print_json({{"output", output.string()}, {"bytes", page.size()}});
  } else {
    print(output.string() + "\n");
  }
}

// What several folders hold; of a sweep, each of its widths.
SideBySide side_by_side(const std::vector<fs::path>& folders) {
  SideBySide found;
  for (const fs::path& folder : folders) {
    const FolderKind kind = folder_kind(folder);
    if (kind == FolderKind::sweep) {
      for (const fs::path& run : runs_of_sweep(folder)) found.runs.push_back(run);
    } else if (kind == FolderKind::comparison) {
      found.comparisons.push_back(folder);
    } else if (kind == FolderKind::run && fs::exists(folder / "history.csv")) {
      found.runs.push_back(folder);
    } else {
      fail("{} holds no run: side by side, folders of runs, sweeps and comparisons were expected", folder.string());
    }
  }
  return found;
}

int report_several(const ReportArguments& arguments, const CommonOptions& common) {
  const SideBySide folders = side_by_side(arguments.folders);
  const fs::path output = arguments.output.value_or("runs.html");
  for (const fs::path& folder : arguments.folders) check_page_output(output, folder);
  check_output(output, {}, arguments.overwrite ? Existing::overwrite : Existing::refuse);
  const std::string page = runs_html(folders, output);
  write_file(output, page);
  print_output(output, page, common);
  return 0;
}

}  // namespace

int command_report(const ReportArguments& arguments, const CommonOptions& common) {
  warn_unused_engine_options(common.engine, "report");
  if (arguments.folders.size() > 1) return report_several(arguments, common);
  fs::path what = arguments.folders.front();
  const bool file = fs::is_regular_file(what);
  if (file) refuse_other_files(what);
  const bool of_run =
      file && what.filename() == "best.json" && folder_kind(fs::absolute(what).parent_path()) == FolderKind::run;
  if (of_run) what = what.has_parent_path() ? what.parent_path() : fs::path(".");
  const bool alone = file && !of_run;
  const fs::path own = alone ? fs::path(what).replace_extension(".html") : what / "report.html";
  const fs::path output = arguments.output.value_or(own);
  // report.html in a folder of results is vbq's own, and may be made anew.
  if (alone || arguments.output) {
    check_page_output(output, what);
    check_output(output, alone ? std::vector{what} : std::vector<fs::path>(),
                 arguments.overwrite ? Existing::overwrite : Existing::refuse);
  }
  const std::string page = alone ? format_html(what) : page_of(what);
  write_file(output, page);
  print_output(output, page, common);
  return 0;
}

}  // namespace vbq
