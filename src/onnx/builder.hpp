// Builder: the network as it grows, while nodes of the file are converted one after another.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "model/draft.hpp"
#include "onnx/node.hpp"
#include "vbq/network.hpp"

namespace vbq {

// Shapes of activations have the batch as their first extent here; the network's leave it out.
class Builder {
 public:
  // input: batch first, all extents >= 1.
  explicit Builder(const Shape& input);

  std::int64_t batch() const { return batch_; }

  // Adds a node named after the file's; `part` is appended where one node of the file makes several. Error when the
  // shape does not keep the batch as its first extent, or is absurd.
  Value emit(const NodeContext& node, Operator op, std::vector<ValueId> inputs, const Shape& shape,
             const std::string& part = "");

  // A constant that meets activations of `rank` axes: a Constant node for it, its shape aligned at the last axis and
  // filled with ones up to `rank`. Error when it differs from image to image.
  Value constant(NodeContext& node, std::size_t i, std::size_t rank);
  // Its tensor, of one image: rank - 1 axes.
  Tensor image_constant(NodeContext& node, std::size_t i, std::size_t rank) const;
  // A number as a Constant node, whose shape joins with values of `rank` axes.
  Value number(const NodeContext& node, float value, std::size_t rank, const std::string& part);

  Draft& draft() { return draft_; }

 private:
  std::string unique(const std::string& name);

  std::int64_t batch_;
  Draft draft_;
  std::unordered_set<std::string> names_;
  std::unordered_map<std::string, int> copies_;
};

// Axis of one image that an operator works on: `axis` counts the batch, and may count from the end. Error when it is
// the batch's.
int image_axis(const NodeContext& node, std::int64_t axis, std::size_t rank);

}  // namespace vbq
