// vbq info: what this build can do, or what is in a file.
#include <algorithm>
#include <fstream>

#include "app/commands.hpp"
#include "app/info.hpp"
#include "config/job_fields.hpp"
#include "config/unused.hpp"
#include "core/check.hpp"
#include "evaluate/memory.hpp"
#include "json/json.hpp"
#include "onnx/content.hpp"
#include "quant/stand_in.hpp"
#include "quant/width_choices.hpp"
#include "report/output.hpp"
#include "report/progress.hpp"
#include "run/announce.hpp"
#include "run/setup.hpp"
#include "run/sizes.hpp"
#include "store/checkpoint.hpp"
#include "store/file_kind.hpp"
#include "vbq/dataset_file.hpp"
#include "vbq/label.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

constexpr std::int64_t kBitsInByte = 8;

int dataset_info(const std::filesystem::path& path, const CommonOptions& common) {
  const auto source = open_dataset(path);
  const DatasetInfo& info = source->info();
  std::vector<std::int64_t> per_class(static_cast<std::size_t>(info.classes), 0);
  for (const std::int32_t label : source->labels()) {
    if (label != kNoLabel) ++per_class[static_cast<std::size_t>(label)];
  }
  if (common.json) {
    Json json{{"kind", "dataset"},
              {"images", info.count},
              {"channels", info.channels},
              {"height", info.height},
              {"width", info.width},
              {"classes", info.classes},
              {"images_per_class", per_class},
              {"mean", info.normalisation.mean},
              {"std", info.normalisation.std},
              {"preprocessing", info.preprocessing},
              {"class_names", info.class_names},
              {"hash", info.hash}};
    print_json(json);
    return 0;
  }
  print(fmt::format("dataset {}: {} images of {}x{}x{} (channels, height, width), {}\n", path.string(), info.count,
                    info.channels, info.height, info.width,
                    info.classes == 0 ? "no labels" : fmt::format("{} classes", info.classes)));
  print(fmt::format("normalisation  (x / 255 - [{}]) / [{}]\n", fmt::join(info.normalisation.mean, ", "),
                    fmt::join(info.normalisation.std, ", ")));
  if (!info.preprocessing.empty()) print(fmt::format("photos         {}\n", info.preprocessing));
  for (std::size_t c = 0; c < per_class.size() && c < 20; ++c) {
    print(fmt::format("class {:<4} {:<24} {:>8} images\n", c, c < info.class_names.size() ? info.class_names[c] : "",
                      per_class[c]));
  }
  if (per_class.size() > 20) print(fmt::format("... and {} classes more\n", per_class.size() - 20));
  print(fmt::format("hash  {}\n", info.hash));
  return 0;
}

int checkpoint_info(const std::filesystem::path& path, const CommonOptions& common) {
  const RunState state = read_checkpoint(path);
  if (common.json) {
    Json json{{"kind", "checkpoint"},
              {"generation", state.search.generation},
              {"best_fitness", state.search.best.fitness},
              {"population", state.search.population.size()},
              {"evaluations", state.evaluations},
              {"images_inferred", state.images},
              {"seconds", state.seconds},
              {"engine", state.engine},
              {"network_hash", state.network_hash},
              {"data_hash", state.data_hash}};
    print_json(json);
    return 0;
  }
  print(fmt::format("checkpoint {}: generation {}, best fitness {:.6g}\n", path.string(), state.search.generation,
                    state.search.best.fitness));
  print(fmt::format("{} individuals, {} networks evaluated, {} images inferred, {}\n", state.search.population.size(),
                    thousands(state.evaluations), thousands(state.images), duration_text(state.seconds)));
  print(fmt::format("engine   {}\nnetwork  {}\nimages   {}\n\n{}", state.engine, state.network_hash, state.data_hash,
                    state.job));
  return 0;
}

// Of a budget that layers share: as many levels in each as keep it (or 2), which comes close to what is shared out.
Sizes prediction_within(const Setup& setup) {
  Format format = setup.job.format;
  format.widths = Widths::same;
  std::vector<int> counts = worthwhile_levels(format.coding, format.levels);
  for (; counts.size() > 1; counts.pop_back()) {
    format.levels = counts.back();
    const WeightSize size = weight_size(setup.problem.network, stand_in_format(setup.problem.network, format));
    if (coded_bits(size, format.coding) <= *setup.budget_bits) break;
  }
  format.levels = counts.back();
  return predicted_sizes(setup.job.network, setup.problem.network, format);
}

// Steps and rates to be found: what the network will take is not known before, but that it is within the budget.
bool bounded(const Job& job) { return job.budget && job.format.widths == Widths::same; }

// What each width of a job would give; nothing where that is the budget alone.
std::vector<Sizes> predictions(const Setup& setup) {
  const Job& job = setup.job;
  if (bounded(job)) return {};
  const Network& network = setup.problem.network;
  std::vector<Sizes> predicted;
  if (job.format.widths == Widths::own) return {prediction_within(setup)};
  for (const int levels : job.sweep.empty() ? std::vector{job.format.levels} : job.sweep) {
    predicted.push_back(predicted_sizes(job.network, network, job_of_width(job, levels).format));
  }
  return predicted;
}

