// vbq search: on rank 0 the search, on the others (or, alone, in the same process) the evaluation. A list of widths is
// a sweep: one search after the other, each in a folder of its own and starting from what the one before has found.
#include <utility>

#include "app/commands.hpp"
#include "app/export_file.hpp"
#include "app/output.hpp"
#include "app/ranks.hpp"
#include "app/report.hpp"
#include "app/run_job.hpp"
#include "app/stopping.hpp"
#include "app/summary.hpp"
#include "core/check.hpp"
#include "core/file.hpp"
#include "core/log.hpp"
#include "quant/widen.hpp"

namespace vbq {
namespace {

std::filesystem::path default_run(const std::filesystem::path& job) {
  return std::filesystem::path("runs") / job.stem();
}

// What an ended run leaves besides its results proper; when it cannot, the results stand all the same.
void write_extras(const Setup& setup, const JobOutcome& outcome, const std::filesystem::path& folder) {
  try {
    export_file(setup.job.network, folder / "best.json", folder / "best.onnx", outcome.sizes.files.smallest_exact());
  } catch (const std::exception& error) {
    log::warning("no best.onnx: {}", error.what());
  }
  try {
    write_file(folder / "report.html", report_html(folder));
  } catch (const std::exception& error) {
    log::warning("no report.html: {}", error.what());
  }
}

void print(const JobOutcome& outcome, const CommonOptions& common) {
  vbq::print(common.json ? outcome.summary : summary_text(outcome.result, outcome.sizes));
}

}  // namespace

int command_search(const SearchArguments& arguments, const CommonOptions& common) {
  heed_stops();  // before MPI starts, which takes a while
  return on_all_ranks([&](Communicator& world) {
    const Job job = share_job(world, arguments.job, arguments.set);
    std::string network = share_network(world, job.network);
    Setup setup = agree(world, [&] { return make_setup(job, std::move(network), common.engine); });
    const std::filesystem::path folder = arguments.run.value_or(default_run(arguments.job));
    find_calibration(world, setup, folder);
    if (job.sweep.empty()) {
      const JobOutcome outcome = run_job(world, setup, folder, arguments.resume, common);
      if (world.rank() == 0 && outcome.code == 0) {
        write_extras(setup, outcome, folder);
        print(outcome, common);
      }
      return outcome.code;
    }
    std::optional<std::pair<Genome, Format>> before;
    for (const int levels : job.sweep) {
      Setup one = with_job(setup, job_of_width(setup.job, levels));
      if (before) one.starts = {widen(before->first, before->second, one.problem.format)};
      const auto own = folder / width_name(levels);
      // One that has not begun yet is begun, not resumed.
      const bool resume = arguments.resume && std::filesystem::exists(own);
      const JobOutcome outcome = run_job(world, one, own, resume, common);
      setup.keep_calibration = one.keep_calibration;  // done by the first
      setup.warnings = one.warnings;
      if (outcome.code != 0) return outcome.code;
      if (world.rank() != 0) continue;
      write_extras(one, outcome, own);
      print(outcome, common);
      before.emplace(outcome.result.best.genome, one.problem.format);
    }
    return 0;
  });
}

}  // namespace vbq
