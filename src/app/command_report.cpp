// vbq report: a run, a sweep, a comparison or a found format as one page.
#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/output.hpp"
#include "app/output_file.hpp"
#include "app/report.hpp"
#include "app/run_place.hpp"
#include "app/unused.hpp"
#include "core/file.hpp"

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

}  // namespace

int command_report(const ReportArguments& arguments, const CommonOptions& common) {
  warn_unused_engine_options(common.engine, "report");
  fs::path what = arguments.folder;
  const bool file = fs::is_regular_file(what);
  const bool of_run =
      file && what.filename() == "best.json" && folder_kind(fs::absolute(what).parent_path()) == FolderKind::run;
  if (of_run) what = what.has_parent_path() ? what.parent_path() : fs::path(".");
  const bool alone = file && !of_run;
  const fs::path own = alone ? fs::path(what).replace_extension(".html") : what / "report.html";
  const fs::path output = arguments.output.value_or(own);
  // report.html in a folder of results is vbq's own, and may be made anew.
  if (alone || arguments.output) {
    std::vector<fs::path> inputs;
    if (alone) inputs.push_back(what);
    for (const char* name : {"job.toml", "history.csv", "timing.csv", "best.json", "summary.json", "compare.txt"}) {
      inputs.push_back(what / name);
    }
    check_output(output, inputs, arguments.overwrite ? Existing::overwrite : Existing::refuse);
  }
  const std::string page = alone ? format_html(what) : page_of(what);
  write_file(output, page);
  if (common.json) {
    print_json({{"output", output.string()}, {"bytes", page.size()}});
  } else {
    print(output.string() + "\n");
  }
  return 0;
}

}  // namespace vbq
