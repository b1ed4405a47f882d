#include "engine/cuda/sequential_layers.hpp"

#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

#include "assign/compensated.hpp"
#include "assign/input_moments.hpp"
#include "assign/rate.hpp"
#include "assign/sequential.hpp"
#include "core/check.hpp"
#include "engine/cuda/kernels.hpp"
#include "engine/cuda/sequential.hpp"

namespace vbq::cuda {
namespace {

constexpr std::int64_t kPartNumbers = std::int64_t{1} << 27;  // of the patches that are held together, or one image's

SequentialShape shape_of(const Patches& patches, std::int64_t outputs) {
  SequentialShape shape;
  shape.groups = static_cast<int>(patches.groups());
  shape.columns = static_cast<int>(patches.columns());
  shape.rows = static_cast<int>(outputs / patches.groups());
  shape.runs_a_group = static_cast<int>((patches.columns() + kFactorColumns - 1) / kFactorColumns);
  shape.longest = static_cast<int>(std::min(patches.columns(), kFactorColumns));
  shape.per_image = static_cast<int>(patches.per_image());
  return shape;
}

Sample sample_of(const Node& node, const Shape& output, const SequentialShape& shape) {
  Sample sample;
  sample.per_image = shape.per_image;
  sample.row = shape.row();
  const Conv* conv = std::get_if<Conv>(&node.op);
  sample.linear = conv == nullptr;
  if (conv == nullptr) return sample;
  sample.taps_y = static_cast<int>(conv->weight.shape[2]);
  sample.taps_x = static_cast<int>(conv->weight.shape[3]);
  sample.stride_y = static_cast<int>(conv->stride[0]);
  sample.stride_x = static_cast<int>(conv->stride[1]);
  sample.dilation_y = static_cast<int>(conv->dilation[0]);
  sample.dilation_x = static_cast<int>(conv->dilation[1]);
  sample.top = static_cast<int>(conv->pad.top);
  sample.left = static_cast<int>(conv->pad.left);
  sample.width = static_cast<int>(output[2]);
  return sample;
}

}  // namespace

SequentialLayers::SequentialLayers(const Network& network, std::int64_t images, Runner& runner, const Stream& stream)
    : network_(network), images_(images), runner_(runner), stream_(stream) {
  for (std::size_t k = 0; k < runner_.plan().layer_points.size(); ++k) points_.push_back(point_of(k, nullptr));
  allocate();
  bad_inputs_ = DeviceBuffer(std::max<std::size_t>(1, points_.size() * sizeof(float)));
  stream_.zero(bad_inputs_.data(), bad_inputs_.bytes());
}

SequentialLayers::SequentialLayers(const SequentialLayers& first, Runner& runner, const Stream& stream)
    : network_(first.network_), images_(first.images_), runner_(runner), stream_(stream) {
  for (std::size_t k = 0; k < first.points_.size(); ++k) points_.push_back(point_of(k, &first.points_[k]));
  allocate();
}

SequentialLayers::LayerPoint SequentialLayers::point_of(std::size_t k, const LayerPoint* known) const {
  const Plan::LayerPoint& from = runner_.plan().layer_points[k];
  const int index = runner_.plan().layers[static_cast<std::size_t>(from.layer)].node;
  const Node& node = network_.nodes[static_cast<std::size_t>(index)];
  const Patches patches = sequential_patches(network_, index, images_);
  LayerPoint point{static_cast<std::size_t>(from.layer), shape_of(patches, weight_of(node)->shape.front()), {}, {}, {}};
  const SequentialShape& shape = point.shape;
  const Out input = runner_.array(from.input.place);
  point.sample = sample_of(node, network_.shapes[static_cast<std::size_t>(index) + 1], shape);
  point.sample.x = from.input.layout;
  point.sample.in = In{input.data, input.type};
  point.at_once = std::clamp<std::int64_t>(kPartNumbers / (std::int64_t{shape.per_image} * shape.row()), 1, images_);
  if (known != nullptr) {
    point.positions = known->positions;
    point.trained = known->trained;
    point.sample.positions = known->sample.positions;
    return point;
  }
  std::vector<std::int32_t> positions;
  for (std::int64_t image = 0; image < images_; ++image) {
    for (const std::int64_t position : patches.draw(static_cast<std::uint32_t>(image))) {
      positions.push_back(static_cast<std::int32_t>(position));
    }
  }
  point.positions = std::make_shared<const DeviceBuffer>(positions.size() * sizeof(std::int32_t));
  stream_.upload(point.positions->data(), positions.data(), point.positions->bytes());
  point.sample.positions = point.positions->as<const std::int32_t>();
  if (shape.corrected()) {
    point.trained = std::make_shared<const DeviceBuffer>(positions.size() * static_cast<std::size_t>(shape.outputs()) *
                                                         sizeof(float));
  }
  return point;
}

// Once, for the largest layer: the stream does one after another.
void SequentialLayers::allocate() {
  std::int64_t patches = 0, missing = 0, sums = 0, parts = 0, diagonal = 0, feedback = 0, columns = 0, target = 0;
  int runs = 0;
  std::size_t tasks = 0;
  for (const LayerPoint& point : points_) {
    const SequentialShape& shape = point.shape;
    const std::int64_t positions = point.at_once * shape.per_image, all = shape.trapezoid() * shape.runs();
    patches = std::max(patches, positions * shape.row());
    if (shape.corrected()) missing = std::max(missing, positions * shape.outputs());
    sums = std::max(sums, all);
    parts = std::max(parts, all * sum_splits(shape, positions));
    diagonal = std::max(diagonal, shape.diagonal() * shape.runs());
    feedback = std::max(feedback, shape.square() * shape.runs());
    columns = std::max(columns, std::int64_t{shape.longest} * shape.runs());
    target = std::max(target, point.weights());
    runs = std::max(runs, shape.runs());
    tasks += static_cast<std::size_t>(shape.runs());
  }
  const auto make = [](DeviceBuffer& buffer, std::int64_t numbers, std::size_t size) {
    buffer = DeviceBuffer(std::max<std::size_t>(1, static_cast<std::size_t>(numbers) * size));
    return buffer.data();
  };
  memory_.patches = reinterpret_cast<float*>(make(patches_, patches, sizeof(float)));
  memory_.missing = reinterpret_cast<float*>(make(missing_, missing, sizeof(float)));
  memory_.parts = reinterpret_cast<double*>(make(parts_, parts, sizeof(double)));
  memory_.sums = reinterpret_cast<double*>(make(sums_, sums, sizeof(double)));
  memory_.factor = reinterpret_cast<double*>(make(factor_, sums, sizeof(double)));
  memory_.diagonal = reinterpret_cast<double*>(make(diagonal_, diagonal, sizeof(double)));
  memory_.target = reinterpret_cast<float*>(make(target_, target, sizeof(float)));
  memory_.feedback = reinterpret_cast<float*>(make(feedback_, feedback, sizeof(float)));
  make(scratch_, target, sizeof(float));
  static_assert(sizeof(float) == 4 && sizeof(int) == 4);
  memory_.order = reinterpret_cast<int*>(make(order_, 3 * columns, 4));
  memory_.columns = memory_.order + columns;
  memory_.weight = reinterpret_cast<float*>(memory_.columns + columns);
  memory_.damping = reinterpret_cast<double*>(make(small_, 2 * std::int64_t{runs} + (runs + 1) + 2 * kMostLevels, 4));
  memory_.broken = reinterpret_cast<int*>(memory_.damping + runs);
  memory_.taken = reinterpret_cast<std::uint32_t*>(memory_.broken + runs + 1);
  memory_.costs = reinterpret_cast<float*>(memory_.taken + kMostLevels);
  zero_bytes_ = (static_cast<std::size_t>(runs) + 1 + kMostLevels) * 4;
  make(tasks_, static_cast<std::int64_t>(tasks), sizeof(AssignTask));
  tasks_made_.reserve(tasks_.bytes());
  wanted_.resize(runner_.plan().layers.size());
}

template <typename Each>
void SequentialLayers::parts(const LayerPoint& point, float* bad, Each each) {
  for (std::int64_t image = 0; image < images_; image += point.at_once) {
    const std::int64_t some = std::min(point.at_once, images_ - image) * point.shape.per_image;
    const std::int64_t first = image * point.shape.per_image;
    launch_sample(point.sample, first, some, memory_.patches, bad, stream_.get());
    each(first, some);
  }
}

void SequentialLayers::learn(std::size_t k) {
  const LayerPoint& point = points_[k];
  parts(point, bad_inputs_.as<float>() + k, [&](std::int64_t first, std::int64_t count) {
    if (!point.shape.corrected()) return;
    launch_outputs(point.shape, memory_.patches, count, runner_.trained(point.layer), nullptr,
                   point.trained->as<float>() + first * point.shape.outputs(), stream_.get());
  });
}

void SequentialLayers::learnt() {
  bad_.resize(points_.size());
  stream_.download(bad_.data(), bad_inputs_.data(), bad_.size() * sizeof(float));
  stream_.synchronise();
}

void SequentialLayers::check(std::size_t k) const {
  const int node = runner_.plan().layers[points_[k].layer].node;
  check_inputs(network_.nodes[static_cast<std::size_t>(node)].name, std::span(bad_).subspan(k, 1));
}

void SequentialLayers::take(NetworkFormat& formats) {
  const std::vector<Layer>& layers = runner_.plan().layers;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto format = std::ranges::find(formats, layers[i].node, &LayerFormat::node);
    wanted_[i] = {};
    if (format == formats.end() || !format->indices.empty()) continue;
    if (format->refit > 0) fail_internal("a GPU was to refit node {}", format->node);
    wanted_[i].wanted = true;
    format->indices.resize(layers[i].weights());
  }
}

