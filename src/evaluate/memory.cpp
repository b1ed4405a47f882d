#include "evaluate/memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "assign/patches.hpp"
#include "assign/sequential.hpp"
#include "core/check.hpp"
#include "data/memory_source.hpp"
#include "evaluate/calibrate.hpp"
#include "evaluate/classify.hpp"
#include "quant/packing.hpp"

namespace vbq {
namespace {

constexpr std::int64_t kProgram = std::int64_t{40} << 20;  // measured: 33 to 60 MiB, oneDNN included

std::int64_t pixels_of(const ImageSource& source) {
  const DatasetInfo& info = source.info();
  return info.channels * info.height * info.width;
}

// A number that the file begins with, or -1 (also for "max").
std::int64_t number_in(const std::string& path) {
  std::ifstream file(path);
  std::int64_t value = -1;
  return file >> value ? value : -1;
}

// Of a control group's memory: what its limit leaves, files that are only cached not counted; -1 without a limit.
std::int64_t left_in_group(const std::string& folder) {
  const std::int64_t most = number_in(folder + "/memory.max"), now = number_in(folder + "/memory.current");
  if (most < 0 || now < 0) return -1;
  std::int64_t cached = 0;
  std::ifstream file(folder + "/memory.stat");
  std::int64_t bytes = 0;
  for (std::string name; file >> name >> bytes;) {
    if (name == "active_file" || name == "inactive_file") cached += bytes;
  }
  return std::max<std::int64_t>(0, most - now + cached);
}

// The least that the control groups (version 2) around this process leave.
std::int64_t left_in_groups() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("0::")) continue;
    std::int64_t least = -1;
    std::string group = line.substr(3);
    if (group == "/") group.clear();
    for (;;) {  // up to the root that is to be seen from here, which in a container is the container's
      const std::int64_t left = left_in_group("/sys/fs/cgroup" + group);
      if (left >= 0 && (least < 0 || left < least)) least = left;
      const auto parent = group.rfind('/');
      if (parent == std::string::npos) return least;
      group.resize(parent);
    }
  }
  return -1;
}

std::vector<int> own_layers(const Problem& problem, WorkerPlace place) {
  const std::vector<int> layers = layers_to_calibrate(problem);
  std::vector<int> own;
  for (auto i = static_cast<std::size_t>(place.index); i < layers.size(); i += static_cast<std::size_t>(place.count)) {
    own.push_back(layers[i]);
  }
  return own;
}

bool on_host(const EngineOptions& options) {
  return options.kind == EngineKind::cpu || options.kind == EngineKind::reference;
}

// Devices make passes themselves, but for a refit.
bool host_passes(const Format& format, const EngineOptions& options) {
  return on_host(options) || (format.assignment == Assignment::sequential && format.refit > 0);
}

// engine: bytes of the one that the worker searches with.
std::int64_t choosing_bytes(const Problem& problem, WorkerPlace place, const EngineOptions& options,
                            std::int64_t engine, std::int64_t pass_images) {
  const Format& format = problem.format;
  std::int64_t weights = 0;
  for (const int k : quantised_layers(problem.network, format)) {
    weights += elements(weight_of(problem.network.nodes[static_cast<std::size_t>(k)])->shape);
  }
  std::int64_t bytes = factor_bytes(problem);
  const bool host = on_host(options);
  const auto together = static_cast<std::int64_t>(made_at_once(problem, format, host ? "cpu" : "cuda"));
  // Levels that were found, are remembered, and are on their way; between host and GPU, in memory of each lane's own.
  if (format.assignment == Assignment::compensated) bytes += 2 * together * weights + assignments_remembered(problem);
  if (passes(format) && !host) bytes += 5 * together * weights;
  // Factors are made before that engine is.
  bytes = std::max(bytes, calibration_bytes(problem, own_layers(problem, place), options) - engine);
  if (format.assignment == Assignment::sequential) bytes += sequential_bytes(problem.network, pass_images);
  // Networks that it made or was given, packed: all of a generation where it is alone.
  const std::int64_t held = (problem.population + place.count - 1) / place.count + 1;
  return bytes + held * (weights * index_bits(format.levels) + 7) / 8;
}

}  // namespace

std::int64_t factor_bytes(const Problem& problem) {
  std::int64_t numbers = 0;
  for (const int k : layers_to_calibrate(problem)) {
    const Node& node = problem.network.nodes[static_cast<std::size_t>(k)];
    const Shape& input = problem.network.shapes[static_cast<std::size_t>(node.inputs.front())];
    const Patches patches(node, k, input, problem.network.shapes[static_cast<std::size_t>(k) + 1], 1);
    for (const ColumnRun& run : column_runs(patches)) numbers += run.size * run.size;
  }
  return numbers * static_cast<std::int64_t>(sizeof(float));
}

