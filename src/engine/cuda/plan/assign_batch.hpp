// Layers in formats -> tasks of the assignment kernel.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/cuda/plan/assign.hpp"
#include "vbq/calibration.hpp"
#include "vbq/format.hpp"

namespace vbq::cuda {

// A layer and its factor in the memory that the kernel reads (device; host in tests).
struct FactorLayer {
  struct Block {
    const std::int32_t* columns;  // [n]
    const float* feedback;        // [n, n]
    int first_row, rows, n;
  };
  int node = 0, outputs = 0, row_length = 0;
  const float* weight = nullptr;  // [outputs, row_length]
  std::vector<Block> blocks;      // together: every weight of the layer

  std::int64_t weights() const { return static_cast<std::int64_t>(outputs) * row_length; }
  // Of scratch memory.
  std::int64_t targets() const;
};

// What one launch does.
struct AssignBatch {
  std::vector<AssignTask> tasks;
  std::vector<std::uint32_t> words;      // codebooks and scales
  std::int64_t targets = 0, levels = 0;  // floats of scratch memory, bytes of result
  int blocks = 0;

  // Error when a codebook has more than kMostLevels levels.
  void add(const FactorLayer& layer, const LayerFormat& format);
};

}  // namespace vbq::cuda
