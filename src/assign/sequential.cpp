#include "assign/sequential.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "assign/compensated.hpp"
#include "assign/input_moments.hpp"
#include "assign/products.hpp"
#include "core/check.hpp"

namespace vbq {
namespace {

// Patches of one layer are held together: at most so many numbers (128 MiB), or one position an image.
constexpr std::int64_t kHeldNumbers = std::int64_t{1} << 25;

std::int64_t positions_an_image(const Node& node, const Shape& input, const Shape& output, std::int64_t images) {
  const std::int64_t row = Patches(node, 0, input, output, 1).row();
  return std::clamp<std::int64_t>(kHeldNumbers / std::max<std::int64_t>(1, images * row), 1, kSequentialPositions);
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

std::int64_t sequential_bytes(const Network& network, std::int64_t images) {
  std::int64_t numbers = 0, most = 0;
  for (const int k : weight_layers(network)) {
    const Node& node = network.nodes[static_cast<std::size_t>(k)];
    const Shape& input = network.shapes[static_cast<std::size_t>(node.inputs.front())];
    const Shape& output = network.shapes[static_cast<std::size_t>(k) + 1];
    const Patches patches(node, k, input, output, positions_an_image(node, input, output, images));
    const Shape& weight = weight_of(node)->shape;
    const std::int64_t positions = images * patches.per_image();
    numbers += 2 * elements(weight) + positions * weight.front();  // a copy and a transposed one; outputs as trained
    std::int64_t sums = 0;                                         // of inputs, in double, and the same factored
    for (const ColumnRun& run : column_runs(patches)) sums += 4 * run.size * run.size;
    most = std::max(most, positions * (patches.row() + weight.front()) + sums);
  }
  return (numbers + most) * static_cast<std::int64_t>(sizeof(float));
}

SequentialAssigner::SequentialAssigner(const Network& network, std::int64_t images)
    : network_(network), images_(images) {
  if (images < 1) fail_internal("sequential assignment needs images");
  std::int64_t most = 0;
  for (const int k : weight_layers(network_)) {
    const Node& node = network_.nodes[static_cast<std::size_t>(k)];
    const Shape& input = network_.shapes[static_cast<std::size_t>(node.inputs.front())];
    const Shape& output = network_.shapes[static_cast<std::size_t>(k) + 1];
    Patches patches(node, k, input, output, positions_an_image(node, input, output, images));
    Layer layer{k, weight_of(node), patches, column_runs(patches), {}, {}};
    const auto columns = static_cast<std::size_t>(patches.columns());
    const auto rows = static_cast<std::size_t>(layer.outputs() / patches.groups());
    layer.transposed.resize(layer.weight->data.size());
    for (std::size_t o = 0; o < static_cast<std::size_t>(layer.outputs()); ++o) {
      for (std::size_t c = 0; c < columns; ++c) {
        layer.transposed[(o / rows * columns + c) * rows + o % rows] = layer.weight->data[o * columns + c];
      }
    }
    most = std::max(most, positions(layer) * patches.row());
    layers_.push_back(std::move(layer));
  }
  seen_.resize(static_cast<std::size_t>(most));
}

SequentialAssigner::Layer& SequentialAssigner::layer_of(int node) {
  const auto found = std::ranges::find(layers_, node, &Layer::node);
  if (found == layers_.end()) fail_internal("node {} is not a layer with weights", node);
  return *found;
}

void SequentialAssigner::see(int node, std::int64_t image, const TapView& x) {
  const Patches& patches = layer_of(node).patches;
  if (x.channels * x.plane != patches.input_elements() || image < 0 || image >= images_) {
    fail_internal("image {} of {} with {} values for node {}, which takes {}", image, images_, x.channels * x.plane,
                  node, patches.input_elements());
  }
  const auto row = static_cast<std::size_t>(patches.row());
  auto at = static_cast<std::size_t>(image * patches.per_image()) * row;
  for (const std::int64_t position : patches.draw(static_cast<std::uint32_t>(image))) {
    patches.gather(x, position, std::span(seen_).subspan(at, row));
    at += row;
  }
}

std::vector<float> SequentialAssigner::outputs(const Layer& layer, const Parallel& parallel) const {
  constexpr std::int64_t kSome = 64;  // positions
  const std::int64_t count = positions(layer);
  const auto row = static_cast<std::size_t>(layer.patches.row()), all = static_cast<std::size_t>(layer.outputs());
  const auto columns = static_cast<std::size_t>(layer.patches.columns());
  const auto groups = static_cast<std::size_t>(layer.patches.groups());
  const std::size_t rows = all / groups;
  std::vector<float> y(static_cast<std::size_t>(count) * all);
  parallel((count + kSome - 1) / kSome, [&](std::int64_t item) {
    const auto first = static_cast<std::size_t>(item * kSome);
    const auto last = static_cast<std::size_t>(std::min((item + 1) * kSome, count));
    for (std::size_t g = 0; g < groups; ++g) {
      add_products({&seen_[first * row + g * columns], row, 1}, last - first, columns,
                   &layer.transposed[g * columns * rows], rows, rows, &y[first * all + g * rows], all);
    }
  });
  return y;
}

void SequentialAssigner::learn(int node, const Parallel& parallel) {
  Layer& layer = layer_of(node);
  const auto numbers = static_cast<std::size_t>(positions(layer) * layer.patches.row());
  check_inputs(network_.nodes[static_cast<std::size_t>(node)].name, std::span(seen_).first(numbers));
  layer.trained = outputs(layer, parallel);
}

void SequentialAssigner::assign(LayerFormat& format, const Parallel& parallel) {
  const Layer& layer = layer_of(format.node);
  const auto count = static_cast<std::size_t>(positions(layer));
  const auto row = static_cast<std::size_t>(layer.patches.row()), all = static_cast<std::size_t>(layer.outputs());
  const auto columns = static_cast<std::size_t>(layer.patches.columns());
  const std::size_t rows = all / static_cast<std::size_t>(layer.patches.groups());
  std::vector<float> missing = outputs(layer, parallel);  // W x - W x'
  if (missing.size() != layer.trained.size())
    fail_internal("node {} was to be assigned before it was learnt", layer.node);
  for (std::size_t i = 0; i < missing.size(); ++i) missing[i] = layer.trained[i] - missing[i];

  struct Sums {
    std::vector<double> inputs, outputs;  // of x' x'^T [n, n], upper triangle; of (W x - W x') x'^T [rows, n]
  };
  std::vector<Sums> sums;
  std::vector<std::pair<std::size_t, std::size_t>> tiles;  // run, first column
  for (std::size_t r = 0; r < layer.runs.size(); ++r) {
    const auto n = static_cast<std::size_t>(layer.runs[r].size);
    const bool corrected = n == columns;
    sums.push_back({std::vector<double>(n * n), std::vector<double>(corrected ? rows * n : 0)});
    for (std::size_t j = 0; j < n; j += kProductTile) tiles.emplace_back(r, j);
  }
  std::ranges::reverse(tiles);  // a run's last columns are the most work
  parallel(static_cast<std::int64_t>(tiles.size()), [&](std::int64_t item) {
    const auto [r, j] = tiles[static_cast<std::size_t>(item)];
    const ColumnRun& run = layer.runs[r];
    const auto n = static_cast<std::size_t>(run.size), g = static_cast<std::size_t>(run.group);
    const std::size_t width = std::min(kProductTile, n - j);
    add_input_products(std::span(seen_).first(count * row), layer.patches.row(), run, layer.patches.columns(), j,
                       j + width, sums[r].inputs);
    if (sums[r].outputs.empty()) return;
    add_cross_products(&missing[g * rows], all, rows, &seen_[g * columns + j], row, count, width, &sums[r].outputs[j],
                       n);
  });

  std::vector<float> target = layer.weight->data;
  LayerFactor factor{layer.node, std::vector<FactorBlock>(layer.runs.size())};
  parallel(static_cast<std::int64_t>(layer.runs.size()), [&](std::int64_t item) {
    const auto r = static_cast<std::size_t>(item);
    const ColumnRun& run = layer.runs[r];
    const auto finite = [](double v) { return std::isfinite(v); };
    // A candidate's activations may overflow; then its weights are the nearest levels, and it is scored as what it is.
    if (!std::ranges::all_of(sums[r].inputs, finite) || !std::ranges::all_of(sums[r].outputs, finite)) return;
    const double positions = static_cast<double>(count);
    const double shrink = positions / (positions + 4 * static_cast<double>(run.size));
    for (double& v : sums[r].inputs) v /= positions;
    for (double& v : sums[r].outputs) v *= shrink / positions;
    const auto first_row = static_cast<std::int64_t>(static_cast<std::size_t>(run.group) * rows);
    factor.blocks[r] = make_factor(std::move(sums[r].inputs), columns_of(run), first_row,
                                   static_cast<std::int64_t>(rows), sums[r].outputs);
    if (sums[r].outputs.empty()) return;
    float* to = &target[static_cast<std::size_t>(first_row) * columns];
    for (std::size_t i = 0; i < rows * columns; ++i) {
      to[i] = static_cast<float>(static_cast<double>(to[i]) + sums[r].outputs[i]);
    }
  });
  std::erase_if(factor.blocks, [](const FactorBlock& block) { return block.columns.empty(); });
  if (!std::ranges::all_of(target, [](float v) { return std::isfinite(v); })) target = layer.weight->data;
  format.indices = assign_compensated(target, layer.outputs(), format, factor);
}

}  // namespace vbq