void SequentialLayers::begin(std::span<const LayerFormat* const> formats) {
  std::vector<AssignTask> made;
  for (const LayerPoint& point : points_) {
    Wanted& wanted = wanted_[point.layer];
    if (!wanted.wanted) continue;
    const LayerFormat& format = *formats[point.layer];
    const SequentialShape& shape = point.shape;
    wanted.price = format.rate > 0 ? price_of_a_bit(format) : 0;
    wanted.levels = format.levels();
    wanted.task = made.size();
    wanted.tasks = shape.runs();
    wanted.blocks = 0;
    AssignTask task;
    task.weight = memory_.target;
    task.format = runner_.packed(point.layer);
    task.rows = shape.rows;
    task.row_length = shape.columns;
    task.costs = wanted.price > 0 ? memory_.costs : nullptr;
    for (int run = 0; run < shape.runs(); ++run) {
      task.n = shape.size(run);
      task.first_row = run / shape.runs_a_group * shape.rows;
      task.columns = memory_.columns + std::int64_t{run} * shape.longest;
      task.diagonal = memory_.weight + std::int64_t{run} * shape.longest;
      task.feedback = memory_.feedback + run * shape.square();
      task.broken = memory_.broken + run;
      task.first_block = wanted.blocks;
      made.push_back(task);
      task.targets += std::int64_t{task.rows} * task.n;
      wanted.blocks += assign_blocks(task.rows);
    }
  }
  const std::size_t bytes = made.size() * sizeof(AssignTask);
  if (bytes > 0) std::memcpy(tasks_made_.data(), made.data(), bytes);
  stream_.upload(tasks_.data(), tasks_made_, 0, bytes);
}

