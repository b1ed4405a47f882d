#include "assign/input_moments.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "assign/compensated.hpp"
#include "core/check.hpp"

namespace vbq {
namespace {

// Positions summed in float before they are added in double.
constexpr std::size_t kHeld = 64;

}  // namespace

void add_tile(const Strided& left, std::size_t rows, std::size_t count, const float* right, std::size_t right_stride,
              std::size_t columns, double* sum, std::size_t sum_stride) {
  float part[kProductTile * kProductTile] = {};
  add_products(left, rows, count, right, right_stride, columns, part, kProductTile);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      sum[i * sum_stride + j] += static_cast<double>(part[i * kProductTile + j]);
    }
  }
}

void add_input_products(std::span<const float> patches, std::int64_t row, const ColumnRun& run, std::int64_t columns,
                        std::size_t first, std::size_t last, std::span<double> sum) {
  const auto stride = static_cast<std::size_t>(row), n = static_cast<std::size_t>(run.size);
  const std::size_t positions = patches.size() / stride;
  const float* x = patches.data() + run.group * columns + run.first;
  for (std::size_t p = 0; p < positions; p += kHeld) {
    const std::size_t some = std::min(kHeld, positions - p);
    const float* held = x + p * stride;
    for (std::size_t j = first; j < last; j += kProductTile) {
      for (std::size_t i = 0; i <= j; i += kProductTile) {
        add_tile({held + i, 1, stride}, std::min(kProductTile, n - i), some, held + j, stride,
                 std::min(kProductTile, n - j), &sum[i * n + j], n);
      }
    }
  }
}

void check_inputs(const std::string& layer, std::span<const float> x) {
  // 64 squares below 2^120 stay below 2^126, a float's largest being just under 2^128. Not true of a NaN either.
  constexpr float kMost = 0x1p60F;
  const auto bad = std::ranges::find_if_not(x, [](float v) { return std::abs(v) < kMost; });
  if (bad == x.end()) return;
  fail(
      "layer \"{}\" of the network as trained is given {} by the layers before it: finite numbers below {:.2g} were "
      "expected, to calibrate with; check the images' mean and standard deviation, leave the layer out (network.skip) "
      "or "
      "take format.assignment = \"nearest\"",
      layer, *bad, kMost);
}

InputMoments::InputMoments(const Node& node, int index, const Shape& input, const Shape& output, std::int64_t per_image)
    : patches_(node, index, input, output, per_image),
      name_(node.name),
      index_(index),
      outputs_(weight_of(node)->shape.front()),
      runs_(column_runs(patches_)) {
  for (const ColumnRun& run : runs_) sums_.emplace_back(static_cast<std::size_t>(run.size * run.size));
  held_.reserve(kHeld * static_cast<std::size_t>(patches_.row()));
}

void InputMoments::add(std::span<const float> x, std::uint32_t image) {
  if (static_cast<std::int64_t>(x.size()) != patches_.input_elements()) {
    fail_internal("an input of {} values for node {}, which takes {}", x.size(), index_, patches_.input_elements());
  }
  check_inputs(name_, x);
  const auto row = static_cast<std::size_t>(patches_.row());
  for (const std::int64_t position : patches_.draw(image)) {
    held_.resize(held_.size() + row);
    patches_.gather(x, position, std::span(held_).last(row));
    if (held_.size() == kHeld * row) flush();
  }
}

void InputMoments::flush() {
  for (std::size_t r = 0; r < runs_.size(); ++r) {
    add_input_products(held_, patches_.row(), runs_[r], patches_.columns(), 0, static_cast<std::size_t>(runs_[r].size),
                       sums_[r]);
  }
  count_ += static_cast<std::int64_t>(held_.size()) / patches_.row();
  held_.clear();
}

LayerFactor InputMoments::factor() {
  flush();
  LayerFactor result{index_, {}};
  const std::int64_t rows = outputs_ / patches_.groups();
  for (std::size_t r = 0; r < runs_.size(); ++r) {
    for (double& sum : sums_[r]) sum /= static_cast<double>(std::max<std::int64_t>(count_, 1));
    result.blocks.push_back(make_factor(std::move(sums_[r]), columns_of(runs_[r]), runs_[r].group * rows, rows));
  }
  return result;
}

}  // namespace vbq
