#include "run/extras.hpp"

#include "core/check.hpp"
#include "core/file.hpp"
#include "core/log.hpp"
#include "report/report.hpp"
#include "run/export_file.hpp"

namespace vbq {

void write_extras(const Setup& setup, const JobOutcome& outcome, const std::filesystem::path& folder) {
  try {
    export_file(setup.job.network, setup.job.network_output, folder / "best.json", folder / "best.onnx",
                {outcome.sizes.files.smallest_exact(), {}, Readers::any});
  } catch (const WriteError&) {
    throw;
  } catch (const std::exception& error) {
    log::warning("no best.onnx: {}", error.what());
  }
  try {
    write_file(folder / "report.html", report_html(folder));
  } catch (const WriteError&) {
    throw;
  } catch (const std::exception& error) {
    log::warning("no report.html: {}", error.what());
  }
}

}  // namespace vbq
