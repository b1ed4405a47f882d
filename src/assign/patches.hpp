// What one output of a layer is a sum over: a patch of the layer's input, or a vector of it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "vbq/layer_runner.hpp"
#include "vbq/network.hpp"

namespace vbq {

class Patches {
 public:
  // node: a Conv or Linear of index `index`, which outlives this; `input` and `output` its shapes for one image.
  // per_image: positions sampled in each image; all of them where an image has no more. Error (internal) for a node
  // without weights.
  Patches(const Node& node, int index, Shape input, Shape output, std::int64_t per_image);

  std::int64_t groups() const { return groups_; }
  std::int64_t columns() const { return columns_; }        // inputs of one output
  std::int64_t row() const { return groups_ * columns_; }  // inputs of all groups at one position
  std::int64_t per_image() const { return all() ? positions_ : per_image_; }
  std::int64_t input_elements() const { return elements(input_); }

  // The positions of one image, [per_image()]. image: names the draw (Random, seed 0), so that it depends on nothing
  // else.
  std::vector<std::int64_t> draw(std::uint32_t image) const;
  // x: the layer's input for one image. to: [row()], group after group.
  void gather(const TapView& x, std::int64_t position, std::span<float> to) const;

 private:
  bool all() const { return positions_ <= per_image_; }

  const Node& node_;
  int index_;
  Shape input_, output_;
  std::int64_t per_image_, positions_ = 0, groups_ = 1, columns_ = 0;
};

// Columns that compensate each other: all of a group's, or, where there are more than kFactorColumns, runs of so many.
struct ColumnRun {
  std::int64_t group, first, size;  // columns first .. first + size - 1 of the group's
};
std::vector<ColumnRun> column_runs(const Patches& patches);
std::vector<std::int32_t> columns_of(const ColumnRun& run);  // first, first + 1, ...

}  // namespace vbq
