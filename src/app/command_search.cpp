// vbq search: on rank 0 the search, on the others (or, alone, in the same process) the evaluation.
#include <cstdio>
#include <utility>

#include "app/commands.hpp"
#include "app/format_file.hpp"
#include "app/ranks.hpp"
#include "app/search_run.hpp"
#include "app/stopping.hpp"
#include "app/summary.hpp"
#include "cluster/share_calibration.hpp"
#include "core/log.hpp"
#include "quant/compensated.hpp"

namespace vbq {
namespace {

std::filesystem::path default_run(const std::filesystem::path& job) { return std::filesystem::path("runs") / job.stem(); }

// Rank 0 reads the job; the others take it as resolved there.
Job share_job(Communicator& world, const SearchArguments& arguments) {
  Job job = agree(world, [&] { return world.rank() == 0 ? read_job(arguments.job, arguments.set) : Job{}; });
  std::string text = to_toml(job);
  world.broadcast(text);
  return world.rank() == 0 ? job : parse_job(text, "/", "the job of rank 0", {});
}

void announce(const Setup& setup, const Machinery& machinery, const RunFolder& folder) {
  const Problem& problem = setup.problem;
  log::info("network   {} ({} layers quantised)", setup.job.network.string(), quantised_layers(problem.network, problem.format).size());
  log::info("images    {} to search on, {} held out", problem.split.search.size(), problem.split.held_out.size());
  log::info("format    {} levels, {} generations of {}", setup.job.format.levels, setup.job.generations, setup.job.search.population);
  log::info("machine   {}, {} worker{} of {} thread{} on {}", machinery.identity, machinery.workers, machinery.workers == 1 ? "" : "s",
            machinery.engine.threads, machinery.engine.threads == 1 ? "" : "s", machinery.engine.device);
  log::info("results   {}", folder.path().string());
}

// What Evaluator::matching() gave, into the layers.
void take_matching(const std::vector<float>& numbers, NetworkFormat& layers, const Network& network) {
  auto at = numbers.begin();
  for (LayerFormat& layer : layers) {
    const auto channels = weight_of(network.nodes[static_cast<std::size_t>(layer.node)])->shape.front();
    layer.gain.assign(at, at + channels);
    layer.shift.assign(at + channels, at + 2 * channels);
    at += 2 * channels;
  }
}

int lead(const Setup& setup, Evaluator& evaluator, const Machinery& machinery, RunFolder& folder, bool resume, const CommonOptions& common) {
  announce(setup, machinery, folder);
  Progress progress(common.quiet);
  const SearchResult result = run_search(setup, evaluator, machinery, folder, resume, progress);
  progress.end_line();
  if (result.stopped) {
    log::info("stopped {} after generation {}: --resume goes on from there", stop_text(), result.generations);
    return kExitStopped;
  }
  NetworkFormat best = Decoder(setup.problem.network, setup.problem.format)(result.best.genome);
  Assigner(setup.problem.network, setup.problem.calibration)(best);
  if (setup.problem.format.matching != Matching::never) {
    take_matching(evaluator.matching(result.best.genome), best, setup.problem.network);
  }
  folder.write("best.json",
               format_to_json(setup.problem.network, setup.problem.format, {std::move(best), setup.job.block}));
  const std::string summary = summary_json(setup, machinery, result);
  folder.write("summary.json", summary);
  std::fputs(common.json ? summary.c_str() : summary_text(setup, result).c_str(), stdout);
  return 0;
}

}  // namespace

int command_search(const SearchArguments& arguments, const CommonOptions& common) {
  return on_all_ranks([&](Communicator& world) {
    heed_stops();
    const Job job = share_job(world, arguments);
    std::optional<RunFolder> folder;  // rank 0's; made last, when all else is known to fit
    Setup setup = agree(world, [&] { return make_setup(job, common.engine); });
    setup.problem.calibration = share_calibration(world, setup.problem);
    return with_evaluator(world, setup.problem, [&](Evaluator& evaluator, const Machinery& machinery) {
      folder.emplace(arguments.run.value_or(default_run(arguments.job)), arguments.resume);
      return lead(setup, evaluator, machinery, *folder, arguments.resume, common);
    });
  });
}

}  // namespace vbq
