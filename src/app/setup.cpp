#include "app/setup.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/check.hpp"
#include "data/importers.hpp"
#include "model/onnx.hpp"
#include "store/dataset_file.hpp"
#include "store/file_kind.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace {

constexpr double kDefaultSearchImages = 2000;

std::vector<fs::path> split_paths(const std::string& text, const fs::path& folder) {
  std::vector<fs::path> paths;
  std::size_t start = 0;
  for (;;) {
    const auto comma = text.find(',', start);
    paths.push_back(folder / text.substr(start, comma - start));
    if (comma == std::string::npos) return paths;
    start = comma + 1;
  }
}

// Search images asked for, as a number of this set's images. all: the whole set may be searched on.
std::int64_t search_count(double asked, std::int64_t available, bool all, const std::string& where) {
  if (asked == 0) {
    const double most = all ? static_cast<double>(available) : std::floor(static_cast<double>(available) / 2);
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::min(kDefaultSearchImages, most)));
  }
  const double count = asked > 1 ? asked : std::round(asked * static_cast<double>(available));
  if (count < 1 || count > static_cast<double>(available)) {
    fail("data.search asks for {} images: {} has {}", asked, where, available);
  }
  if (!all && count >= static_cast<double>(available)) {
    fail("data.search takes all {} images of {}: some must be left to be held out", available, where);
  }
  return static_cast<std::int64_t>(count);
}

std::vector<std::int64_t> all_indices(std::int64_t count) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<std::int64_t>(i);
  return indices;
}

}  // namespace

void check_fit(const DatasetInfo& info, const Network& network, const std::string& network_path) {
  const Shape& want = network.input_shape();
  if (want != Shape{info.channels, info.height, info.width}) {
    fail("images of {} are {}x{}x{} (channels, height, width): network {} takes {}", info.origin, info.channels,
         info.height, info.width, network_path, fmt::join(want, "x"));
  }
  if (elements(network.output_shape()) < info.classes) {
    fail("{} has {} classes: network {} has {} outputs", info.origin, info.classes, network_path,
         elements(network.output_shape()));
  }
}

std::shared_ptr<const ImageSource> open_images(const fs::path& path, const Normalisation& normalisation) {
  const std::string text = path.filename().string();
  const auto colon = text.find(':');
  std::string kind;
  std::vector<fs::path> sources{path};
  if (colon != std::string::npos && !fs::exists(path)) {
    // The kind came before the path, so that the folder of the whole holds it: DIR/cifar10:FILE or cifar10:DIR/FILE.
    kind = text.substr(0, colon);
    sources = split_paths(text.substr(colon + 1), path.parent_path());
  } else {
    if (!fs::exists(path)) fail("dataset {} does not exist", path.string());
    const FileKind found = identify(path);
    if (found == FileKind::dataset) return open_dataset(path);
    if (found == FileKind::checkpoint) fail("{} is a checkpoint: a dataset was expected", path.string());
    kind = detect_kind(path);
    if (kind.empty()) {
      fail("{} is neither a dataset file nor a source that can be told: `vbq data import` makes a dataset of it",
           path.string());
    }
  }
  ImportedImages imported = import_images(kind, sources, normalisation);
  return memory_source(std::move(imported.images), std::move(imported.info));
}

Setup make_setup(Job job, std::string network, const EngineOptions& engine) {
  Setup setup;
  Problem& problem = setup.problem;
  problem.network = parse_onnx(std::move(network), job.network);
  const Normalisation normalisation{{job.mean.begin(), job.mean.end()}, {job.std.begin(), job.std.end()}};
  const auto data = open_images(job.data, normalisation);
  const auto searched = job.calibration ? open_images(*job.calibration, normalisation) : data;
  check_fit(data->info(), problem.network, job.network.string());
  check_fit(searched->info(), problem.network, job.network.string());

  const bool apart = job.calibration.has_value();
  if (apart && searched->info().hash == data->info().hash) {
    fail(
        "data.path and data.calibration hold the same images ({}): the held-out images must be others than those that "
        "the "
        "search sees",
        data->info().origin);
  }
  job.search_images =
      static_cast<double>(search_count(job.search_images, searched->info().count, apart, searched->info().origin));
  problem.split = stratified_split(searched->labels(), static_cast<std::int64_t>(job.search_images));
  if (apart) problem.split.held_out = all_indices(data->info().count);
  problem.search_source = searched;
  problem.held_out_source = data;
  problem.format = job.format;
  problem.engine = engine;
  problem.engine.block = job.block;
  problem.with_divergence = true;
  problem.population = job.search.method == Method::annealing ? 1 : job.search.population;

  setup.data_hash = data_hash(problem);
  setup.network_hash = network_hash(problem.network);
  setup.job = std::move(job);
  return setup;
}

}  // namespace vbq
