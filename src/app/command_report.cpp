// vbq report: a run as one page.
#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/output.hpp"
#include "app/report.hpp"
#include "app/unused.hpp"
#include "core/check.hpp"
#include "core/file.hpp"

namespace vbq {

int command_report(const ReportArguments& arguments, const CommonOptions& common) {
  warn_unused_engine_options(common.engine, "report");
  const std::filesystem::path output = arguments.output.value_or(arguments.folder / "report.html");
  const std::string page = report_html(arguments.folder);
  write_file(output, page);
  if (common.json) {
    print_json({{"output", output.string()}, {"bytes", page.size()}});
  } else {
    print(output.string() + "\n");
  }
  return 0;
}

}  // namespace vbq
