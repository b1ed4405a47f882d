#include "engine/cpu/layout.hpp"

namespace vbq::cpu {

using Tag = dnnl::memory::format_tag;
constexpr auto kFloat = dnnl::memory::data_type::f32;

api::Desc row_major(std::int64_t n, const Shape& shape) {
  api::Dims dims{n}, strides(shape.size() + 1, 1);
  dims.insert(dims.end(), shape.begin(), shape.end());
  for (std::size_t a = shape.size(); a > 0; --a) strides[a - 1] = strides[a] * dims[a];
  return {dims, kFloat, strides};
}

api::Desc blocked(std::int64_t n, const Shape& shape, std::int64_t block) {
  const api::Dims dims{n, shape[0], shape[1], shape[2]};
  if (block == 1) return row_major(n, shape);
  if (block == 16) return {dims, kFloat, Tag::nChw16c};
  if (block == 8) return {dims, kFloat, Tag::nChw8c};
  return {dims, kFloat, Tag::nhwc};
}

std::optional<Layout> layout_of(const api::Desc& md, std::int64_t n, const Shape& shape) {
  const std::int64_t channels = shape.empty() ? 1 : shape[0];
  Layout layout{n, channels, elements(shape) / channels, 1};
  if (md == row_major(n, shape)) return layout;
  if (shape.size() != 3) return std::nullopt;
  for (const std::int64_t block : {std::int64_t{16}, std::int64_t{8}, channels}) {
    layout.block = block;
    if (md == blocked(n, shape, block)) return layout;
  }
  return std::nullopt;
}

bool lies_row_major(const api::Desc& md, std::int64_t n, const Shape& shape) {
  const auto layout = layout_of(md, n, shape);
  if (!layout) return false;
  return layout->block == 1 || (layout->plane == 1 && layout->channels % layout->block == 0);
}

}  // namespace vbq::cpu
