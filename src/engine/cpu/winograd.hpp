// 3x3 convolutions with a quarter of the multiplications: Winograd's F(4x4, 3x3) (Lavin and Gray, arXiv 1509.09308).
//
// Outputs are made in tiles of 4x4 from inputs of 6x6. With d a tile of one input channel and g a filter,
//   y = A^T [ sum over channels of (G g G^T) . (B^T d B) ] A,   . element by element,
// so for each of the 36 elements the sum over channels is a matrix product [tiles, C] x [C, O], which oneDNN does for
// AVX-512. Interpolation points 0, +-5/8, +-3/2 and infinity: all constants are exact in float, and
// the error stays within a few times that of a direct sum.
#pragma once

#include <cstdint>

#include "engine/common/fuse.hpp"

namespace vbq::cpu {

inline constexpr std::int64_t kWinogradTile = 4;       // outputs of a tile, each way
inline constexpr std::int64_t kWinogradElements = 36;  // of a transformed tile

struct Winograd {
  // Where channels width * g .. width * g + width - 1 of pixel p lie, neighbours: image * i + group * g + pixel * p.
  struct Strides {
    std::int64_t image, group, pixel;
  };
  std::int64_t width = 0;                          // floats in a vector: 16 (AVX-512) or 8 (AVX2)
  std::int64_t in_channels = 0, out_channels = 0;  // multiples of width
  std::int64_t images = 0, in_height = 0, in_width = 0, out_height = 0, out_width = 0, pad_top = 0, pad_left = 0;
  Strides in{}, out{};
  Activation activation;

  // For AVX2 the products are ours: oneDNN takes longer to begin small ones than to do them, and no less for large
  // ones.
  bool own_products() const { return width == 8; }
  // u's columns lie in panels of so many, one after the other (the last one may be narrower), so that a product's rows
  // do not fall onto one another in the cache.
  std::int64_t panel() const { return own_products() ? 16 : out_channels; }

  // Floats from one of the 36 matrices [rows, channels] of a chunk of tiles to the next. Where the products are ours it
  // is an odd number of cache lines: at a multiple of a power of two, what a tile has in all of them would share a few
  // places of the cache.
  std::int64_t matrix(std::int64_t rows, std::int64_t channels) const {
    const std::int64_t dense = rows * channels;
    return own_products() ? ((dense + 15) / 16 | 1) * 16 : dense;
  }

  std::int64_t tiles_down() const { return (out_height + kWinogradTile - 1) / kWinogradTile; }
  std::int64_t tiles_across() const { return (out_width + kWinogradTile - 1) / kWinogradTile; }
  std::int64_t tiles() const { return images * tiles_down() * tiles_across(); }
};

// Floats in a vector of this processor, as far as oneDNN may use it too; 0 when there are no transforms for it.
std::int64_t winograd_width();

inline std::size_t winograd_bytes(const Winograd& w) {  // of u
  return static_cast<std::size_t>(36 * w.in_channels * w.out_channels) * sizeof(float);
}

// weights [O, C, 3, 3] -> u [36, C, O], each [C, O] in panels.
void winograd_weights(const Winograd& w, const float* weights, float* u);

// v and m are 36 matrices, matrix(rows, C) and matrix(rows, O) floats apart.

// Tiles first..first+count-1 of x -> v [36, rows, C], rows >= count.
void winograd_input(const Winograd& w, std::int64_t first, std::int64_t count, std::int64_t rows, const float* x,
                    float* v);

// Of own_products(): the first `count` rows of v [36, rows, C], u [36, C, O] in panels -> m [36, rows, O]. m does not
// overlap them.
void winograd_products(const Winograd& w, std::int64_t count, std::int64_t rows, const float* v, const float* u,
                       float* m);

// m [36, rows, O] -> tiles first..first+count-1 of y = activation(output + bias + residual). bias: [O]; residual: laid
// out as y, may be y, or nullptr.
void winograd_output(const Winograd& w, std::int64_t first, std::int64_t count, std::int64_t rows, const float* m,
                     const float* bias, const float* residual, float* y);

}  // namespace vbq::cpu
