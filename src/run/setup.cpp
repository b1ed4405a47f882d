#include "run/setup.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "config/advice.hpp"
#include "config/unused.hpp"
#include "core/check.hpp"
#include "data/label_offset.hpp"
#include "evaluate/memory.hpp"
#include "run/data_warnings.hpp"
#include "run/fit.hpp"
#include "run/open_images.hpp"
#include "vbq/onnx.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace {

constexpr double kDefaultSearchImages = 2000;

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

// Of so many search images. A comparison of two networks takes blocks that differ.
std::int64_t validation_count(double asked, std::int64_t search, std::int64_t block) {
  if (asked == kAuto) return search / 4 < 2 * block ? 0 : search / 4;
  const auto count = static_cast<std::int64_t>(asked >= 1 ? asked : std::round(asked * static_cast<double>(search)));
  if (count == 0) return 0;
  if (count >= search) fail("data.validation asks for {} of the search's {} images: some must be left", count, search);
  if (count < 2 * block) {
    fail(
        "data.validation takes {} images, in blocks of {}: two blocks at least were expected; use smaller ones "
        "(data.block) or more images",
        count, block);
  }
  return count;
}

// As many as suit a network that is delivered, if a pass's largest activations stay within a GiB.
std::int64_t usual_delivery_images(const Network& network) {
  constexpr std::int64_t kMost = 1500, kFloats = std::int64_t{1} << 28;
  std::int64_t largest = 1;
  for (const Shape& shape : network.shapes) largest = std::max(largest, elements(shape));
  return std::clamp<std::int64_t>(kFloats / largest, 1, kMost);
}

std::vector<std::int64_t> all_indices(std::int64_t count) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<std::int64_t>(i);
  return indices;
}

// The network was trained for one normalisation: of two different ones, one is wrong.
void check_same_normalisation(const DatasetInfo& searched, const DatasetInfo& data, bool allowed,
                              std::vector<std::string>& warnings) {
  if (searched.normalisation != data.normalisation) {
    const std::string found =
        fmt::format("data.calibration ({}) has {}, data.path ({}) has {}", searched.origin,
                    normalisation_text(searched.normalisation), data.origin, normalisation_text(data.normalisation));
    if (!allowed) {
      fail(
          "{}: the same was expected, that of the network's training (data.allow_different_normalisation = true "
          "takes them as they are)",
          found);
    }
    warnings.push_back(found);
  }
  const auto differs = [](const std::string& a, const std::string& b) { return !a.empty() && !b.empty() && a != b; };
  if (differs(searched.preprocessing, data.preprocessing)) {
    warnings.push_back(fmt::format(
        "photos of data.calibration were made by \"{}\", those of data.path by \"{}\": check that both suit "
        "the network",
        searched.preprocessing, data.preprocessing));
  }
}

// What may be wrong about the images of a search.
std::vector<std::string> warnings_of(const DatasetInfo& searched, const DatasetInfo& data, const Job& job) {
  std::vector<std::string> warnings = unused_keys(job);
  const auto add = [&](const std::vector<std::string>& more) {
    warnings.insert(warnings.end(), more.begin(), more.end());
  };
  if (job.calibration) check_same_normalisation(searched, data, job.allow_different_normalisation, warnings);
  add(class_warnings(data));
  add(normalisation_warnings(data.normalisation, data.origin));
  if (searched.normalisation != data.normalisation)
    add(normalisation_warnings(searched.normalisation, searched.origin));
  return warnings;
}

// Without labels the FP32 network's outputs lead.
void check_labels_suffice(const Job& job, const DatasetInfo& searched) {
  if (searched.classes > 0 || !needs_labels(job.fitness)) return;
  fail("search.fitness is \"{}\", which counts by labels: {} has none; \"divergence\" and \"outputs\" need none",
       fitness_name(job.fitness), searched.origin);
}

// At a front's points whole bytes are asked for: there must be as many of them.
BitRange range_of(const BudgetRange& front, const Network& network) {
  const BitRange range{bits_of(front.least, network), bits_of(front.most, network)};
  if (range.most / 8 - range.least / 8 < kFrontPoints) {
    fail("format.budget is from {} to {}: {} bytes or more between them were expected, since a front has {} points",
         budget_text(front.least), budget_text(front.most), kFrontPoints, kFrontPoints);
  }
  return range;
}

void set_budget(Setup& setup, const Job& job) {
  setup.budget_bits.reset();
  setup.range.reset();
  if (job.budget) setup.budget_bits = bits_of(*job.budget, setup.problem.network);
  if (job.front) setup.range = range_of(*job.front, setup.problem.network);
}

}  // namespace

