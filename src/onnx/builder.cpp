#include "onnx/builder.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "model/geometry.hpp"
#include "onnx/name.hpp"
#include "onnx/shape_rules.hpp"

namespace vbq {
namespace {

Shape image_shape(const Shape& shape) { return Shape(shape.begin() + 1, shape.end()); }

}  // namespace

int image_axis(const NodeContext& node, std::int64_t axis, std::size_t rank) {
  const int a = normal_axis(axis, rank, node.where());
  if (a == 0) fail("{} works across the images of a batch, where each was expected to be alone", node.where());
  return a - 1;
}

Builder::Builder(const Shape& input) : batch_(input.front()) { draft_.network.shapes = {image_shape(input)}; }

std::string Builder::unique(const std::string& name) {
  const std::string clean = clean_name(name);
  std::string candidate = clean;
  while (!names_.insert(candidate).second) candidate = fmt::format("{}_{}", clean, ++copies_[clean] + 1);
  return candidate;
}

Value Builder::emit(const NodeContext& node, Operator op, std::vector<ValueId> inputs, const Shape& shape,
                    const std::string& part) {
  if (shape.empty() || shape.front() != batch_) {
    fail("{} gives shape {} for a batch of {} images, where the images' axis was expected to stay first", node.where(),
         shape_text(shape), batch_);
  }
  if (shape.size() > kMostAxes)
    fail("{} makes {} axes: at most {} were expected", node.where(), shape.size(), kMostAxes);
  const Shape image = image_shape(shape);
  for (const std::int64_t extent : image) {
    if (extent < 1 || extent > kLargestExtent) {
      fail("{} gives shape {} for an image: extents of 1 to {} were expected", node.where(), shape_text(image),
           kLargestExtent);
    }
  }
  if (elements(image) > kLargestExtent) {
    fail("{} gives shape {} for an image: at most {} elements were expected", node.where(), shape_text(image),
         kLargestExtent);
  }
  const std::string& name = node.proto().name().empty() ? node.proto().output(0) : node.proto().name();
  Network& network = draft_.network;
  network.nodes.push_back({unique(name + part), std::move(op), std::move(inputs), ""});
  network.shapes.push_back(image);
  Value value;
  value.id = static_cast<ValueId>(network.nodes.size());
  value.shape = shape;
  return value;
}

Tensor Builder::image_constant(NodeContext& node, std::size_t i, std::size_t rank) const {
  Tensor tensor = node.tensor_at(i);
  if (tensor.data.empty() || tensor.shape.size() > rank) {
    fail("{} joins a constant of shape {} to a value of {} axes", node.where(), shape_text(tensor.shape), rank);
  }
  tensor.shape.insert(tensor.shape.begin(), rank - tensor.shape.size(), 1);
  const std::int64_t images = tensor.shape.front();
  tensor.shape.erase(tensor.shape.begin());
  const std::size_t size = tensor.data.size() / static_cast<std::size_t>(images);
  bool same = images == 1 || images == batch_;
  for (std::size_t k = size; same && k < tensor.data.size(); k += size) {
    same = std::equal(tensor.data.begin(), tensor.data.begin() + static_cast<std::ptrdiff_t>(size),
                      tensor.data.begin() + static_cast<std::ptrdiff_t>(k));
  }
  if (!same) fail("{} has a constant that differs from image to image of a batch", node.where());
  tensor.data.resize(size);
  return tensor;
}

Value Builder::number(const NodeContext& node, float value, std::size_t rank, const std::string& part) {
  Shape shape(rank, 1);
  Constant op{{Shape(rank - 1, 1), {value}}};
  shape[0] = batch_;
  return emit(node, std::move(op), {}, shape, part);
}

Value Builder::constant(NodeContext& node, std::size_t i, std::size_t rank) {
  Constant op{image_constant(node, i, rank)};
  Shape shape = op.value.shape;
  shape.insert(shape.begin(), batch_);
  return emit(node, std::move(op), {}, shape, fmt::format(".constant{}", i));
}

}  // namespace vbq
