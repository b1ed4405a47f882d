#include "assign/sequential.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "assign/compensated.hpp"
#include "assign/input_moments.hpp"
#include "assign/refit.hpp"
#include "core/check.hpp"
#include "core/products.hpp"

namespace vbq {
namespace {

// Parts of 64 images have whole parts of the 64 positions that sums in float are of, so that these are the same however
// the images are cut.
std::int64_t images_at_once(const Patches& patches, std::int64_t images, std::int64_t held) {
  constexpr std::int64_t kWhole = 64;
  const std::int64_t fit = held / (patches.per_image() * patches.row());
  return fit >= images ? images : std::max(fit / kWhole, std::int64_t{1}) * kWhole;
}

// sum[r, j] += sum over positions of left[p, r] right[p, j] for r in 0..rows-1 and `width` columns j. In float over 64
// positions at a time, then in double; in order.
void add_cross_products(const float* left, std::size_t left_stride, std::size_t rows, const float* right,
                        std::size_t right_stride, std::size_t positions, std::size_t width, double* sum,
                        std::size_t sum_stride) {
  constexpr std::size_t kHeld = 64;
  for (std::size_t p = 0; p < positions; p += kHeld) {
    const std::size_t some = std::min(kHeld, positions - p);
    for (std::size_t r = 0; r < rows; r += kProductTile) {
      add_products({left + p * left_stride + r, 1, left_stride}, std::min(kProductTile, rows - r), some,
                   right + p * right_stride, right_stride, width, sum + r * sum_stride, sum_stride);
    }
  }
}

}  // namespace

std::int64_t sequential_positions(const Shape& image, std::int64_t columns, std::int64_t images) {
  constexpr std::int64_t kInAnImage = 20, kInAll = 15'000, kAColumn = 32;
  const double pixels = static_cast<double>(elements(image)) / static_cast<double>(image.front());
  const std::int64_t wanted = (std::max(kInAll, kAColumn * columns) + images - 1) / images;
  return std::max(kInAnImage, std::min(wanted, std::int64_t{std::lround(std::sqrt(pixels) / 2)}));
}

Patches sequential_patches(const Network& network, int node, std::int64_t images) {
  const Node& layer = network.nodes[static_cast<std::size_t>(node)];
  const Shape& input = network.shapes[static_cast<std::size_t>(layer.inputs.front())];
  const Shape& output = network.shapes[static_cast<std::size_t>(node) + 1];
  const std::int64_t columns = Patches(layer, node, input, output, 1).columns();
  return {layer, node, input, output, sequential_positions(network.shapes.front(), columns, images)};
}

std::int64_t sequential_bytes(const Network& network, std::int64_t images) {
  std::int64_t numbers = 0, most = 0;
  for (const int k : weight_layers(network)) {
    const Patches patches = sequential_patches(network, k, images);
    const Shape& weight = weight_of(network.nodes[static_cast<std::size_t>(k)])->shape;
    const std::int64_t part = std::min(images, images_at_once(patches, images, kHeldNumbers)) * patches.per_image();
    // A copy and a transposed one; outputs as trained.
    numbers += 2 * elements(weight) + images * patches.per_image() * weight.front();
    std::int64_t sums = 0;  // of inputs, in double, and the same factored
    for (const ColumnRun& run : column_runs(patches)) sums += 4 * run.size * run.size;
    most = std::max(most, part * (patches.row() + weight.front()) + sums);
  }
  return (numbers + most) * static_cast<std::int64_t>(sizeof(float));
}

SequentialAssigner::SequentialAssigner(const Network& network, std::int64_t images, std::int64_t held)
    : network_(network), images_(images) {
  if (images < 1) fail_internal("sequential assignment needs images");
  std::int64_t most = 0;
  for (const int k : weight_layers(network_)) {
    const Patches patches = sequential_patches(network_, k, images);
    const Tensor* weight = weight_of(network_.nodes[static_cast<std::size_t>(k)]);
    Layer layer{k, weight, patches, column_runs(patches), {}, images_at_once(patches, images, held)};
    const auto columns = static_cast<std::size_t>(patches.columns());
    const auto rows = static_cast<std::size_t>(layer.outputs() / patches.groups());
    layer.transposed.resize(layer.weight->data.size());
    for (std::size_t o = 0; o < static_cast<std::size_t>(layer.outputs()); ++o) {
      for (std::size_t c = 0; c < columns; ++c) {
        layer.transposed[(o / rows * columns + c) * rows + o % rows] = layer.weight->data[o * columns + c];
      }
    }
    most = std::max(most, std::min(images, layer.at_once) * patches.per_image() * patches.row());
    layers_.push_back(std::move(layer));
  }
  seen_.resize(static_cast<std::size_t>(most));
}

const SequentialAssigner::Layer& SequentialAssigner::layer_of(int node) const {
  const auto found = std::ranges::find(layers_, node, &Layer::node);
  if (found == layers_.end()) fail_internal("node {} is not a layer with weights", node);
  return *found;
}

std::int64_t SequentialAssigner::at_once(int node) const { return layer_of(node).at_once; }

void SequentialAssigner::see(int node, std::int64_t image, const TapView& x) {
  const Layer& layer = layer_of(node);
  const Patches& patches = layer.patches;
  if (x.channels * x.plane != patches.input_elements() || image < 0 || image >= images_) {
    fail_internal("image {} of {} with {} values for node {}, which takes {}", image, images_, x.channels * x.plane,
                  node, patches.input_elements());
  }
  const auto row = static_cast<std::size_t>(patches.row());
  auto at = static_cast<std::size_t>(image % layer.at_once * patches.per_image()) * row;
  for (const std::int64_t position : patches.draw(static_cast<std::uint32_t>(image))) {
    patches.gather(x, position, std::span(seen_).subspan(at, row));
    at += row;
  }
}

void SequentialAssigner::outputs(const Layer& layer, std::int64_t count, std::span<float> to,
                                 const Parallel& parallel) const {
  constexpr std::int64_t kSome = 64;  // positions
  const auto row = static_cast<std::size_t>(layer.patches.row()), all = static_cast<std::size_t>(layer.outputs());
  const auto columns = static_cast<std::size_t>(layer.patches.columns());
  const auto groups = static_cast<std::size_t>(layer.patches.groups());
  const std::size_t rows = all / groups;
  std::ranges::fill(to, 0.0F);
  parallel((count + kSome - 1) / kSome, [&](std::int64_t item) {
    const auto first = static_cast<std::size_t>(item * kSome);
    const auto last = static_cast<std::size_t>(std::min((item + 1) * kSome, count));
    for (std::size_t g = 0; g < groups; ++g) {
      add_products({&seen_[first * row + g * columns], row, 1}, last - first, columns,
                   &layer.transposed[g * columns * rows], rows, rows, &to[first * all + g * rows], all);
    }
  });
}

void SequentialAssigner::learn(int node, ImageRange seen, const Parallel& parallel) {
  const Layer& layer = layer_of(node);
  const std::int64_t count = seen.count * layer.patches.per_image();
  check_inputs(network_.nodes[static_cast<std::size_t>(node)].name,
               std::span(seen_).first(static_cast<std::size_t>(count * layer.patches.row())));
  std::vector<float>& trained = trained_[node];
  trained.resize(static_cast<std::size_t>(positions(layer) * layer.outputs()));
  outputs(layer, count, part_of(layer, trained, seen), parallel);
}

std::span<float> SequentialAssigner::part_of(const Layer& layer, std::span<float> all, ImageRange seen) {
  const std::int64_t image = layer.patches.per_image() * layer.outputs();
  return all.subspan(static_cast<std::size_t>(seen.first * image), static_cast<std::size_t>(seen.count * image));
}

void SequentialAssigner::begin(const Layer& layer) {
  const std::int64_t rows = layer.outputs() / layer.patches.groups();
  sums_.clear();
  summed_ = 0;
  for (const ColumnRun& run : layer.runs) {
    const bool corrected = run.size == layer.patches.columns();
    sums_.push_back({std::vector<double>(static_cast<std::size_t>(run.size * run.size)),
                     std::vector<double>(static_cast<std::size_t>(corrected ? rows * run.size : 0))});
  }
}

void SequentialAssigner::add(int node, ImageRange seen, const Parallel& parallel) {
  const Layer& layer = layer_of(node);
  if (seen.first == 0) begin(layer);
  const auto count = static_cast<std::size_t>(seen.count * layer.patches.per_image());
  const auto row = static_cast<std::size_t>(layer.patches.row()), all = static_cast<std::size_t>(layer.outputs());
  const auto columns = static_cast<std::size_t>(layer.patches.columns());
  const std::size_t rows = all / static_cast<std::size_t>(layer.patches.groups());
  const auto learnt = trained_.find(node);
  if (learnt == trained_.end()) fail_internal("node {} was to be assigned before it was learnt", node);
  const std::span<const float> trained = part_of(layer, learnt->second, seen);
  std::vector<float> missing(count * all);  // W x - W x'
  outputs(layer, static_cast<std::int64_t>(count), missing, parallel);
  for (std::size_t i = 0; i < missing.size(); ++i) missing[i] = trained[i] - missing[i];

  std::vector<std::pair<std::size_t, std::size_t>> tiles;  // run, first column
  for (std::size_t r = 0; r < layer.runs.size(); ++r) {
    for (std::size_t j = 0; j < static_cast<std::size_t>(layer.runs[r].size); j += kProductTile) {
      tiles.emplace_back(r, j);
    }
  }
  std::ranges::reverse(tiles);  // a run's last columns are the most work
  parallel(static_cast<std::int64_t>(tiles.size()), [&](std::int64_t item) {
    const auto [r, j] = tiles[static_cast<std::size_t>(item)];
    const ColumnRun& run = layer.runs[r];
    Sums& sums = sums_.at(r);
    const auto n = static_cast<std::size_t>(run.size), g = static_cast<std::size_t>(run.group);
    const std::size_t width = std::min(kProductTile, n - j);
    add_input_products(std::span(seen_).first(count * row), layer.patches.row(), run, layer.patches.columns(), j,
                       j + width, sums.inputs);
    if (sums.outputs.empty()) return;
    add_cross_products(&missing[g * rows], all, rows, &seen_[g * columns + j], row, count, width, &sums.outputs[j], n);
  });
  summed_ += static_cast<std::int64_t>(count);
}

void SequentialAssigner::end(const Layer& layer, std::vector<float>& target, LayerFactor& factor,
                             const Parallel& parallel) {
  const auto columns = static_cast<std::size_t>(layer.patches.columns());
  const auto rows = static_cast<std::size_t>(layer.outputs() / layer.patches.groups());
  parallel(static_cast<std::int64_t>(layer.runs.size()), [&](std::int64_t item) {
    const auto r = static_cast<std::size_t>(item);
    const ColumnRun& run = layer.runs[r];
    Sums& sums = sums_[r];
    const auto finite = [](double v) { return std::isfinite(v); };
    // A candidate's activations may overflow; then its weights are the nearest levels, and it is scored as what it is.
    if (!std::ranges::all_of(sums.inputs, finite) || !std::ranges::all_of(sums.outputs, finite)) return;
    const double positions = static_cast<double>(summed_);
    const double shrink = positions / (positions + 4 * static_cast<double>(run.size));
    for (double& v : sums.inputs) v /= positions;
    for (double& v : sums.outputs) v *= shrink / positions;
    const auto first_row = static_cast<std::int64_t>(static_cast<std::size_t>(run.group) * rows);
    factor.blocks[r] =
        make_factor(std::move(sums.inputs), columns_of(run), first_row, static_cast<std::int64_t>(rows), sums.outputs);
    if (sums.outputs.empty()) return;
    float* to = &target[static_cast<std::size_t>(first_row) * columns];
    for (std::size_t i = 0; i < rows * columns; ++i) {
      to[i] = static_cast<float>(static_cast<double>(to[i]) + sums.outputs[i]);
    }
  });
}

LayerTarget SequentialAssigner::target(int node, const Parallel& parallel) {
  const Layer& layer = layer_of(node);
  if (summed_ != positions(layer) || sums_.size() != layer.runs.size()) {
    fail_internal("node {} was to be assigned after {} of {} positions", layer.node, summed_, positions(layer));
  }
  LayerTarget found{layer.weight->data, {layer.node, std::vector<FactorBlock>(layer.runs.size())}};
  end(layer, found.weights, found.factor, parallel);
  sums_.clear();
  std::erase_if(found.factor.blocks, [](const FactorBlock& block) { return block.columns.empty(); });
  const auto finite = [](float v) { return std::isfinite(v); };
  if (!std::ranges::all_of(found.weights, finite)) found.weights = layer.weight->data;
  return found;
}

void SequentialAssigner::assign(const LayerTarget& target, LayerFormat& format) const {
  const Layer& layer = layer_of(format.node);
  format.indices = assign_compensated(target.weights, layer.outputs(), format, target.factor);
  refit(target.weights, layer.outputs(), target.factor, format);
}

LayerPass sequential_pass(const Network& network, Engine& engine, Shard images, Refit refit, std::int64_t memory) {
  if (refit == Refit::none) {
    if (auto own = engine.pass(images, PassLevels::sequential)) return {network, engine, std::move(own)};
  }
  auto assigner = std::make_shared<SequentialAssigner>(network, images.images.count);
  return {network, engine, std::move(images), std::move(assigner), memory};
}

}  // namespace vbq
