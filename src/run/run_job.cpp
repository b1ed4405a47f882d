#include "run/run_job.hpp"

#include <algorithm>
#include <utility>

#include "assign/compensate.hpp"
#include "cluster/messages.hpp"
#include "cluster/share_calibration.hpp"
#include "core/check.hpp"
#include "core/log.hpp"
#include "core/stop.hpp"
#include "evaluate/calibrate.hpp"
#include "evaluate/memory.hpp"
#include "json/json.hpp"
#include "report/output.hpp"
#include "run/announce.hpp"
#include "run/data_warnings.hpp"
#include "run/front_text.hpp"
#include "run/kept_kernels.hpp"
#include "run/ranks.hpp"
#include "run/stopping.hpp"
#include "run/summary.hpp"
#include "store/calibration_file.hpp"
#include "vbq/format_file.hpp"

namespace vbq {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCalibrationFile = "calibration.h5";

// A file may hold anything.
bool fits(const Calibration& calibration, const Network& network, const std::vector<int>& layers,
          const fs::path& path) {
  try {
    if (!std::ranges::equal(calibration.factors, layers, {}, &LayerFactor::node)) fail("it is one of other layers");
    check_calibration(network, calibration);
    return true;
  } catch (const Error& error) {
    log::warning("calibration {} does not fit the network ({}); it is made again", path.string(), error.what());
    return false;
  }
}

// Before any time is spent on a search among images that the network does not know. Gives the seconds that it took; 0
// where it was done before.
double check_as_trained(Setup& setup, Evaluator& evaluator) {
  try {
    evaluator.times();  // of what came before
    const Tally tally = evaluator.as_trained(ImageSet::search);
    add_warnings(setup.warnings, accuracy_warnings(setup.problem, ImageSet::search, tally));
  } catch (const Stopped&) {  // the search will see it
  }
  return evaluator.times().inference;  // no generation's
}

JobOutcome search_in(RunFolder& folder, Setup& setup, Evaluator& evaluator, const ComputeInfo& compute,
                     const RunPlace& place, const CommonOptions& common) {
  announce(setup, compute, folder);
  keep_calibration(setup);
  keep_kernels(setup, compute.kernels);
  const double seconds = check_as_trained(setup, evaluator);
  log::info("time      {}", expected_time_text(setup.job, seconds));
  Progress progress(common.quiet, common.screen);
  JobOutcome outcome;
  outcome.result = run_search(setup, evaluator, compute, folder, place.start, progress);
  progress.end_line();
  if (outcome.result.stopped) {
    log::info("stopped {} after generation {}", stop_text(), outcome.result.generations);
    outcome.code = kExitStopped;
    return outcome;
  }
  add_warnings(setup.warnings,
               accuracy_warnings(setup.problem, ImageSet::held_out, outcome.result.as_trained.held_out));
  if (setup.problem.augment == Augment::none)
    add_warnings(setup.warnings,
                 difference_warnings(outcome.result.as_trained.search, outcome.result.as_trained.held_out));
  // Told when they happened.
  for (std::string& loss : evaluator.losses()) setup.warnings.push_back(std::move(loss));
  const QuantisedNetwork& best = outcome.result.network;
  outcome.sizes = sizes_of(setup.job.network, setup.problem.network, best);
  outcome.summary = summary_json(setup, compute, outcome.result, outcome.sizes);
  const auto json = [&](const QuantisedNetwork& network) {
    return format_to_json(setup.problem.network, setup.problem.format, {network, setup.job.block});
  };
  folder.write("best.json", json(best));
  folder.write("classes.csv", outcome.result.classes);
  if (outcome.result.front) {
    folder.remove("front");  // points of a shorter run
    for (const FrontNetwork& one : outcome.result.front->networks) {
      if (one.point > 0) folder.write("front/" + point_name(one.point) + "/best.json", json(one.scored.network));
    }
    folder.write("front.csv", front_csv(setup, *outcome.result.front));
  }
  folder.write("summary.json", outcome.summary);
  return outcome;
}

}  // namespace

RunPlace share_place(Communicator& world, const std::string& command, const SearchArguments& arguments,
                     const CommonOptions& common) {
  return agree(world, [&] { return world.rank() == 0 ? run_place(command, arguments, common) : RunPlace{}; });
}