WorkerMemory worker_memory(const Problem& problem, WorkerPlace place, const EngineOptions& options) {
  validate(problem);
  const std::int64_t block = problem.engine.block;
  const Partition partition = partition_of(problem, ImageSet::search, place.count);
  const std::int64_t search = std::ssize(images_of(problem, ImageSet::search));
  const std::int64_t shard = std::min(search, partition.part(partition.part_of_worker(place.index)).count * block);
  constexpr auto kFloat = static_cast<std::int64_t>(sizeof(float));

  WorkerMemory need;
  need.program = kProgram;
  const auto kept = [&](ImageSet set) {
    return keeps_trained(problem, set, place.count) ? trained_bytes(problem, set, place.count) : 0;
  };
  const auto bytes_of = [&](ImageSet set, std::int64_t count, std::int64_t kept_outputs) {
    const bool outputs = problem.with_divergence && kept_outputs == 0;
    return count * (pixels_of(source_of(problem, set)) + 4 + (outputs ? trained_image_bytes(problem, set) : 0));
  };
  const std::int64_t kept_search = kept(ImageSet::search);
  need.images = bytes_in_memory(*problem.search_source) + bytes_of(ImageSet::search, shard, kept_search) + kept_search;
  if (problem.races) need.images += shard * pixels_of(*problem.search_source);  // while they are put in order
  const bool holds_out = problem.held_out_source != nullptr && !problem.split.held_out.empty();
  if (holds_out && problem.held_out_source != problem.search_source) {
    need.images += bytes_in_memory(*problem.held_out_source);
  }
  // A piece of another set is read while the images before it are still there: the search's, or another piece.
  std::int64_t beside = 0, alone = 0, kept_others = 0;
  const auto add = [&](ImageSet set) {
    const Partition pieces = partition_of(problem, set, place.count);
    const std::int64_t blocks = pieces.part(0).count, most = pieces.piece, piece = std::min(blocks, most) * block;
    const std::int64_t images = std::min(piece, std::ssize(images_of(problem, set)));
    const std::int64_t kept_outputs = kept(set), loaded = bytes_of(set, images, kept_outputs);
    kept_others += kept_outputs;
    beside = std::max(beside, loaded);
    if (blocks > most) alone = std::max(alone, 2 * loaded);
  };
  if (holds_out) add(ImageSet::held_out);
  if (!problem.split.validation.empty()) add(ImageSet::validation);
  need.images = std::max(need.images + beside, alone + kept_search) + kept_others;
  if (holds_out && problem.population > 1) need.images += classify_bytes(problem.network, block);  // at a search's end

  const Format& format = problem.format;
  const std::int64_t most_passed =
      std::max(pass_images(problem, Stage::evaluated), pass_images(problem, Stage::delivered));
  const std::int64_t passed = needs_pass(format) ? most_passed : 0;
  // Two copies besides the engine's own: that of whoever made the problem, and the worker's; of either network.
  const std::int64_t engine = engine_bytes(problem.network, options, passed);
  need.engine = engine;
  if (problem.trained) {  // an engine of its own, with the images that are loaded
    EngineOptions single = options;
    single.copies = 1;
    need.engine += engine_bytes(*problem.trained, single, 0);
    need.images += std::max(bytes_of(ImageSet::search, shard, 0), beside);
  }
  const std::int64_t copies = problem.trained ? 4 : 2;
  for (const int k : weight_layers(problem.network)) {
    need.engine += copies * kFloat * elements(weight_of(problem.network.nodes[static_cast<std::size_t>(k)])->shape);
  }

  need.choosing = choosing_bytes(problem, place, options, engine, passed);
  if (passes(format) && host_passes(format, options)) need.kept = problem.memory;
  return need;
}

std::int64_t memory_to_keep(const Problem& problem) {
  if (!passes(problem.format)) return 0;
  const std::int64_t available = available_memory(), workers = std::max(1, problem.engine.host_workers);
  return available < 0 ? problem.memory : std::min(problem.memory, available / 2 / workers);
}

std::int64_t available_memory() {
  std::int64_t available = -1;
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("MemAvailable:")) std::istringstream(line.substr(13)) >> available;
  }
  if (available >= 0) available *= 1024;
  const std::int64_t group = left_in_groups();
  if (group >= 0 && (available < 0 || group < available)) return group;
  return available;
}

std::int64_t resident_memory() {
  std::ifstream file("/proc/self/statm");
  std::int64_t all = 0, resident = 0;
  return file >> all >> resident ? resident * ::sysconf(_SC_PAGESIZE) : 0;
}

void check_memory(const WorkerMemory& need, std::int64_t workers) {
  const std::int64_t available = available_memory(), more = need.total() - resident_memory();
  if (available < 0 || more <= available / std::max<std::int64_t>(1, workers)) return;
  constexpr double kMiB = 1 << 20;
  fail(
      "a worker needs about {:.0f} MiB ({:.0f} for images, {:.0f} for the network, {:.0f} for choosing levels), and {} "
      "of them share the {:.0f} MiB that this machine has free: use fewer ranks here or more machines, fewer search "
      "images, or fewer matching images",
      static_cast<double>(need.total()) / kMiB, static_cast<double>(need.images) / kMiB,
      static_cast<double>(need.engine) / kMiB, static_cast<double>(need.choosing) / kMiB, workers,
      static_cast<double>(available) / kMiB);
}

void check_reading(const std::string& what, std::int64_t bytes, std::int64_t copies, std::int64_t processes,
                   const std::string& instead) {
  const std::int64_t available = available_memory();
  if (available < 0 || bytes <= available / copies / std::max<std::int64_t>(1, processes)) return;
  constexpr double kMiB = 1 << 20;
  fail("{} is {:.0f} MiB, of which {} process{} here hold{} {} times as much while reading it; {:.0f} MiB are free: {}",
       what, static_cast<double>(bytes) / kMiB, processes, processes == 1 ? "" : "es", processes == 1 ? "s" : "",
       copies, static_cast<double>(available) / kMiB, instead);
}

}  // namespace vbq
