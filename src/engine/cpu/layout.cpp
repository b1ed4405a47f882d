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
  if (block == 1) return row_major(n, shape);
  return {{n, shape[0], shape[1], shape[2]}, kFloat, block == 8 ? Tag::nChw8c : Tag::nChw16c};
}

api::Desc channels_last(std::int64_t n, const Shape& shape) {
  return {{n, shape[0], shape[1], shape[2]}, kFloat, Tag::nhwc};
}

std::optional<Layout> layout_of(const api::Desc& md, std::int64_t n, const Shape& shape) {
  const std::int64_t channels = shape.empty() ? 1 : shape[0];
  Layout layout{n, channels, elements(shape) / channels, 1, false};
  if (md == row_major(n, shape)) return layout;
  if (shape.size() != 3) return std::nullopt;
  if (md == channels_last(n, shape)) {
    layout.block = channels;
    layout.channels_last = true;
    return layout;
  }
  for (const std::int64_t block : {8, 16}) {
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
