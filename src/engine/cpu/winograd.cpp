#include "engine/cpu/winograd.hpp"

#include <algorithm>

#include "core/products.hpp"
#include "engine/cpu/onednn_api.hpp"

#if defined(__x86_64__)

namespace vbq::cpu {
namespace {

using I = std::int64_t;

// Vectors of channels. The loops below are written once for any width and compiled for each instruction set; no a*b+c
// is contracted (see CMakeLists.txt), so the bits do not depend on the compiler.
using Vector16 = float __attribute__((vector_size(64), may_alias));
using Vector8 = float __attribute__((vector_size(32), may_alias));
#define VBQ_INLINE [[gnu::always_inline]] inline

constexpr float a1 = 0.625F, b1 = 1.5F;  // the points
constexpr float a2 = a1 * a1, b2 = b1 * b1, a3 = a2 * a1, b3 = b2 * b1;

// B^T d: 6 -> 6.
template <typename V>
VBQ_INLINE void input_transform(const V (&d)[6], V (&r)[6]) {
  const V even_a = d[4] - b2 * d[2], odd_a = a1 * (d[3] - b2 * d[1]);
  const V even_b = d[4] - a2 * d[2], odd_b = b1 * (d[3] - a2 * d[1]);
  r[0] = a2 * b2 * d[0] - (a2 + b2) * d[2] + d[4];
  r[1] = even_a + odd_a;
  r[2] = even_a - odd_a;
  r[3] = even_b + odd_b;
  r[4] = even_b - odd_b;
  r[5] = a2 * b2 * d[1] - (a2 + b2) * d[3] + d[5];
}

// A^T m: 6 -> 4.
template <typename V>
VBQ_INLINE void output_transform(const V (&m)[6], V (&y)[4]) {
  const V sum_a = m[1] + m[2], difference_a = m[1] - m[2];
  const V sum_b = m[3] + m[4], difference_b = m[3] - m[4];
  y[0] = m[0] + sum_a + sum_b;
  y[1] = a1 * difference_a + b1 * difference_b;
  y[2] = a2 * sum_a + b2 * sum_b;
  y[3] = a3 * difference_a + b3 * difference_b + m[5];
}

// G g: 3 -> 6.
template <typename V>
VBQ_INLINE void weight_transform(const V (&g)[3], V (&u)[6]) {
  constexpr float n0 = 1 / (a2 * b2), na = 1 / (2 * a2 * (a2 - b2)), nb = 1 / (2 * b2 * (b2 - a2));
  const V even_a = na * (g[0] + a2 * g[2]), odd_a = na * a1 * g[1];
  const V even_b = nb * (g[0] + b2 * g[2]), odd_b = nb * b1 * g[1];
  u[0] = n0 * g[0];
  u[1] = even_a + odd_a;
  u[2] = even_a - odd_a;
  u[3] = even_b + odd_b;
  u[4] = even_b - odd_b;
  u[5] = g[2];
}

template <typename V>
VBQ_INLINE const V& load(const float* p) {
  return *reinterpret_cast<const V*>(p);
}
template <typename V>
VBQ_INLINE V& store(float* p) {
  return *reinterpret_cast<V*>(p);
}

// Where a tile begins: its image, and the row and column of its first output.
struct Tile {
  I image, row, column;
};
VBQ_INLINE Tile tile_at(const Winograd& w, I t) {
  const I across = w.tiles_across(), per_image = w.tiles_down() * across;
  return {t / per_image, t % per_image / across * kWinogradTile, t % across * kWinogradTile};
}
VBQ_INLINE Tile after(const Winograd& w, Tile tile) {
  tile.column += kWinogradTile;
  if (tile.column < w.out_width) return tile;
  tile.column = 0;
  tile.row += kWinogradTile;
  if (tile.row < w.out_height) return tile;
  return {tile.image + 1, 0, 0};
}

// The 6x6 inputs of a tile, d[row * down + column * across] -> v[(row * 6 + column) * matrix].
template <typename V>
VBQ_INLINE void input_tile(const float* d, I down, I across, float* v, I matrix) {
  V half[6][6];       // [row of B^T d][column of d]
#pragma GCC unroll 1  // six columns' code at once is no faster
  for (I c = 0; c < 6; ++c) {
    V column[6], r[6];
    for (I k = 0; k < 6; ++k) column[k] = load<V>(d + k * down);
    input_transform(column, r);
    for (I k = 0; k < 6; ++k) half[k][c] = r[k];
    d += across;
  }
#pragma GCC unroll 1
  for (I k = 0; k < 6; ++k) {
    V r[6];
    input_transform(half[k], r);
    for (I c = 0; c < 6; ++c) store<V>(v + c * matrix) = r[c];
    v += 6 * matrix;
  }
}

template <typename V>
VBQ_INLINE void input_loop(const Winograd& w, I first, I count, I rows, const float* x, float* v) {
  constexpr I width = sizeof(V) / sizeof(float);
  const I matrix = w.matrix(rows, w.in_channels), groups = w.in_channels / width;
  const I down = w.in_width * w.in.pixel, across = w.in.pixel;
  Tile tile = tile_at(w, first);
  for (I t = 0; t < count; ++t, tile = after(w, tile)) {
    const I top = tile.row - w.pad_top, left = tile.column - w.pad_left;
    const I above = std::max<I>(-top, 0), below = std::min<I>(w.in_height - top, 6);
    const I before = std::max<I>(-left, 0), behind = std::min<I>(w.in_width - left, 6);
    const I corner = tile.image * w.in.image + top * down + left * across;  // may lie before the image
    float* out = v + t * w.in_channels;
    if (above == 0 && below == 6 && before == 0 && behind == 6) {
      for (I group = 0; group < groups; ++group) {
        input_tile<V>(x + corner + group * w.in.group, down, across, out + group * width, matrix);
      }
      continue;
    }
    V d[6][6] = {};  // with zeros around the image
    for (I group = 0; group < groups; ++group) {
      for (I k = above; k < below; ++k) {
        for (I c = before; c < behind; ++c)
          d[k][c] = load<V>(x + (corner + group * w.in.group + k * down + c * across));
      }
      input_tile<V>(reinterpret_cast<const float*>(d), 6 * width, width, out + group * width, matrix);
    }
  }
}

// The outputs of a tile: m[(row * 6 + column) * matrix] -> out(row, column, sum).
template <typename V, typename Out>
VBQ_INLINE void output_tile(const float* m, I matrix, I height, I across, const Out& out) {
  V half[4][6];  // [row of A^T m][column of m]
#pragma GCC unroll 1
  for (I c = 0; c < 6; ++c) {
    V column[6], r[4];
    for (I k = 0; k < 6; ++k) column[k] = load<V>(m + (k * 6 + c) * matrix);
    output_transform(column, r);
    for (I k = 0; k < 4; ++k) half[k][c] = r[k];
  }
  for (I k = 0; k < height; ++k) {
    V r[4];
    output_transform(half[k], r);
    for (I c = 0; c < across; ++c) out(k, c, r[c]);
  }
}

template <typename V>
VBQ_INLINE void output_loop(const Winograd& w, I first, I count, I rows, const float* m, const float* bias,
                            const float* residual, float* y) {
  constexpr I width = sizeof(V) / sizeof(float);
  const I matrix = w.matrix(rows, w.out_channels), groups = w.out_channels / width;
  const I down = w.out_width * w.out.pixel;
  const V low = V{} + w.activation.minimum, high = V{} + w.activation.maximum;
  Tile tile = tile_at(w, first);
  for (I t = 0; t < count; ++t, tile = after(w, tile)) {
    const I height = std::min(kWinogradTile, w.out_height - tile.row);
    const I across = std::min(kWinogradTile, w.out_width - tile.column);
    const I corner = tile.image * w.out.image + tile.row * down + tile.column * w.out.pixel;
    for (I group = 0; group < groups; ++group) {
      const float* in = m + t * w.out_channels + group * width;
      const V b = load<V>(bias + group * width);
      float* to = y + corner + group * w.out.group;
      const float* add = residual == nullptr ? nullptr : residual + corner + group * w.out.group;
      const auto out = [&](I k, I c, const V& of) __attribute__((always_inline)) {
        const I place = k * down + c * w.out.pixel;
        V sum = of + b;
        if (add != nullptr) sum += load<V>(add + place);
        sum = sum < low ? low : sum;  // NaN stays
        store<V>(to + place) = sum > high ? high : sum;
      };
      if (height == kWinogradTile && across == kWinogradTile) {
        output_tile<V>(in, matrix, kWinogradTile, kWinogradTile, out);
      } else {
        output_tile<V>(in, matrix, height, across, out);
      }
    }
  }
}

template <typename V>
VBQ_INLINE void weight_loop(const Winograd& w, const float* weights, float* u) {
  constexpr I width = sizeof(V) / sizeof(float);
  const I matrix = w.in_channels * w.out_channels;
  for (I o = 0; o < w.out_channels; o += width) {
    const I panel = o / w.panel() * w.panel(), columns = std::min(w.panel(), w.out_channels - panel);
    for (I i = 0; i < w.in_channels; ++i) {
      alignas(V) float taps[9][width];
      for (I l = 0; l < width; ++l) {
        const float* filter = weights + ((o + l) * w.in_channels + i) * 9;
        for (I k = 0; k < 9; ++k) taps[k][l] = filter[k];
      }
      V half[6][3];  // [row of G g][column of g]
      for (I c = 0; c < 3; ++c) {
        const V g[3] = {load<V>(taps[c]), load<V>(taps[3 + c]), load<V>(taps[6 + c])};
        V r[6];
        weight_transform(g, r);
        for (I k = 0; k < 6; ++k) half[k][c] = r[k];
      }
      float* out = u + panel * w.in_channels + i * columns + (o - panel);
      for (I k = 0; k < 6; ++k) {
        V r[6];
        weight_transform(half[k], r);
        for (I c = 0; c < 6; ++c) store<V>(out + (k * 6 + c) * matrix) = r[c];
      }
    }
  }
}

#if defined(__clang__)  // takes vectors as they are spelt out
#define VBQ_AVX512 [[gnu::target("avx512f")]]
#else
#define VBQ_AVX512 [[gnu::target("avx512f,prefer-vector-width=512")]]
#endif
#define VBQ_AVX2 [[gnu::target("avx2")]]

VBQ_AVX512 void weights_16(const Winograd& w, const float* x, float* u) { weight_loop<Vector16>(w, x, u); }
VBQ_AVX2 void weights_8(const Winograd& w, const float* x, float* u) { weight_loop<Vector8>(w, x, u); }
VBQ_AVX512 void input_16(const Winograd& w, I first, I count, I rows, const float* x, float* v) {
  input_loop<Vector16>(w, first, count, rows, x, v);
}
VBQ_AVX2 void input_8(const Winograd& w, I first, I count, I rows, const float* x, float* v) {
  input_loop<Vector8>(w, first, count, rows, x, v);
}
VBQ_AVX512 void output_16(const Winograd& w, I first, I count, I rows, const float* m, const float* bias,
                          const float* residual, float* y) {
  output_loop<Vector16>(w, first, count, rows, m, bias, residual, y);
}
VBQ_AVX2 void output_8(const Winograd& w, I first, I count, I rows, const float* m, const float* bias,
                       const float* residual, float* y) {
  output_loop<Vector8>(w, first, count, rows, m, bias, residual, y);
}

}  // namespace

I winograd_width() {
  const std::string isa = api::isa_name();
  if (isa.starts_with("avx512") && __builtin_cpu_supports("avx512f")) return 16;
  if (isa.starts_with("avx2") && __builtin_cpu_supports("avx2")) return 8;
  return 0;
}

void winograd_weights(const Winograd& w, const float* weights, float* u) {
  w.width == 16 ? weights_16(w, weights, u) : weights_8(w, weights, u);
}
void winograd_input(const Winograd& w, I first, I count, I rows, const float* x, float* v) {
  w.width == 16 ? input_16(w, first, count, rows, x, v) : input_8(w, first, count, rows, x, v);
}
void winograd_output(const Winograd& w, I first, I count, I rows, const float* m, const float* bias,
                     const float* residual, float* y) {
  w.width == 16 ? output_16(w, first, count, rows, m, bias, residual, y)
                : output_8(w, first, count, rows, m, bias, residual, y);
}

}  // namespace vbq::cpu