void SequentialLayers::assign(std::size_t k) {
  const LayerPoint& point = points_[k];
  const Wanted& wanted = wanted_[point.layer];
  if (!wanted.wanted) return;
  const SequentialShape& shape = point.shape;
  const float* weight = runner_.trained(point.layer);
  stream_.zero(memory_.broken, zero_bytes_);
  parts(point, nullptr, [&](std::int64_t first, std::int64_t count) {
    if (shape.corrected()) {
      launch_outputs(shape, memory_.patches, count, weight, point.trained->as<float>() + first * shape.outputs(),
                     memory_.missing, stream_.get());
    }
    launch_sums(shape, count, first == 0, memory_, stream_.get());
  });
  launch_factor(shape, images_ * shape.per_image, weight, memory_, stream_.get());

  std::uint8_t* levels = runner_.levels(point.layer);
  const float* words = runner_.words();
  if (wanted.price > 0) {
    launch_nearest(shape, runner_.packed(point.layer), words, memory_.target, levels, stream_.get());
  }
  for (int round = 0; round < (wanted.price > 0 ? kRateRounds : 1); ++round) {
    if (wanted.price > 0) launch_price(shape, levels, wanted.levels, wanted.price, memory_, stream_.get());
    launch_assign(tasks_.as<const AssignTask>() + wanted.task, wanted.tasks,
                  reinterpret_cast<const std::uint32_t*>(words), scratch_.as<float>(), levels, wanted.blocks,
                  stream_.get());
  }
  runner_.take_levels(point.layer);
}

// All in one copy: a layer's words lie behind those of the layer before it.
void SequentialLayers::download() {
  const std::uint8_t *first = nullptr, *end = nullptr;
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    if (!wanted_[i].wanted) continue;
    if (first == nullptr) first = runner_.levels(i);
    end = runner_.levels(i) + runner_.plan().layers[i].weights();
  }
  found_from_ = first;
  const auto bytes = static_cast<std::size_t>(end - first);
  found_.reserve(bytes);
  stream_.download(found_.data(), first, bytes);
}

void SequentialLayers::put(NetworkFormat& formats) const {
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    if (!wanted_[i].wanted) continue;
    const auto* found = reinterpret_cast<const std::uint8_t*>(found_.data()) + (runner_.levels(i) - found_from_);
    std::ranges::find(formats, runner_.plan().layers[i].node, &LayerFormat::node)
        ->indices.assign(found, found + runner_.plan().layers[i].weights());
  }
}

std::size_t SequentialLayers::bytes() const {
  std::size_t sum = 0;
  for (const DeviceBuffer* buffer : {&patches_, &missing_, &parts_, &sums_, &factor_, &diagonal_, &small_, &target_,
                                     &scratch_, &feedback_, &order_, &bad_inputs_, &tasks_}) {
    sum += buffer->bytes();
  }
  for (const LayerPoint& point : points_) {
    sum += point.positions->bytes() + (point.trained == nullptr ? 0 : point.trained->bytes());
  }
  return sum;
}

}  // namespace vbq::cuda
