// vbq report: a run as one page.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/report.hpp"
#include "core/check.hpp"
#include "core/file.hpp"

namespace vbq {

int command_report(const ReportArguments& arguments, const CommonOptions& common) {
  const std::filesystem::path output = arguments.output.value_or(arguments.folder / "report.html");
  const std::string page = report_html(arguments.folder);
  write_file(output, page);
  const std::string text = common.json
                               ? nlohmann::ordered_json{{"output", output.string()}, {"bytes", page.size()}}.dump()
                               : output.string();
  std::fputs((text + "\n").c_str(), stdout);
  return 0;
}

}  // namespace vbq
