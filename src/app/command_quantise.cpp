// vbq quantise: a network and images become a quantised network, without a job file. The job is made of what was asked
// for; from there on it is a search as any other.
#include <utility>

#include "app/commands.hpp"
#include "app/import.hpp"
#include "config/names.hpp"
#include "core/check.hpp"
#include "core/log.hpp"
#include "data/importers.hpp"
#include "report/output.hpp"
#include "report/progress.hpp"
#include "report/results_folder.hpp"
#include "run/extras.hpp"
#include "run/kept_kernels.hpp"
#include "run/quantised_table.hpp"
#include "run/ranks.hpp"
#include "run/run_job.hpp"
#include "run/stopping.hpp"
#include "store/file_kind.hpp"
#include "vbq/dataset_file.hpp"
#include "vbq/onnx.hpp"

namespace vbq {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(const QuantiseArguments& arguments) {
  return arguments.output.value_or(arguments.network.stem().string() + "-quantised");
}

// The same command goes on with a run that was stopped.
RunPlace place_of(const QuantiseArguments& arguments, const CommonOptions& common) {
  RunPlace place;
  place.folder = folder_of(arguments);
  place.job = place.folder / "job.toml";
  if (there(place.folder / "summary.json") || folder_kind(place.folder) > FolderKind::run) {
    fail("folder {} already holds a run: --output names another folder", place.folder.string());
  }
  place.start = there(place.job) ? Start::resume : Start::fresh;
  place.go_on = resume_command("search", place.folder, common);
  return place;
}

// A dataset file as it is; other images become one in the folder.
QuantiseSource source_of(const QuantiseArguments& arguments, const fs::path& folder, const std::string& network,
                         const CommonOptions& common) {
  QuantiseSource source{arguments.network, arguments.output_name, {}, 0};
  const fs::path& first = arguments.images.sources.front();
  if (arguments.images.kind.empty() && arguments.images.sources.size() == 1 && identify(first) == FileKind::dataset) {
    refuse_import_options(arguments.images, first);
    source.data = first;
    source.images = open_dataset(first)->info().count;
    return source;
  }
  // A network that cannot be read is told before anything is imported.
  const Shape input = parse_onnx(network, arguments.network, arguments.output_name).input_shape();
  ImportArguments import = arguments.images;
  if (import.kind.empty()) import.kind = kind_of_source(first);
  complete_photo_options(import, input);
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) fail("cannot make folder {}: {}", folder.string(), code.message());
  import.output = folder / "images.h5";
  import.overwrite = true;  // of a command that was stopped before
  std::vector<std::string> warnings;
  const DatasetInfo info = import_dataset(import, common, warnings);
  log::info("images    {} of {}x{}x{} in {}", thousands(info.count), info.channels, info.height, info.width,
            import.output.string());
  source.data = import.output;
  source.images = info.count;
  return source;
}

}  // namespace

int command_quantise(const QuantiseArguments& arguments, const CommonOptions& common) {
  heed_stops();  // before MPI starts, which takes a while
  return on_all_ranks([&](Communicator& world) {
    const bool leads = world.rank() == 0;
    const RunPlace place = agree(world, [&] {
      if (!leads) return RunPlace{};
      check_goal(arguments.goal);
      return place_of(arguments, common);
    });
    std::string content = share_network(world, arguments.network);
    const Job job = share_job(world, [&] {
      const QuantiseSource source = source_of(arguments, place.folder, content, common);
      return quantise_job(source, arguments.goal, arguments.set);
    });
    if (leads) log::info("quantise  {}", goal_text(job));
    Setup setup = agree(world, [&] { return make_setup(job, std::move(content), common.engine); });
    agree(world, [&] { check_workers(setup, worker_count(world)); });
    find_activations(world, setup);
    find_calibration(world, setup, place.folder);
    find_kernels(world, setup, place.folder);
    const JobOutcome outcome = run_job(world, setup, place, common);
    if (!leads) return outcome.code;
    if (outcome.code == kExitStopped) tell_stopped(place, common);
    if (outcome.code != 0) return outcome.code;
    write_extras(setup, outcome, place.folder);
    print(common.json ? outcome.summary : quantised_table(setup, outcome, place.folder));
    return 0;
  });
}

}  // namespace vbq
