// vbq compare: formats that need no search, and searches, on the same images: at widths, or within budgets.
#include <utility>

#include "app/commands.hpp"
#include "app/comparison.hpp"
#include "config/unused.hpp"
#include "core/check.hpp"
#include "core/stop.hpp"
#include "run/data_warnings.hpp"
#include "run/kept_kernels.hpp"
#include "run/ranks.hpp"
#include "run/run_job.hpp"
#include "run/scores.hpp"
#include "run/stopping.hpp"

namespace vbq {
namespace {

// Searches have equally many evaluations, and rows are codebooks of as many levels each, or keep the same budget.
void check_comparable(const Job& job) {
  if (job.seconds > 0 || job.patience > 0) {
    fail(
        "search.{} is given: the searches of vbq compare have equally many generations each; set search.{} to 0, and "
        "search.generations (of this job: {})",
        job.seconds > 0 ? "seconds" : "patience", job.seconds > 0 ? "seconds" : "patience", job.generations);
  }
  if (job.budget) {
    if (job.sweep.empty()) return;
    fail("format.budget is given, and several widths are: vbq compare goes through one of the two");
  }
  if (job.format.encoding != Encoding::grid && job.format.rate == 0.0) return;
  fail(
      "format.encoding is \"grid\", or format.rate is not 0: without format.budget vbq compare sets codebooks of "
      "equally many levels side by side; with it, grids too");
}

// Exit code: 75 when asked to stop.
int lead(Job job, Setup& setup, Evaluator& evaluator, const ComputeInfo& compute, const RunPlace& place,
         const CommonOptions& common) {
  check_inputs(place.folder, {setup.job.network, setup.job.data, setup.job.calibration.value_or("")});
  job.search_images = setup.job.search_images;  // as resolved
  job.validation_images = setup.job.validation_images;
  job.format.delivery_images = setup.job.format.delivery_images;
  job.network_output = setup.job.network_output;
  ComparedRows comparison(evaluator, compute, setup, place, common);
  try {
    comparison.begin(job);
    if (!(job.budget ? compare_budgets(comparison, job) : compare_widths(comparison, job))) return kExitStopped;
  } catch (const Stopped&) {
    return kExitStopped;
  }
  comparison.tell();
  return 0;
}

}  // namespace

int command_compare(const SearchArguments& arguments, const CommonOptions& common) {
  return on_all_ranks([&](Communicator& world) {
    heed_stops();
    const RunPlace place = share_place(world, "compare", arguments, common);
    const Job job = share_job(world, place.job, arguments.set);
    check_comparable(job);
    std::string network = share_network(world, job.network);
    Setup setup = agree(world, [&] {
      return make_setup(job.budget ? job_of_budget(job, budgets_of(job).front()) : job, std::move(network),
                        common.engine);
    });
    agree(world, [&] {
      if (labels_of(setup.problem, ImageSet::held_out) == Labels::of_fp32) {
        fail("vbq compare sets accuracies side by side: {} has no labels", job.data.string());
      }
      check_workers(setup, worker_count(world));
    });
    const Assignment asked = setup.problem.format.assignment;
    setup.problem.format.assignment = Assignment::compensated;  // some rows will need it
    find_activations(world, setup);
    find_calibration(world, setup, place.folder);
    find_kernels(world, setup, place.folder);
    setup.problem.format.assignment = asked;
    if (!job.budget) add_warnings(setup.warnings, unused_keys_of_compare(setup.job));
    setup.problem.population = setup.job.search.population;  // that of all searches, whatever the job's own method
    std::int64_t code = with_evaluator(world, setup.problem, [&](Evaluator& evaluator, const ComputeInfo& compute) {
      return lead(job, setup, evaluator, compute, place, common);
    });
    world.broadcast(std::span(&code, 1));
    if (world.rank() == 0 && code == kExitStopped) tell_stopped(place, common);
    return static_cast<int>(code);
  });
}

}  // namespace vbq