Job share_job(Communicator& world, const fs::path& path, const std::vector<std::string>& overrides) {
  return share_job(world, [&] { return read_job(path, overrides); });
}

Job share_job(Communicator& world, const std::function<Job()>& make) {
  Job job = agree(world, [&] { return world.rank() == 0 ? make() : Job{}; });
  std::string text = to_toml(job);
  world.broadcast(text);
  return world.rank() == 0 ? job : parse_job(text, "/", "the job of rank 0", {});
}

void find_activations(Communicator& world, Setup& setup) {
  const Format& format = setup.problem.format;
  if (format.activations == 0) return;
  log::info("activations of {} bits: finding their ranges", format.activations);
  const ActivationRanges ranges = share_activations(world, setup.problem);
  agree(world, [&] { quantise_activations(setup.problem, ranges); });
}

void find_calibration(Communicator& world, Setup& setup, const fs::path& folder) {
  const std::vector<int> layers = agree(world, [&] { return layers_to_calibrate(setup.problem); });
  if (layers.empty()) return;
  const fs::path path = folder / kCalibrationFile;
  // Rank 0 computes nothing where there are others, so the last rank tells what the factors are computed on.
  const std::vector<std::string> engines = world.gather(agree(
      world, [&] { return world.rank() + 1 == world.size() ? calibration_engine(setup.problem) : std::string(); }));
  std::optional<Calibration> kept;
  if (world.rank() == 0) {
    setup.calibration_key = calibration_key(setup.problem, engines.back());
    kept = load_calibration(path, setup.calibration_key, factor_bytes(setup.problem));
    if (kept && !fits(*kept, setup.problem.network, layers, path)) kept.reset();
  }
  std::int64_t found = kept ? 1 : 0;
  world.broadcast(std::span(&found, 1));
  if (found == 0) {
    log::info("calibrating {} layers on {} images", layers.size(), setup.problem.split.search.size());
    setup.problem.calibration = share_calibration(world, setup.problem);
    setup.keep_calibration = path;
    return;
  }
  auto calibration = std::make_shared<Calibration>();
  for (std::size_t i = 0; i < layers.size(); ++i) {  // a layer at a time keeps messages below MPI's limit
    std::string archive = world.rank() == 0 ? pack(kept->factors.at(i)) : std::string();
    world.broadcast(archive);
    calibration->factors.push_back(unpack<LayerFactor>(archive));
  }
  setup.problem.calibration = std::move(calibration);
}

void keep_calibration(Setup& setup) {
  if (setup.keep_calibration.empty() || setup.problem.calibration == nullptr) return;
  save_calibration(setup.keep_calibration, *setup.problem.calibration, setup.calibration_key);
  setup.keep_calibration.clear();
}

void tell_stopped(const RunPlace& place, const CommonOptions& common) {
  log::info("go on with: {}", place.go_on);
  if (common.json) print_json({{"stopped", stop_text()}, {"resume", place.go_on}, {"exit_code", kExitStopped}});
}

JobOutcome lead_job(Setup& setup, Evaluator& evaluator, const ComputeInfo& compute, const RunPlace& place,
                    const CommonOptions& common, const std::function<void()>& begun) {
  std::vector<fs::path> inputs{setup.job.network, setup.job.data};
  if (setup.job.calibration) inputs.push_back(*setup.job.calibration);
  check_inputs(place.folder, inputs);
  RunFolder folder(place.folder, place.start);  // made last, when all else is known to fit
  if (begun) begun();
  return search_in(folder, setup, evaluator, compute, place, common);
}

JobOutcome run_job(Communicator& world, Setup& setup, const RunPlace& place, const CommonOptions& common,
                   const std::function<void()>& begun) {
  JobOutcome outcome;
  std::int64_t code = with_evaluator(world, setup.problem, [&](Evaluator& evaluator, const ComputeInfo& compute) {
    outcome = lead_job(setup, evaluator, compute, place, common, begun);
    return outcome.code;
  });
  world.broadcast(std::span(&code, 1));
  outcome.code = static_cast<int>(code);
  return outcome;
}

}  // namespace vbq
