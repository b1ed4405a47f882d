#include "engine/cuda/layer_runner.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "engine/common/shard.hpp"
#include "engine/cuda/kernels.hpp"
#include "engine/cuda/plan/matching.hpp"

namespace vbq::cuda {

LayerRunner::LayerRunner(const Network& network, std::unique_ptr<Batch> batch, Place place)
    : network_(network), batch_(std::move(batch)), place_(std::move(place)) {
  batch_->runner().quantise(std::vector<const LayerFormat*>(batch_->plan().layers.size(), nullptr));
}

void LayerRunner::load(Shard images) {
  check_shard(network_, images, place_.block);
  if (images.images.count > batch()) fail_internal("{} images for a runner of {}", images.images.count, batch());
  use_device(place_.device);
  batch_->load(images);
  images_ = images.images.count;
  restart();
}

void LayerRunner::restart() {
  use_device(place_.device);
  batch_->feed();
  done_ = 0;
}

void LayerRunner::set(int node, const LayerFormat* format) {
  use_device(place_.device);
  batch_->runner().quantise(layer_of(node), format);
}

void LayerRunner::inputs(int node, const Tap& tap) {
  const Plan::LayerPoint& point = point_of(node);
  run_to(point.before, node);
  const ValueId input = network_.nodes[static_cast<std::size_t>(node)].inputs.front();
  const Shape& shape = network_.shapes[static_cast<std::size_t>(input)];
  download(point.input, shape);
  place_.parallel(images_, [&](std::int64_t i) {
    tap(i, input_view(&shown_[static_cast<std::size_t>(i * elements(shape))], shape));
  });
}

void LayerRunner::outputs(int node, const Tap& tap) {
  const Plan::LayerPoint& point = point_of(node);
  run_to(point.after, node);
  const Node& layer = network_.nodes[static_cast<std::size_t>(node)];
  const Shape& shape = network_.shapes[static_cast<std::size_t>(node) + 1];
  download(point.output, shape);
  place_.parallel(images_, [&](std::int64_t i) {
    tap(i, output_view(&shown_[static_cast<std::size_t>(i * elements(shape))], layer, shape));
  });
}

LayerRunner::Norm LayerRunner::norm(int node) const {
  const Layer& layer = batch_->plan().layers[layer_of(node)];
  return {layer.scale, layer.shift};
}

void LayerRunner::scale(int node, std::span<const float> gain, std::span<const float> add) {
  const Plan::LayerPoint& point = point_of(node);
  if (done_ != point.after) fail_internal("outputs of node {} were to be scaled at another time", node);
  use_device(place_.device);
  const Stream& stream = batch_->stream();
  scales_.reserve(gain.size_bytes() + add.size_bytes());
  auto* gains = scales_.as<float>();
  stream.upload(gains, gain.data(), gain.size_bytes());
  stream.upload(gains + gain.size(), add.data(), add.size_bytes());
  const Out y = batch_->runner().array(point.output.place);
  launch(scaling(point.output.layout, y, gains, gains + gain.size()), batch(), y, stream.get());
}

const Plan::LayerPoint& LayerRunner::point_of(int node) const {
  return *std::ranges::find(batch_->plan().layer_points, static_cast<int>(layer_of(node)), &Plan::LayerPoint::layer);
}

std::size_t LayerRunner::layer_of(int node) const {
  const std::vector<Layer>& layers = batch_->plan().layers;
  const auto found = std::ranges::find(layers, node, &Layer::node);
  if (found == layers.end()) fail_internal("node {} is not a layer with weights", node);
  return static_cast<std::size_t>(found - layers.begin());
}

void LayerRunner::run_to(std::size_t step, int node) {
  if (step < done_) fail_internal("node {} was to be run to when later ones had run", node);
  use_device(place_.device);
  batch_->runner().run(std::exchange(done_, step), step);
}

void LayerRunner::download(const Value& value, const Shape& shape) {
  const auto size = static_cast<std::size_t>(elements(shape));
  const Out array = batch_->runner().array(value.place);
  Reorder rows;  // the last axis innermost, nothing padded
  rows.y = layout_of(shape, 1, std::max(0, static_cast<int>(shape.size()) - 1));
  rows.x = value.layout;
  rows.in[0] = In{array.data, array.type};
  rows_.reserve(static_cast<std::size_t>(batch()) * size * sizeof(float));
  shown_.resize(static_cast<std::size_t>(images_) * size);
  launch(rows, batch(), Out{rows_.data(), Type::fp32}, batch_->stream().get());
  batch_->stream().download(shown_.data(), rows_.data(), shown_.size() * sizeof(float));
  batch_->stream().synchronise();
}

}  // namespace vbq::cuda
