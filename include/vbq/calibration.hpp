// Calibration: what images say of a trained network's layers; what compensated assignment leans on.
#pragma once

#include <cstdint>
#include <vector>

namespace vbq {

// Output channels that see the same inputs (those of one group), and the inputs that compensate each other's errors.
struct FactorBlock {
  std::int64_t first_row = 0, rows = 0;  // output channels first_row .. first_row + rows - 1
  std::vector<std::int32_t> columns;     // [n] of the weights as [O, K]: in the order in which they are assigned
  // [n, n] row-major, zero on and below the diagonal: A[j, i], how much of column j's rounding error is added to column
  // i's target. With H = E[x x^T] of the inputs, damped, columns ordered: H = (1 + A) D (1 + A)^T, D diagonal.
  std::vector<float> feedback;
  std::vector<float> diagonal = {};  // [n]: D, in the order of the columns
  bool operator==(const FactorBlock&) const = default;
};

struct LayerFactor {
  int node = 0;  // in Network::nodes
  std::vector<FactorBlock> blocks;
  bool operator==(const LayerFactor&) const = default;
};

struct Calibration {
  std::vector<LayerFactor> factors;  // ascending by node
};

}  // namespace vbq
