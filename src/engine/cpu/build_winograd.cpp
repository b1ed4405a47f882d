// 3x3 convolutions by Winograd's transforms, and matrix products of our own or of oneDNN.
#include <algorithm>
#include <optional>

#include "engine/cpu/builder.hpp"
#include "engine/cpu/winograd.hpp"

namespace vbq::cpu {
namespace {

constexpr std::int64_t kChunkBytes =
    384 << 10;                             // of transformed tiles at once: they should stay in the second-level cache
constexpr std::int64_t kFewestTiles = 16;  // below, reading the transformed weights costs more than is won
constexpr std::int64_t kRowsAtOnce = 4;    // of core/products_loops.hpp: fewer take longer each

Winograd::Strides strides(const Layout& layout, std::int64_t width) {
  return {layout.image_elements(), layout.channels_last ? width : layout.plane * width, layout.block};
}

}  // namespace

bool Builder::emit_winograd(const Group& group, const Conv& op) {
  const ValueId x = group.inputs[0];
  const Shape& in = shape(x);
  const Shape& out = shape(group.output);
  const Shape& k = op.weight.shape;
  Winograd w;
  w.width = winograd_width();
  using Pair = std::array<std::int64_t, 2>;
  const bool fits = w.width > 0 && op.group == 1 && k[2] == 3 && k[3] == 3 && op.stride == Pair{1, 1} &&
                    op.dilation == Pair{1, 1} && in[0] % w.width == 0 && out[0] % w.width == 0;
  if (!fits) return false;
  w.images = batch_;
  w.in_channels = in[0], w.in_height = in[1], w.in_width = in[2];
  w.out_channels = out[0], w.out_height = out[1], w.out_width = out[2];
  w.pad_top = group.pad.top, w.pad_left = group.pad.left;
  w.activation = group.activation;
  if (w.tiles() < kFewestTiles) return false;

  // Blocks of channels where others like them, else channels last; the input as it is when it is one of these.
  const bool blocks = w.width == 8 || !in_place_.empty();
  const auto md_of = [&](const Shape& s) { return blocks ? blocked(batch_, s, w.width) : channels_last(batch_, s); };
  auto in_layout = layout(x);
  const bool as_it_is = in_layout && (in_layout->channels_last || in_layout->block == w.width);
  const api::Desc src = as_it_is ? value(x).md : md_of(in), dst = md_of(out);
  const Place from = as(x, src);
  w.in = strides(*layout_of(src, batch_, in), w.width);
  w.out = strides(*layout_of(dst, batch_, out), w.width);
  std::vector<Place> output_places;
  if (group.residual >= 0) output_places.push_back(as(group.residual, dst));

  // Tiles in chunks of equal size; oneDNN takes the last one filled up with what was there.
  const std::int64_t bytes = kWinogradElements * (in[0] + out[0]) * static_cast<std::int64_t>(sizeof(float));
  const std::int64_t most = std::max(kChunkBytes / bytes, kFewestTiles);
  const std::int64_t chunks = (w.tiles() + most - 1) / most;
  const std::int64_t equal = (w.tiles() + chunks - 1) / chunks;
  const std::int64_t rows = w.own_products() ? (equal + kRowsAtOnce - 1) / kRowsAtOnce * kRowsAtOnce : equal;
  const api::Desc v = row_major(kWinogradElements, {rows, in[0]}), m = row_major(kWinogradElements, {rows, out[0]});
  const api::Desc u = row_major(kWinogradElements, {in[0], out[0]});
  const Argument b = bias(out[0]);
  const Argument weights = winograd_layer(group, w, u, b);
  const Place shift = b.place;
  const Place tiles_in = scratch(row_major(kWinogradElements, {w.matrix(rows, in[0])}));
  const Place tiles_out = scratch(row_major(kWinogradElements, {w.matrix(rows, out[0])}));
  const Place y = room(group.output, dst);
  output_places.insert(output_places.end(), {tiles_out, shift, y});
  std::optional<dnnl::matmul::primitive_desc> pd;
  if (!w.own_products()) pd = api::matmul(plan_.engine, v, u, m, api::strict_attributes());
  for (std::int64_t first = 0; first < w.tiles(); first += rows) {
    const std::int64_t count = std::min(rows, w.tiles() - first);
    add_loop([w, first, count, rows](std::span<float* const> p) { winograd_input(w, first, count, rows, p[0], p[1]); },
             {from, tiles_in});
    if (w.own_products()) {
      add_loop([w, count, rows](std::span<float* const> p) { winograd_products(w, count, rows, p[0], p[1], p[2]); },
               {tiles_in, weights.place, tiles_out});
    } else {
      add_primitive(dnnl::matmul(*pd), *pd, {{DNNL_ARG_SRC, v, tiles_in}, weights, {DNNL_ARG_DST, m, tiles_out}});
    }
    add_loop(
        [w, first, count, rows](std::span<float* const> p) {
          const bool residual = p.size() == 4;
          if (residual) p = p.subspan(1);
          winograd_output(w, first, count, rows, p[0], p[1], residual ? p.data()[-1] : nullptr, p[2]);
        },
        output_places);
  }
  if (group.function) {
    add_function(*function_of(*group.function), static_cast<std::int64_t>(dst.get_size() / sizeof(float)), y, y);
  }
  define(group.output, dst, y);
  note_output(group);
  return true;
}

Argument Builder::winograd_layer(const Group& group, const Winograd& w, const api::Desc& md, const Argument& bias) {
  LayerMemory layer = layer_memory(group, md, bias);
  layer.winograd = w;
  plan_.layers.push_back(std::move(layer));
  return {DNNL_ARG_WEIGHTS, md, {-1, 0, plan_.layers.back().memory.bytes()}};
}

}  // namespace vbq::cpu
