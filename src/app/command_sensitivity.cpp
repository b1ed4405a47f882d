// vbq sensitivity: each layer alone at each number of levels, and how a budget is best shared out.
#include <system_error>
#include <utility>

#include "app/commands.hpp"
#include "core/check.hpp"
#include "core/lock.hpp"
#include "core/log.hpp"
#include "core/stop.hpp"
#include "json/json.hpp"
#include "report/output.hpp"
#include "run/kept_kernels.hpp"
#include "run/ranks.hpp"
#include "run/run_job.hpp"
#include "run/sensitivity.hpp"
#include "run/space.hpp"
#include "run/stopping.hpp"

namespace vbq {
namespace {

void check_job(const Job& job) {
  if (job.format.widths == Widths::own && job.sweep.empty()) return;
  fail(
      "vbq sensitivity is of a budget that layers share out: format.budget with format.encoding = \"values\", "
      "format.scope = \"layer\" and one number of levels at most was expected");
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  if (code) fail("cannot make folder {}: {}", folder.string(), code.message());
}

int lead(Setup& setup, Evaluator& evaluator, const ComputeInfo& compute, const RunPlace& place,
         const CommonOptions& common) {
  make_folder(place.folder);
  const FolderLock lock(place.folder);
  keep_calibration(setup);
  keep_kernels(setup, compute.kernels);
  Progress progress(common.quiet, common.screen);
  const Choices choices = make_space(setup).choices;
  try {
    const Sensitivity found = find_sensitivity(setup, choices, evaluator, compute, place.folder, progress);
    if (common.json) {
      print_json(sensitivity_json(setup, choices, found));
    } else {
      print(sensitivity_text(setup, choices, found));
    }
    return 0;
  } catch (const Stopped&) {
    progress.end_line();
    log::info("stopped {}: the same command goes on from what {} holds", stop_text(), place.folder.string());
    if (common.json) print_json({{"stopped", stop_text()}, {"exit_code", kExitStopped}});
    return kExitStopped;
  }
}

}  // namespace

int command_sensitivity(const SearchArguments& arguments, const CommonOptions& common) {
  heed_stops();
  return on_all_ranks([&](Communicator& world) {
    const RunPlace place = share_place(world, "sensitivity", arguments, common);
    const Job job = share_job(world, place.job, arguments.set);
    agree(world, [&] { check_job(job); });
    std::string network = share_network(world, job.network);
    Setup setup = agree(world, [&] { return make_setup(job, std::move(network), common.engine); });
    agree(world, [&] { check_workers(setup, worker_count(world)); });
    find_activations(world, setup);
    find_calibration(world, setup, place.folder);
    find_kernels(world, setup, place.folder);
    std::int64_t code = with_evaluator(world, setup.problem, [&](Evaluator& evaluator, const ComputeInfo& compute) {
      return lead(setup, evaluator, compute, place, common);
    });
    world.broadcast(std::span(&code, 1));
    return static_cast<int>(code);
  });
}

}  // namespace vbq