// What a job would need, before it is started.
int job_info(const InfoArguments& arguments, const CommonOptions& common) {
  const int workers = std::max(arguments.workers, 1);
  const Job job = read_job(*arguments.file, arguments.set);
  const Setup setup = make_setup(job, read_onnx_content(job.network), common.engine);
  // All that vbq search would refuse; but memory, which may be another machine's, is told.
  check_workers(setup, workers);
  check_engine(setup.problem.engine);
  const WorkerMemory need = worker_memory(setup.problem, {0, workers});
  const std::int64_t available = available_memory();
  const std::vector<Sizes> predicted = predictions(setup);
  if (common.json) {
    Json json{{"kind", "job"},
              {"network", job.network.string()},
              {"quantised_layers", quantised_layers(setup.problem.network, job.format).size()},
              {"search_images", setup.problem.split.search.size()},
              {"validation_images", setup.problem.split.validation.size()},
              {"held_out_images", setup.problem.split.held_out.size()},
              {"workers", workers},
              {"warnings", setup.warnings},
              {"worker_bytes",
               {{"images", need.images},
                {"network", need.engine},
                {"choosing", need.choosing},
                {"program", need.program},
                {"kept", need.kept},
                {"total", need.total()}}},
              {"available_bytes", available},
              {"predicted_sizes", Json::array()}};
    if (setup.budget_bits) json["budget_bytes"] = *setup.budget_bits / kBitsInByte;
    for (const Sizes& sizes : predicted) json["predicted_sizes"].push_back(sizes_json(sizes));
    print_json(json);
    return 0;
  }
  constexpr double kMiB = 1 << 20;
  const auto mib = [](std::int64_t bytes) { return static_cast<double>(bytes) / kMiB; };
  print(fmt::format("job {}: {}, {} generations of {}\n", arguments.file->string(),
                    job.sweep.empty() ? format_text(job) : fmt::format("{} levels", fmt::join(job.sweep, ", ")),
                    job.generations, job.search.population));
  print(fmt::format("network  {} ({} layers quantised)\n", job.network.string(),
                    quantised_layers(setup.problem.network, job.format).size()));
  print(fmt::format("images   {}\n", images_text(setup.problem)));
  print(fmt::format(
      "memory   about {:.0f} MiB a worker with {} of them: {:.0f} for images, {:.0f} for the network, "
      "{:.0f} for choosing levels, {:.0f} for the program itself\n",
      mib(need.total()), workers, mib(need.images), mib(need.engine), mib(need.choosing), mib(need.program)));
  if (need.kept > 0) {
    print(fmt::format("         and up to {:.0f} MiB of what it has made (run.memory), where there is room\n",
                      mib(need.kept)));
  }
  if (available >= 0) {
    print(fmt::format("         this machine has {:.0f} MiB free: enough for {} such workers\n", mib(available),
                      available / std::max<std::int64_t>(1, need.total())));
  }
  if (bounded(job)) {
    const std::string least = setup.range ? thousands(setup.range->least / kBitsInByte) + " to " : "";
    print(fmt::format("\nWhat it will give: {} ({}{} bytes with codebooks, scales and gains), by {}\n",
                      budget_text(job), least, thousands(*setup.budget_bits / kBitsInByte),
                      job.format.coding == Coding::entropy ? "the entropy of each layer's levels" : "fixed widths"));
    return 0;
  }
  const bool own = job.format.widths == Widths::own;
  print(own ? "\nWithin the budget, the same number of levels in every layer:\n" : "\nWhat it will give:\n");
  for (const Sizes& sizes : predicted) print(sizes_text(sizes));
  return 0;
}

// The table of a job's keys.
int keys_info(const CommonOptions& common) {
  if (!common.json) {
    print(keys_table());
    return 0;
  }
  Json keys = Json::array();
  for (const JobField& field : job_fields()) {
    keys.push_back({{"key", field.key},
                    {"default", field.text.default_text},
                    {"values", field.values()},
                    {"meaning", field.text.meaning},
                    {"details", key_details(field.key)}});
  }
  print_json({{"keys", keys}});
  return 0;
}

}  // namespace

int command_info(const InfoArguments& arguments, const CommonOptions& common) {
  if (arguments.keys) {
    if (arguments.file || arguments.workers != 0 || !arguments.set.empty() || !arguments.output_name.empty()) {
      fail("--keys lists what a job may say: neither a file nor other options go with it");
    }
    warn_unused_engine_options(common.engine, "info --keys");
    return keys_info(common);
  }
  if (!arguments.file) {
    if (arguments.workers != 0 || !arguments.set.empty()) fail("--workers and --set are of a job: no file was given");
    return build_info(common);
  }
  const std::filesystem::path& file = *arguments.file;
  if (!std::filesystem::exists(file)) fail("file {} does not exist", file.string());
  const bool job = file.extension() == ".toml";
  const bool other = std::filesystem::is_directory(file) || identify(file) != FileKind::other;
  if (!arguments.output_name.empty() && (job || other)) {
    fail("--output-name names an output of a network: {} is {}", file.string(),
         job ? "a job, whose key network.output does so" : "none");
  }
  if (job) return job_info(arguments, common);
  if (arguments.workers != 0 || !arguments.set.empty()) {
    fail("--workers and --set are of a job (.toml): {} was given", file.string());
  }
  warn_unused_engine_options(common.engine, "info of a file that is no job");
  if (std::filesystem::is_directory(file)) return folder_info(file, common);
  switch (identify(file)) {
    case FileKind::dataset:
      return dataset_info(file, common);
    case FileKind::checkpoint:
      return checkpoint_info(file, common);
    case FileKind::other:
      break;
  }
  if (std::ifstream(file, std::ios::binary).peek() == '{') return format_info(file, common);
  return network_info(file, arguments.output_name, common);
}

}  // namespace vbq
