#include "engine/cuda/compensator.hpp"

#include <algorithm>

#include "assign/compensate.hpp"
#include "core/check.hpp"
#include "engine/cuda/kernels.hpp"

namespace vbq::cuda {
namespace {

constexpr std::int64_t kMostTargets = std::int64_t{64} << 20;  // floats of scratch memory, or one layer's
constexpr std::int64_t kMostWords = std::int64_t{16} << 20;    // of codebooks and scales, and one layer's more

const Tensor& weight_of_node(const Network& network, int node) {
  return *weight_of(network.nodes[static_cast<std::size_t>(node)]);
}

}  // namespace

Compensator::Compensator(const Network& network, const Calibration& calibration, int device) : device_(device) {
  check_calibration(network, calibration);
  std::size_t weights = 0, columns = 0, feedback = 0;
  for (const LayerFactor& factor : calibration.factors) {
    const Tensor& weight = weight_of_node(network, factor.node);
    weights += weight.data.size();
    for (const FactorBlock& block : factor.blocks) {
      columns += block.columns.size();
      feedback += block.feedback.size();
    }
  }
  weights_ = DeviceBuffer(weights * sizeof(float));
  columns_ = DeviceBuffer(columns * sizeof(std::int32_t));
  feedback_ = DeviceBuffer(feedback * sizeof(float));
  auto* weight_at = weights_.as<float>();
  auto* columns_at = columns_.as<std::int32_t>();
  auto* feedback_at = feedback_.as<float>();
  for (const LayerFactor& factor : calibration.factors) {
    const Tensor& weight = weight_of_node(network, factor.node);
    FactorLayer layer;
    layer.node = factor.node;
    layer.outputs = static_cast<int>(weight.shape.front());
    layer.row_length = static_cast<int>(std::ssize(weight.data) / weight.shape.front());
    layer.weight = weight_at;
    stream_.upload(weight_at, weight.data.data(), weight.data.size() * sizeof(float));
    weight_at += weight.data.size();
    for (const FactorBlock& block : factor.blocks) {
      layer.blocks.push_back({columns_at, feedback_at, static_cast<int>(block.first_row), static_cast<int>(block.rows),
                              static_cast<int>(block.columns.size())});
      stream_.upload(columns_at, block.columns.data(), block.columns.size() * sizeof(std::int32_t));
      stream_.upload(feedback_at, block.feedback.data(), block.feedback.size() * sizeof(float));
      columns_at += block.columns.size();
      feedback_at += block.feedback.size();
    }
    layers_.push_back(std::move(layer));
  }
  stream_.synchronise();
}

const FactorLayer& Compensator::layer_of(int node) const {
  const auto found = std::ranges::find(layers_, node, &FactorLayer::node);
  if (found == layers_.end()) fail_internal("the calibration has no factor of node {}", node);
  return *found;
}

std::vector<std::vector<std::uint8_t>> Compensator::assign(std::span<const LayerFormat* const> layers) {
  use_device(device_);
  std::vector<std::vector<std::uint8_t>> made;
  while (made.size() < layers.size()) {
    AssignBatch batch;
    std::vector<std::int64_t> ends;  // of the layers' levels
    for (const LayerFormat* format : layers.subspan(made.size())) {
      const FactorLayer& layer = layer_of(format->node);
      const bool full = batch.targets + layer.targets() > kMostTargets || std::ssize(batch.words) > kMostWords;
      if (!ends.empty() && full) break;
      if (format->rate > 0) fail_internal("a GPU was to assign node {} with a rate", format->node);
      batch.add(layer, *format);
      ends.push_back(batch.levels);
    }
    run(batch);
    std::int64_t first = 0;
    for (const std::int64_t end : ends) {
      made.emplace_back(result_.begin() + first, result_.begin() + end);
      first = end;
    }
  }
  return made;
}

void Compensator::run(const AssignBatch& batch) {
  tasks_.reserve(batch.tasks.size() * sizeof(AssignTask));
  words_.reserve(batch.words.size() * sizeof(std::uint32_t));
  targets_.reserve(static_cast<std::size_t>(batch.targets) * sizeof(float));
  levels_.reserve(static_cast<std::size_t>(batch.levels));
  result_.resize(static_cast<std::size_t>(batch.levels));
  stream_.upload(tasks_.data(), batch.tasks.data(), batch.tasks.size() * sizeof(AssignTask));
  stream_.upload(words_.data(), batch.words.data(), batch.words.size() * sizeof(std::uint32_t));
  launch_assign(tasks_.as<const AssignTask>(), static_cast<int>(batch.tasks.size()), words_.as<const std::uint32_t>(),
                targets_.as<float>(), levels_.as<std::uint8_t>(), batch.blocks, stream_.get());
  stream_.download(result_.data(), levels_.data(), result_.size());
  stream_.synchronise();
}

}  // namespace vbq::cuda
