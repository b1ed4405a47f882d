#include "assign/patches.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <variant>

#include "assign/compensated.hpp"
#include "core/check.hpp"
#include "core/random.hpp"

namespace vbq {

Patches::Patches(const Node& node, int index, Shape input, Shape output, std::int64_t per_image)
    : node_(node), index_(index), input_(std::move(input)), output_(std::move(output)), per_image_(per_image) {
  if (const Conv* conv = std::get_if<Conv>(&node.op)) {
    const Shape& w = conv->weight.shape;
    groups_ = conv->group;
    columns_ = w[1] * w[2] * w[3];
    positions_ = output_[1] * output_[2];
  } else if (const Linear* linear = std::get_if<Linear>(&node.op)) {
    columns_ = linear->weight.shape[1];
    positions_ = elements(input_) / columns_;
  } else {
    fail_internal("node '{}' has no weights to calibrate", node.name);
  }
}

std::vector<std::int64_t> Patches::draw(std::uint32_t image) const {
  Random random(0, static_cast<std::uint32_t>(index_), image, Purpose::calibration);
  std::vector<std::int64_t> positions(static_cast<std::size_t>(per_image()));
  for (std::size_t i = 0; i < positions.size(); ++i) {
    positions[i] = static_cast<std::int64_t>(all() ? i : random.below(static_cast<std::uint64_t>(positions_)));
  }
  return positions;
}

void Patches::gather(const TapView& x, std::int64_t position, std::span<float> to) const {
  const Conv* conv = std::get_if<Conv>(&node_.op);
  if (conv == nullptr) {
    for (std::int64_t k = 0; k < columns_; ++k) {
      const std::int64_t at = position * columns_ + k;  // row-major
      to[static_cast<std::size_t>(k)] = x.data[x.offset(at / x.plane) + at % x.plane * x.block];
    }
    return;
  }
  const Shape& w = conv->weight.shape;
  const std::int64_t height = input_[1], width = input_[2];
  const std::int64_t top = position / output_[2] * conv->stride[0] - conv->pad.top;
  const std::int64_t left = position % output_[2] * conv->stride[1] - conv->pad.left;
  const std::int64_t channels = groups_ * w[1], taps = w[2] * w[3];
  for (std::int64_t tap = 0; tap < taps; ++tap) {
    const std::int64_t y = top + tap / w[3] * conv->dilation[0], z = left + tap % w[3] * conv->dilation[1];
    const bool inside = y >= 0 && y < height && z >= 0 && z < width;
    float* out = to.data() + tap;
    for (std::int64_t first = 0; first < channels; first += x.block) {  // channels that lie side by side
      const float* from = x.data + x.offset(first) + (y * width + z) * x.block;
      const std::int64_t last = std::min(first + x.block, channels);
      for (std::int64_t c = first; c < last; ++c) out[c * taps] = inside ? from[c - first] : 0.0F;
    }
  }
}

std::vector<ColumnRun> column_runs(const Patches& patches) {
  std::vector<ColumnRun> runs;
  for (std::int64_t g = 0; g < patches.groups(); ++g) {
    for (std::int64_t first = 0; first < patches.columns(); first += kFactorColumns) {
      runs.push_back({g, first, std::min(kFactorColumns, patches.columns() - first)});
    }
  }
  return runs;
}

std::vector<std::int32_t> columns_of(const ColumnRun& run) {
  std::vector<std::int32_t> columns(static_cast<std::size_t>(run.size));
  std::iota(columns.begin(), columns.end(), static_cast<std::int32_t>(run.first));
  return columns;
}

}  // namespace vbq