std::int64_t bits_of(const Budget& budget, const Network& network) {
  const bool bytes = budget.unit == Budget::Unit::bytes;
  const double bits = budget.amount * (bytes ? 8.0 : static_cast<double>(weight_count(network)));
  return static_cast<std::int64_t>(std::min(std::floor(bits), 9e18));
}

Setup make_setup(Job job, std::string network, const EngineOptions& engine) {
  if (!job.budgets.empty()) {
    fail("format.budget is a list of {}, which vbq compare takes: one budget, or the two ends of a front, was expected",
         job.budgets.size());
  }
  Setup setup;
  Problem& problem = setup.problem;
  problem.network = parse_onnx(std::move(network), job.network, job.network_output);
  if (problem.network.file_outputs.size() > 1) job.network_output = problem.network.output_name;
  const Normalisation normalisation{{job.mean.begin(), job.mean.end()}, {job.std.begin(), job.std.end()}};
  const auto open = [&](const fs::path& path) {
    return with_label_offset(open_images(path, normalisation), job.label_offset.value_or(0));
  };
  const auto data = open(job.data);
  const auto searched = job.calibration ? open(*job.calibration) : data;
  check_fit(data->info(), problem.network, job.network.string());
  check_fit(searched->info(), problem.network, job.network.string());

  check_labels_suffice(job, searched->info());

  const bool apart = job.calibration.has_value();
  if (apart && searched->info().hash == data->info().hash) {
    fail(
        "data.path and data.calibration hold the same images ({}): the held-out images must be others than those that "
        "the "
        "search sees",
        data->info().origin);
  }
  add_warnings(setup.warnings, unused_engine_options(engine));
  add_warnings(setup.warnings, warnings_of(searched->info(), data->info(), job));
  const DatasetInfo& most = searched->info().classes > data->info().classes ? searched->info() : data->info();
  add_warnings(setup.warnings, label_offset_warnings(most, problem.network, job.label_offset));
  job.search_images =
      static_cast<double>(search_count(job.search_images, searched->info().count, apart, searched->info().origin));
  problem.split = stratified_split(searched->labels(), static_cast<std::int64_t>(job.search_images));
  if (apart) problem.split.held_out = all_indices(data->info().count);
  const std::int64_t apart_from_search =
      validation_count(job.validation_images, std::ssize(problem.split.search), job.block);
  if (apart_from_search > 0) set_validation_apart(problem.split, searched->labels(), apart_from_search);
  add_warnings(setup.warnings, validation_warnings(apart_from_search, job.block));
  job.validation_images = static_cast<double>(apart_from_search);
  problem.search_source = searched;
  problem.held_out_source = data;
  if (job.format.delivery_images == kAuto) {
    job.format.delivery_images =
        std::max(static_cast<int>(usual_delivery_images(problem.network)), job.format.matching_images);
  }
  problem.format = job.format;
  problem.engine = engine;
  problem.engine.block = job.block;
  problem.with_divergence = true;
  if (job.fitness == Fitness::outputs) problem.comparison.of = Comparison::Of::outputs;
  problem.comparison.temperature = job.temperature;
  problem.augment = job.augment;
  problem.memory = job.memory;
  problem.population = job.search.method == Method::annealing ? 1 : job.search.population;

  if (job.fitness_images > 0 && job.fitness_images < std::ssize(problem.split.search)) {
    problem.fitness_images = spaced_images(problem, job.fitness_images);
  }
  problem.races = races(job);
  validate(problem);
  images_of(problem, ImageSet::held_out);
  const std::vector<int> widths = job.sweep.empty() ? std::vector{job.format.levels} : job.sweep;
  for (const int levels : widths) {
    add_warnings(setup.warnings, advice(problem.network, job_of_width(job, levels).format));
  }
  set_budget(setup, job);
  setup.data_hash = data_hash(problem);
  setup.network_hash = network_hash(problem.network);
  setup.job = std::move(job);
  return setup;
}

Setup with_job(const Setup& setup, Job job) {
  Setup other = setup;
  other.problem.format = job.format;
  if (job.format.assignment != Assignment::compensated) other.problem.calibration = nullptr;  // it would be used
  other.problem.memory = job.memory;
  other.problem.population = job.search.method == Method::annealing ? 1 : job.search.population;
  set_budget(other, job);
  other.job = std::move(job);
  return other;
}

void check_workers(const Setup& setup, int workers) {
  const std::int64_t blocks = block_count(setup.problem, ImageSet::search), genomes = setup.problem.population;
  if (workers <= genomes * blocks) return;
  fail(
      "there are more workers than work: {} workers for {} genomes x {} blocks of images; start fewer ranks, or use "
      "smaller blocks or a larger population",
      workers, genomes, blocks);
}

}  // namespace vbq
