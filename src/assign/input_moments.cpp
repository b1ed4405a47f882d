#include "assign/input_moments.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "assign/compensated.hpp"
#include "core/check.hpp"
#include "core/products.hpp"

namespace vbq {
namespace {

// Positions summed in float before they are added in double.
constexpr std::size_t kHeld = 64;
// Rows at a time where the diagonal passes.
constexpr std::size_t kStep = 16;

}  // namespace

void add_input_products(std::span<const float> patches, std::int64_t row, const ColumnRun& run, std::int64_t columns,
                        std::size_t first, std::size_t last, std::span<double> sum) {
  const auto stride = static_cast<std::size_t>(row), n = static_cast<std::size_t>(run.size);
  const std::size_t positions = patches.size() / stride;
  const float* x = patches.data() + run.group * columns + run.first;
  for (std::size_t p = 0; p < positions; p += kHeld) {
    const std::size_t some = std::min(kHeld, positions - p);
    const float* held = x + p * stride;
    for (std::size_t j = first; j < last; j += kProductTile) {
      const std::size_t width = std::min(kProductTile, n - j);
      for (std::size_t i = 0; i < j; i += kProductTile) {
        add_products({held + i, 1, stride}, kProductTile, some, held + j, stride, width, &sum[i * n + j], n);
      }
      for (std::size_t i = j; i < j + width; i += kStep) {  // on the diagonal: what is below it is not needed
        add_products({held + i, 1, stride}, std::min(kStep, j + width - i), some, held + i, stride, j + width - i,
                     &sum[i * n + i], n);
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
}

void InputMoments::expect(std::int64_t images, std::vector<float>& room) {
  const auto more = static_cast<std::size_t>(images * patches_.per_image() * patches_.row());
  room.resize(std::max(room.size(), held_.size() + more));
  std::ranges::copy(held_, room.begin());
  room_ = std::span(room).first(held_.size() + more);
  expected_ = images;
}

void InputMoments::see(std::int64_t i, const TapView& x) {
  if (x.channels * x.plane != patches_.input_elements() || i < 0 || i >= expected_) {
    fail_internal("image {} of {} with {} values for node {}, which takes {}", i, expected_, x.channels * x.plane,
                  index_, patches_.input_elements());
  }
  check_inputs(name_, x.all());
  const auto row = static_cast<std::size_t>(patches_.row());
  std::size_t at = held_.size() + static_cast<std::size_t>(i * patches_.per_image()) * row;
  for (const std::int64_t position : patches_.draw(static_cast<std::uint32_t>(images_ + i))) {
    patches_.gather(x, position, room_.subspan(at, row));
    at += row;
  }
}

// Only whole parts of kHeld positions, so that these are the same however the images are cut.
void InputMoments::add(const Parallel& parallel) {
  const std::size_t part = kHeld * static_cast<std::size_t>(patches_.row());
  const std::size_t whole = room_.size() / part * part;
  sum(room_.first(whole), parallel);
  held_.assign(room_.begin() + static_cast<std::ptrdiff_t>(whole), room_.end());
  images_ += std::exchange(expected_, 0);
  room_ = {};
}

void InputMoments::end(const Parallel& parallel) {
  sum(held_, parallel);
  held_.clear();
}

void InputMoments::sum(std::span<const float> patches, const Parallel& parallel) {
  if (patches.empty()) return;
  std::vector<std::pair<std::size_t, std::size_t>> tiles;  // run, first column
  for (std::size_t r = 0; r < runs_.size(); ++r) {
    for (std::size_t j = 0; j < static_cast<std::size_t>(runs_[r].size); j += kProductTile) tiles.emplace_back(r, j);
  }
  std::ranges::reverse(tiles);  // a run's last columns are the most work
  parallel(static_cast<std::int64_t>(tiles.size()), [&](std::int64_t item) {
    const auto [r, j] = tiles[static_cast<std::size_t>(item)];
    const std::size_t end = std::min(j + kProductTile, static_cast<std::size_t>(runs_[r].size));
    add_input_products(patches, patches_.row(), runs_[r], patches_.columns(), j, end, sums_[r]);
  });
  positions_ += static_cast<std::int64_t>(patches.size()) / patches_.row();
}

FactorBlock InputMoments::factor_block(std::int64_t block) {
  const auto r = static_cast<std::size_t>(block);
  const std::int64_t rows = outputs_ / patches_.groups();
  for (double& sum : sums_[r]) sum /= static_cast<double>(std::max<std::int64_t>(positions_, 1));
  return make_factor(std::move(sums_[r]), columns_of(runs_[r]), runs_[r].group * rows, rows);
}

}  // namespace vbq