#else

#include "core/check.hpp"

namespace vbq::cpu {

std::int64_t winograd_width() { return 0; }
void winograd_weights(const Winograd&, const float*, float*) { fail_internal("no Winograd on this processor"); }
void winograd_input(const Winograd&, std::int64_t, std::int64_t, std::int64_t, const float*, float*) {
  fail_internal("no Winograd on this processor");
}
void winograd_output(const Winograd&, std::int64_t, std::int64_t, std::int64_t, const float*, const float*,
                     const float*, float*) {
  fail_internal("no Winograd on this processor");
}

}  // namespace vbq::cpu

#endif

namespace vbq::cpu {

void winograd_products(const Winograd& w, std::int64_t count, std::int64_t rows, const float* v, const float* u,
                       float* m) {
  const auto n = static_cast<std::size_t>(count), in = static_cast<std::size_t>(w.in_channels),
             out = static_cast<std::size_t>(w.out_channels), panel = static_cast<std::size_t>(w.panel());
  for (std::int64_t k = 0; k < kWinogradElements; ++k) {
    for (std::size_t first = 0; first < out; first += panel) {
      const std::size_t columns = std::min(panel, out - first);
      set_products({v, in, 1}, n, in, u + first * in, columns, columns, m + first, out);
    }
    v += w.matrix(rows, w.in_channels), u += in * out, m += w.matrix(rows, w.out_channels);
  }
}

}  // namespace vbq::cpu
