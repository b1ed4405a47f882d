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
  std::size_t at = 0;
  for (std::int64_t c = 0; c < groups_ * w[1]; ++c) {
    const float* of_channel = x.data + x.offset(c);
    for (std::int64_t kh = 0; kh < w[2]; ++kh) {
      const std::int64_t y = top + kh * conv->dilation[0];
      for (std::int64_t kw = 0; kw < w[3]; ++kw) {
        const std::int64_t z = left + kw * conv->dilation[1];
        const bool inside = y >= 0 && y < height && z >= 0 && z < width;
        to[at++] = inside ? of_channel[(y * width + z) * x.block] : 0.0F;
      }
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

namespace {

// Sums that stay in registers, and are enough of them to hide the arithmetic's latency.
constexpr std::size_t kRows = 4, kColumns = 32;

// Inlined into a function for each instruction set, where the compiler makes the best of the fused operations. By hand,
// because sanitisers do not get on with the compiler's own way (target_clones).
[[gnu::always_inline]] inline void products(const Strided& left, std::size_t rows, std::size_t count,
                                            const float* right, std::size_t right_stride, std::size_t columns,
                                            float* sum, std::size_t sum_stride) {
  for (std::size_t i = 0; i < rows; i += kRows) {
    for (std::size_t j = 0; j < columns; j += kColumns) {
      const float* x = left.data + i * left.row;
      const float* y = right + j;
      float* to = sum + i * sum_stride + j;
      if (i + kRows <= rows && j + kColumns <= columns) {
        float part[kRows][kColumns];
        for (std::size_t r = 0; r < kRows; ++r) {
          for (std::size_t c = 0; c < kColumns; ++c) part[r][c] = to[r * sum_stride + c];
        }
        for (std::size_t k = 0; k < count; ++k) {
          for (std::size_t r = 0; r < kRows; ++r) {
            const float v = x[r * left.row + k * left.column];
            for (std::size_t c = 0; c < kColumns; ++c) {
              part[r][c] = __builtin_fmaf(v, y[k * right_stride + c], part[r][c]);
            }
          }
        }
        for (std::size_t r = 0; r < kRows; ++r) {
          for (std::size_t c = 0; c < kColumns; ++c) to[r * sum_stride + c] = part[r][c];
        }
        continue;
      }
      for (std::size_t r = 0; r < std::min(kRows, rows - i); ++r) {
        for (std::size_t k = 0; k < count; ++k) {
          const float v = x[r * left.row + k * left.column];
          for (std::size_t c = 0; c < std::min(kColumns, columns - j); ++c) {
            to[r * sum_stride + c] = __builtin_fmaf(v, y[k * right_stride + c], to[r * sum_stride + c]);
          }
        }
      }
    }
  }
}

using Products = void (*)(const Strided&, std::size_t, std::size_t, const float*, std::size_t, std::size_t, float*,
                          std::size_t);

void plain_products(const Strided& left, std::size_t rows, std::size_t count, const float* right,
                    std::size_t right_stride, std::size_t columns, float* sum, std::size_t sum_stride) {
  products(left, rows, count, right, right_stride, columns, sum, sum_stride);
}

#if defined(__x86_64__)
[[gnu::target("fma")]] void fma_products(const Strided& left, std::size_t rows, std::size_t count, const float* right,
                                         std::size_t right_stride, std::size_t columns, float* sum,
                                         std::size_t sum_stride) {
  products(left, rows, count, right, right_stride, columns, sum, sum_stride);
}

[[gnu::target("avx512f")]] void avx512_products(const Strided& left, std::size_t rows, std::size_t count,
                                                const float* right, std::size_t right_stride, std::size_t columns,
                                                float* sum, std::size_t sum_stride) {
  products(left, rows, count, right, right_stride, columns, sum, sum_stride);
}
#endif

Products best_products() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return avx512_products;
  if (__builtin_cpu_supports("fma")) return fma_products;
#endif
  return plain_products;
}

}  // namespace

void add_products(const Strided& left, std::size_t rows, std::size_t count, const float* right,
                  std::size_t right_stride, std::size_t columns, float* sum, std::size_t sum_stride) {
  static const Products best = best_products();
  best(left, rows, count, right, right_stride, columns, sum, sum_stride);
}

}  // namespace vbq
