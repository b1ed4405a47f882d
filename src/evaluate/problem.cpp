#include "evaluate/problem.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "core/hash.hpp"
#include "quant/packing.hpp"
#include "vbq/activations.hpp"

namespace vbq {
namespace {

void check_indices(const std::vector<std::int64_t>& indices, const ImageSource* source, const char* what) {
  if (indices.empty()) return;
  if (static_cast<std::int64_t>(indices.size()) > kMostImages) {
    fail("{} {} images were chosen of {}: at most {} can be counted", indices.size(), what,
         source == nullptr ? "no dataset" : source->info().origin, kMostImages);
  }
  if (source == nullptr)
    fail_internal("{} {} images were chosen, but there is no dataset to read them from", indices.size(), what);
  std::int64_t previous = -1;
  for (const std::int64_t index : indices) {
    if (index <= previous || index >= source->info().count) {
      fail("{} image {} (after {}) was asked of {}: ascending indices below {} were expected", what, index, previous,
           source->info().origin, source->info().count);
    }
    previous = index;
  }
}

std::int64_t quantised_weights(const Network& network, const Format& format) {
  std::int64_t weights = 0;
  for (const int k : quantised_layers(network, format)) {
    weights += std::ssize(weight_of(network.nodes[static_cast<std::size_t>(k)])->data);
  }
  return weights;
}

std::int64_t pass_images(const Problem& problem, const Format& format, Stage stage) {
  const bool more = stage == Stage::delivered && format.delivery_images > 0;
  return std::min<std::int64_t>(std::ssize(problem.split.search),
                                more ? format.delivery_images : format.matching_images);
}

// Held-out images are scored once and may be many: they pass through the engine in pieces of at most this many bytes of
// pixels. Tallies are integers, so the pieces do not show.
constexpr std::int64_t kPieceBytes = std::int64_t{256} << 20;

}  // namespace

void validate(const Problem& problem) {
  if (problem.engine.block < 1) {
    fail("a block of {} images was asked for: at least 1 was expected", problem.engine.block);
  }
  if (problem.population < 1) fail("a population of {} was asked for: at least 1 was expected", problem.population);
  if (problem.split.search.empty()) fail("the search has no images: at least 1 was expected");
  check_indices(problem.split.search, problem.search_source.get(), "search");
  check_indices(problem.fitness_images, problem.search_source.get(), "fitness");
  check_indices(problem.split.held_out, problem.held_out_source.get(), "held-out");
  check_indices(problem.split.validation, problem.search_source.get(), "validation");
}

const std::vector<std::int64_t>& images_of(const Problem& problem, ImageSet set) {
  if (set == ImageSet::search) return problem.fitness_images.empty() ? problem.split.search : problem.fitness_images;
  if (set == ImageSet::validation) {
    if (problem.split.validation.empty()) fail_internal("there are no validation images to score");
    return problem.split.validation;
  }
  if (problem.held_out_source == nullptr || problem.split.held_out.empty()) {
    fail("there are no held-out images to score: the search sees all of {}", problem.search_source->info().origin);
  }
  return problem.split.held_out;
}

const ImageSource& source_of(const Problem& problem, ImageSet set) {
  return set == ImageSet::held_out ? *problem.held_out_source : *problem.search_source;
}

std::int64_t block_count(const Problem& problem, ImageSet set) {
  const auto images = static_cast<std::int64_t>(images_of(problem, set).size());
  return images / problem.engine.block + (images % problem.engine.block == 0 ? 0 : 1);
}

std::int64_t block_bytes(const DatasetInfo& info, std::int64_t block) {
  const double bytes = static_cast<double>(info.channels) * static_cast<double>(info.height) *
                       static_cast<double>(info.width) * static_cast<double>(block);
  return static_cast<std::int64_t>(std::clamp(bytes, 1.0, 1e18));
}

std::int64_t blocks_in_piece(const DatasetInfo& info, std::int64_t block) {
  return std::max<std::int64_t>(1, kPieceBytes / block_bytes(info, block));
}

std::int64_t pass_images(const Problem& problem, Stage stage) { return pass_images(problem, problem.format, stage); }

bool needs_pass(const Format& format) {
  return format.assignment == Assignment::sequential || format.matching != Matching::never;
}

bool passes(const Format& format) {
  return format.assignment == Assignment::sequential || format.matching == Matching::always;
}

std::string data_hash(const Problem& problem) {
  Hasher hasher;
  hasher.text(problem.search_source->info().hash);
  hasher.array(std::span(problem.split.search));
  hasher.text(problem.held_out_source == nullptr ? "" : problem.held_out_source->info().hash);
  hasher.array(std::span(problem.split.held_out));
  if (!problem.split.validation.empty()) hasher.array(std::span(problem.split.validation));  // else as before
  return hasher.hex();
}

std::vector<std::int64_t> spaced_images(const Problem& problem, std::int64_t count) {
  const std::vector<std::int64_t>& all = problem.split.search;
  const std::size_t some = std::min(all.size(), static_cast<std::size_t>(count));
  std::vector<std::int64_t> chosen;
  for (std::size_t i = 0; i < some; ++i) chosen.push_back(all[i * all.size() / some]);
  return chosen;
}

void quantise_activations(Problem& problem, const ActivationRanges& ranges) {
  if (ranges.empty()) return;
  Network quantised = quantise_activations(problem.network, ranges);
  problem.trained = std::exchange(problem.network, std::move(quantised));
}

std::string evaluation_hash(const Problem& problem) {
  const Format& format = problem.format;
  Hasher hasher;
  for (const int field :
       {format.levels, static_cast<int>(format.encoding), static_cast<int>(format.symmetric),
        static_cast<int>(format.scope), static_cast<int>(format.scale), static_cast<int>(format.scale_by),
        static_cast<int>(format.assignment), static_cast<int>(format.matching), format.matching_images,
        format.delivery_images, format.exponent_bits, static_cast<int>(format.coding), static_cast<int>(format.widths),
        static_cast<int>(format.biases), static_cast<int>(problem.engine.precision),
        static_cast<int>(problem.with_divergence), static_cast<int>(problem.augment)}) {
    hasher.value(field);
  }
  hasher.value(format.exponent_bias.value_or(0));
  hasher.value(static_cast<int>(format.exponent_bias.has_value()));
  hasher.value(format.rate.value_or(-1));
  hasher.value(problem.comparison.temperature);
  if (problem.comparison.of == Comparison::Of::outputs) hasher.text("outputs");  // else as before
  if (format.refit > 0) hasher.value(format.refit);                              // else as before
  if (format.level_values != LevelValues::floating) hasher.text("int8 levels");  // else as before
  if (format.activations > 0) {  // else as before; 3: biases are whole, sums keep from halves
    hasher.text(fmt::format("activations {}, 3", format.activations));
  }
  if (!problem.fitness_images.empty()) hasher.array(std::span(problem.fitness_images));  // else as before
  if (problem.races) hasher.text("races");                                               // else as before
  hasher.value(problem.engine.block);
  hasher.value(static_cast<std::uint64_t>(format.skip.size()));
  for (const std::string& name : format.skip) hasher.text(name);
  return hasher.hex();
}

std::string settings_hash(const Problem& problem) {
  Hasher hasher;
  hasher.text(evaluation_hash(problem));
  hasher.value(problem.population);
  return hasher.hex();
}

std::size_t made_at_once(const Problem& problem, const Format& format, std::string_view engine) {
  std::int64_t most = 16;
  if (passes(format)) {
    const bool refits = format.assignment == Assignment::sequential && format.refit > 0;  // which the host does
    most = refits ? 1 : passes_at_once(engine, problem.network, pass_images(problem, format, Stage::evaluated));
  }
  const std::int64_t levels = (std::int64_t{16} << 20) / (1 + quantised_weights(problem.network, format));
  return static_cast<std::size_t>(std::clamp<std::int64_t>(levels, 1, most));
}

double hand_over_seconds(const Network& network, const Format& format) {
  constexpr double kBytesASecond = 1.25e9;
  return 2 * static_cast<double>(quantised_weights(network, format) * index_bits(format.levels)) / 8 / kBytesASecond;
}

std::int64_t assignments_remembered(const Problem& problem) {
  return std::min(std::int64_t{256} << 20, 4 * problem.population * quantised_weights(problem.network, problem.format));
}

std::string engine_identity(const EngineInfo& info) {
  return fmt::format("{}, {}, {}, {}", info.kind, info.isa, info.library, info.precision);
}

}  // namespace vbq
