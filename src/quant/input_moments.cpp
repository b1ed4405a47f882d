#include "quant/input_moments.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "core/random.hpp"
#include "quant/compensated.hpp"

namespace vbq {
namespace {

constexpr std::size_t kTile = 64;  // columns summed at a time: they stay in registers

// sum[j] += sum over positions p of x[p, i] * x[p, j] for `width` <= kTile columns j; x has rows of `stride`. The sum
// over p is in order and in float, then added in double: the same bits on every instruction set.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
void add_products(const float* left, const float* right, std::size_t positions, std::size_t stride, std::size_t width,
                  double* sum) {
  float part[kTile] = {};
  if (width == kTile) {
    for (std::size_t p = 0; p < positions; ++p) {
      const float x = left[p * stride];
      for (std::size_t j = 0; j < kTile; ++j) part[j] += x * right[p * stride + j];
    }
  } else {
    for (std::size_t p = 0; p < positions; ++p) {
      for (std::size_t j = 0; j < width; ++j) part[j] += left[p * stride] * right[p * stride + j];
    }
  }
  for (std::size_t j = 0; j < width; ++j) sum[j] += static_cast<double>(part[j]);
}

}  // namespace

InputMoments::InputMoments(const Node& node, int index, const Shape& input, const Shape& output, std::int64_t per_image)
    : node_(node), index_(index), input_(input), output_(output), per_image_(per_image) {
  if (const Conv* conv = std::get_if<Conv>(&node.op)) {
    const Shape& w = conv->weight.shape;
    groups_ = conv->group;
    columns_ = w[1] * w[2] * w[3];
    positions_ = output[1] * output[2];
  } else if (const Linear* linear = std::get_if<Linear>(&node.op)) {
    groups_ = 1;
    columns_ = linear->weight.shape[1];
    positions_ = elements(input) / columns_;
  } else {
    fail_internal("node '{}' has no weights to calibrate", node.name);
  }
  for (std::int64_t g = 0; g < groups_; ++g) {
    for (std::int64_t first = 0; first < columns_; first += kFactorColumns) {
      const std::int64_t size = std::min(kFactorColumns, columns_ - first);
      blocks_.push_back({g, first, size, std::vector<double>(static_cast<std::size_t>(size * size))});
    }
  }
  patches_.resize(static_cast<std::size_t>(groups_ * columns_) * kRun);
}

void InputMoments::gather(std::span<const float> x, std::int64_t position, std::int64_t group,
                          std::span<float> to) const {
  const Conv* conv = std::get_if<Conv>(&node_.op);
  if (conv == nullptr) {
    std::copy_n(x.begin() + static_cast<std::ptrdiff_t>(position * columns_), to.size(), to.begin());
    return;
  }
  const Shape& w = conv->weight.shape;
  const std::int64_t height = input_[1], width = input_[2];
  const std::int64_t top = position / output_[2] * conv->stride[0] - conv->pad.top;
  const std::int64_t left = position % output_[2] * conv->stride[1] - conv->pad.left;
  std::size_t at = 0;
  for (std::int64_t c = group * w[1]; c < (group + 1) * w[1]; ++c) {
    for (std::int64_t kh = 0; kh < w[2]; ++kh) {
      const std::int64_t y = top + kh * conv->dilation[0];
      for (std::int64_t kw = 0; kw < w[3]; ++kw) {
        const std::int64_t z = left + kw * conv->dilation[1];
        const bool inside = y >= 0 && y < height && z >= 0 && z < width;
        to[at++] = inside ? x[static_cast<std::size_t>((c * height + y) * width + z)] : 0.0F;
      }
    }
  }
}

void InputMoments::add(std::span<const float> x, std::uint32_t image) {
  if (static_cast<std::int64_t>(x.size()) != elements(input_)) {
    fail_internal("an input of {} values for node '{}', which takes {}", x.size(), node_.name, elements(input_));
  }
  Random random(0, static_cast<std::uint32_t>(index_), image, Purpose::calibration);
  const bool all = positions_ <= per_image_;
  const auto columns = static_cast<std::size_t>(columns_);
  for (std::int64_t i = 0; i < (all ? positions_ : per_image_); ++i) {
    const std::int64_t position =
        all ? i : static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(positions_)));
    for (std::int64_t g = 0; g < groups_; ++g) {
      const std::size_t at = (static_cast<std::size_t>(g) * kRun + held_) * columns;
      gather(x, position, g, std::span(patches_).subspan(at, columns));
    }
    if (++held_ == kRun) flush();
  }
}

void InputMoments::flush() {
  const auto columns = static_cast<std::size_t>(columns_);
  for (Block& block : blocks_) {
    const float* x = patches_.data() + static_cast<std::size_t>(block.group) * kRun * columns + block.first;
    const auto n = static_cast<std::size_t>(block.size);
    for (std::size_t j = 0; j < n; j += kTile) {
      for (std::size_t i = 0; i < std::min(n, j + kTile); ++i) {
        add_products(x + i, x + j, held_, columns, std::min(kTile, n - j), &block.sum[i * n + j]);
      }
    }
  }
  count_ += static_cast<std::int64_t>(held_);
  held_ = 0;
}

LayerFactor InputMoments::factor() {
  flush();
  LayerFactor result{index_, {}};
  const std::int64_t rows = weight_of(node_)->shape.front() / groups_;
  for (Block& block : blocks_) {
    for (double& sum : block.sum) sum /= static_cast<double>(std::max<std::int64_t>(count_, 1));
    std::vector<std::int32_t> columns;
    for (std::int64_t c = 0; c < block.size; ++c) columns.push_back(static_cast<std::int32_t>(block.first + c));
    result.blocks.push_back(make_factor(std::move(block.sum), std::move(columns), block.group * rows, rows));
  }
  return result;
}

}  // namespace vbq
