// Weights on the GPU: how a genome's formats travel there, and what the quantise kernel makes of them.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/cuda/plan/array.hpp"
#include "engine/cuda/plan/layout.hpp"

namespace vbq::cuda {

inline constexpr int kMostLevels = 256;

// A layer as the quantise kernel sees it; made once. Its weights are read as [outputs, inputs, height, width] and
// written as [padded_outputs, height, width, padded_inputs] (cuDNN's KRSC), padding as zeros.
struct LayerTask {
  const float* trained = nullptr;  // device
  void* out = nullptr;             // device
  Type type = Type::fp32;          // of out
  int outputs = 1, inputs = 1, height = 1, width = 1;
  int padded_outputs = 1, padded_inputs = 1;
  int first_block = 0;  // of this layer's thread blocks in the grid

  VBQ_BOTH std::int64_t places() const {
    return static_cast<std::int64_t>(padded_outputs) * height * width * padded_inputs;
  }
};

// A layer's format in a packed genome: where its parts begin in `words`, an array of 4-byte words.
struct PackedLayer {
  std::int32_t codebooks = 0;    // 0: weights as trained; 1; or outputs
  std::int32_t levels = 0;       // of each codebook; shorter ones are padded with thresholds that no weight passes
  std::int32_t thresholds = 0;   // codebooks x levels floats, the last of each codebook unused
  std::int32_t values = 0;       // codebooks x levels floats
  std::int32_t scales = 0;       // scale_count floats
  std::int32_t scale_count = 0;  // 0, 1 or outputs
  std::int32_t factors = -1;     // outputs floats: folded batch norm times matching's gain; -1: all are 1
  std::int32_t indices = -1;     // a byte a weight, [outputs, inputs, height, width]; -1: not needed
};

// Which of the tasks a thread block works on: the last that begins at or before it. Task has first_block, ascending.
template <typename Task>
VBQ_BOTH int task_of(const Task* tasks, int count, int block) {
  int low = 0, high = count - 1;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (tasks[middle].first_block <= block) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

// The number of thresholds below w, as Codebook::index(). Few are all looked at: none waits for another.
VBQ_BOTH inline int level_of(float w, const float* thresholds, int levels) {
  constexpr int kFew = 16;
  if (levels <= kFew) {
    int below = 0;
    for (int k = 0; k < levels - 1; ++k) below += thresholds[k] < w ? 1 : 0;
    return below;
  }
  int low = 0, high = levels - 1;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (thresholds[middle] < w) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// The weight that lies at `place` of the task's output. values: the layer's own, in shared memory where they are few.
VBQ_BOTH inline float weight_at(const LayerTask& task, const PackedLayer& format, const float* words,
                                const float* values, std::int64_t place) {
  const Divided by_input = divide(static_cast<std::uint32_t>(place), task.padded_inputs);
  const Divided by_width = divide(by_input.whole, task.width), by_height = divide(by_width.whole, task.height);
  const int i = by_input.left, w = by_width.left, h = by_height.left, o = static_cast<int>(by_height.whole);
  if (i >= task.inputs || o >= task.outputs) return 0;
  const std::int64_t at = ((static_cast<std::int64_t>(o) * task.inputs + i) * task.height + h) * task.width + w;
  float q = task.trained[at];
  if (format.codebooks > 0) {
    const int own = format.codebooks > 1 ? o * format.levels : 0;
    const bool scaled = format.scale_count > 0;
    const float s = scaled ? words[format.scales + (format.scale_count > 1 ? o : 0)] : 1.0F;
    const int level = reinterpret_cast<const std::uint8_t*>(words + format.indices)[at];
    q = scaled ? s * values[own + level] : values[own + level];
  }
  return format.factors >= 0 ? q * words[format.factors + o] : q;
}

}  // namespace vbq::cuda
