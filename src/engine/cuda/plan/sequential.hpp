// Sequential assignment of one layer on the GPU: its shape, and the memory that its kernels work on.
//
// Columns of a group compensate each other in runs (assign/patches.hpp); run r is of group r / runs_a_group. Each run
// has a trapezoid of sums, [height(r), n] with n = size(r): the n rows of X'^T X', then, where the layer's targets are
// corrected, a row for each output channel of the group, of (W X - W X')^T X'. What lies above the diagonal is not
// used.
#pragma once

#include <cstdint>

#include "core/both.hpp"
#include "engine/cuda/plan/layout.hpp"

namespace vbq::cuda {

inline constexpr int kFactorPanel = 32;  // columns that are factored at a time

struct SequentialShape {
  int groups = 1, columns = 1, rows = 1;  // columns and rows (output channels): of one group
  int runs_a_group = 1;
  int longest = 1;    // columns of the longest run, which is a group's first
  int per_image = 1;  // positions sampled in an image

  VBQ_BOTH int row() const { return groups * columns; }  // numbers of a position
  VBQ_BOTH int outputs() const { return groups * rows; }
  VBQ_BOTH int runs() const { return groups * runs_a_group; }
  VBQ_BOTH bool corrected() const { return runs_a_group == 1; }
  VBQ_BOTH int first(int run) const { return run % runs_a_group * longest; }  // of the group's columns
  VBQ_BOTH int size(int run) const {
    const int left = columns - first(run);
    return left < longest ? left : longest;
  }
  VBQ_BOTH int height(int run) const { return size(run) + (corrected() ? rows : 0); }
  VBQ_BOTH int tallest() const { return longest + (corrected() ? rows : 0); }
  VBQ_BOTH int panels() const { return (longest + kFactorPanel - 1) / kFactorPanel; }
  // Numbers, of one run at most: of its trapezoid, of its factored diagonal, of what its errors feed back.
  VBQ_BOTH std::int64_t trapezoid() const { return static_cast<std::int64_t>(tallest()) * longest; }
  VBQ_BOTH std::int64_t diagonal() const { return static_cast<std::int64_t>(panels()) * kFactorPanel * kFactorPanel; }
  VBQ_BOTH std::int64_t square() const { return static_cast<std::int64_t>(longest) * longest; }
};

// Device memory; arrays of one run after another, where nothing else is said.
struct SequentialMemory {
  float* patches = nullptr;         // [positions of a part, row]
  float* missing = nullptr;         // [positions of a part, outputs]: W x - W x'
  double* parts = nullptr;          // [splits, runs, trapezoid]
  double* sums = nullptr;           // [runs, trapezoid]
  double* factor = nullptr;         // the trapezoid in the order of assignment, backwards; then its Cholesky factor
  double* diagonal = nullptr;       // the factor's blocks on the diagonal: [panels, kFactorPanel, kFactorPanel]
  double* damping = nullptr;        // [runs]
  int* order = nullptr;             // [runs, longest]: columns of the run, those that matter most first
  int* broken = nullptr;            // [runs + 1]: sums that are not finite; last, whether a target is not
  float* target = nullptr;          // [outputs, columns]
  float* feedback = nullptr;        // [runs, square]
  float* weight = nullptr;          // [runs, longest]: FactorBlock::diagonal
  std::int32_t* columns = nullptr;  // [runs, longest]: `order` as columns of the group
  float* costs = nullptr;           // [kMostLevels]: of telling each level
  std::uint32_t* taken = nullptr;   // [kMostLevels]: weights that have it
};

// Patches of a layer's inputs, [count, row]: the positions sampled of one image after another.
struct Sample {
  Layout x;                                 // of the layer's input
  In in;                                    // device
  const std::int32_t* positions = nullptr;  // [images, per_image]; device
  int per_image = 1, row = 1;
  bool linear = false;  // then a row is `row` numbers of the input, row-major, from position * row on
  int taps_y = 1, taps_x = 1, stride_y = 1, stride_x = 1, dilation_y = 1, dilation_x = 1, top = 0, left = 0;
  int width = 1;  // of the output

  // Number `column` of the patch at position `number` of all.
  VBQ_BOTH float operator()(std::int64_t number, int column) const {
    const auto image = static_cast<std::int64_t>(divide(static_cast<std::uint32_t>(number), per_image).whole);
    const std::int64_t first = image * x.image;
    const int position = positions[number];
    if (linear) return in[first + x.place_of_number(static_cast<std::int64_t>(position) * row + column)];
    const int tap = column % (taps_y * taps_x), channel = column / (taps_y * taps_x);
    const int y = position / width * stride_y - top + tap / taps_x * dilation_y;
    const int z = position % width * stride_x - left + tap % taps_x * dilation_x;
    if (y < 0 || z < 0 || y >= x.extent[1] || z >= x.extent[2]) return 0;
    return in[first + static_cast<std::int64_t>(channel) * x.stride[0] + static_cast<std::int64_t>(y) * x.stride[1] +
              static_cast<std::int64_t>(z) * x.stride[2]];
  }
};

}  // namespace vbq::cuda
