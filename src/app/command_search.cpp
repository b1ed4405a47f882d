// vbq search: on rank 0 the search, on the others (or, alone, in the same process) the evaluation. A list of widths is
// a sweep: one search after the other, each in a folder of its own and starting from what the one before has found.
#include <optional>
#include <utility>

#include "app/commands.hpp"
#include "core/file.hpp"
#include "json/json.hpp"
#include "quant/widen.hpp"
#include "report/output.hpp"
#include "report/report.hpp"
#include "run/extras.hpp"
#include "run/kept_kernels.hpp"
#include "run/ranks.hpp"
#include "run/run_job.hpp"
#include "run/stopping.hpp"
#include "run/summary.hpp"

namespace vbq {
namespace {

JobOutcome one_width(Communicator& world, Setup& setup, const RunPlace& place, const CommonOptions& common,
                     const std::function<void()>& begun = {}) {
  JobOutcome outcome = run_job(world, setup, place, common, begun);
  if (world.rank() != 0 || outcome.code != 0) return outcome;
  write_extras(setup, outcome, place.folder);
  if (!common.json) print(summary_text(setup, outcome.result, outcome.sizes));
  return outcome;
}

// All widths of the job. The folder of the whole holds the job, so that it can be gone on with.
int sweep(Communicator& world, Setup& setup, const RunPlace& place, const CommonOptions& common) {
  Json searches = Json::array();
  std::optional<std::pair<Genome, Format>> before;
  world.stay_together();  // each width begins with all ranks
  const auto begun = [&] { write_file(place.folder / "job.toml", to_toml(setup.job)); };
  for (const int levels : setup.job.sweep) {
    find_kernels(world, setup, place.folder);  // the first width leaves them
    Setup one = with_job(setup, job_of_width(setup.job, levels));
    if (before) one.starts = {widen(before->first, before->second, one.problem.format)};
    RunPlace own = place;
    own.folder /= width_name(levels);
    if (!std::filesystem::exists(own.folder)) own.start = Start::fresh;  // one that has not begun yet is begun
    const JobOutcome outcome = one_width(world, one, own, common, begun);
    setup.keep_calibration = one.keep_calibration;  // done by the first
    setup.warnings = one.warnings;
    if (outcome.code != 0) return outcome.code;
    if (world.rank() != 0) continue;
    searches.push_back(Json::parse(outcome.summary));
    before.emplace(outcome.result.best.genome, one.problem.format);
  }
  if (world.rank() != 0) return 0;
  write_file(place.folder / "report.html", sweep_html(place.folder));
  if (common.json) print_json({{"run", place.folder.string()}, {"searches", std::move(searches)}});
  return 0;
}

}  // namespace

int command_search(const SearchArguments& arguments, const CommonOptions& common) {
  heed_stops();  // before MPI starts, which takes a while
  return on_all_ranks([&](Communicator& world) {
    const RunPlace place = share_place(world, "search", arguments, common);
    const Job job = share_job(world, place.job, arguments.set);
    std::string network = share_network(world, job.network);
    Setup setup = agree(world, [&] { return make_setup(job, std::move(network), common.engine); });
    agree(world, [&] { check_workers(setup, worker_count(world)); });
    find_activations(world, setup);
    find_calibration(world, setup, place.folder);
    int code = 0;
    if (!job.sweep.empty()) {
      code = sweep(world, setup, place, common);
    } else {
      find_kernels(world, setup, place.folder);
      const JobOutcome outcome = one_width(world, setup, place, common);
      if (world.rank() == 0 && outcome.code == 0 && common.json) print(outcome.summary);
      code = outcome.code;
    }
    if (world.rank() == 0 && code == kExitStopped) tell_stopped(place, common);
    return code;
  });
}

}  // namespace vbq
