// Compensated assignment by thread blocks: what each thread does between two meetings with the others.
//
// A thread block takes some rows (output channels) of one layer and goes through their columns in panels. Within a
// panel, the threads of a row bring its columns up to date after each level that is chosen; then all threads do so with
// the columns after the panel. Every target is a chain of fused multiply-adds in the order of the columns before it, as
// in assign_compensated() (assign/compensated.hpp), so that levels are the same to the bit.
#pragma once

#include <cmath>
#include <cstdint>

#include "assign/priced_level.hpp"
#include "engine/cuda/plan/weights.hpp"

namespace vbq::cuda {

inline constexpr int kAssignRows = 32;   // of a thread block
inline constexpr int kRowThreads = 8;    // that share a row; they belong to one warp
inline constexpr int kAssignPanel = 64;  // columns
inline constexpr int kAssignThreads = kAssignRows * kRowThreads;

// One factor block (see FactorBlock) of one layer in one format.
struct AssignTask {
  const float* weight = nullptr;          // [O, row_length] as trained; device
  const std::int32_t* columns = nullptr;  // [n]; device
  const float* feedback = nullptr;        // [n, n]; device
  std::int64_t targets = 0;               // where its [rows, n] floats begin in the scratch memory
  std::int64_t levels = 0;                // where its layer's [O, row_length] bytes begin in the result
  PackedLayer format;
  int first_row = 0, rows = 0, n = 0, row_length = 0;
  int first_block = 0;  // of its thread blocks in the grid
  // Where telling a level has a price (RateChooser): of each level, lambda bits; and the block's diagonal, [n]. Else
  // null.
  const float* costs = nullptr;
  const float* diagonal = nullptr;
  const int* broken = nullptr;  // not 0: the nearest level all the same; may be null
};
VBQ_BOTH constexpr int assign_blocks(int rows) { return (rows + kAssignRows - 1) / kAssignRows; }

// As RateChooser::choose(). importance: s^2 D.
VBQ_BOTH inline int priced_level(float x, float importance, const float* thresholds, const float* values, int levels,
                                 const float* costs) {
  const int nearest = level_of(x, thresholds, levels);
  int count = nearest + 1;  // a shorter codebook's end
  while (count < levels && count <= nearest + 2 && thresholds[count - 1] < INFINITY) ++count;
  return cheapest_level(x, importance, values, count, costs, nearest, level_of(0.0F, thresholds, levels));
}

// Shared memory of a thread block; one column more than needed, so that rows lie in different banks.
struct AssignPanel {
  float feedback[kAssignPanel][kAssignPanel];
  float weights[kAssignRows][kAssignPanel + 1];  // as trained
  float targets[kAssignRows][kAssignPanel + 1];
  float errors[kAssignRows][kAssignPanel + 1];
  float thresholds[kMostLevels], values[kMostLevels], costs[kMostLevels];  // of a codebook that all rows share
  float scales[kAssignRows];
};

// The rows that one thread block assigns.
class AssignRows {
 public:
  // words: the packed formats'; scratch: all tasks' targets; levels: the result. block: in the grid.
  VBQ_BOTH AssignRows(const AssignTask& task, const float* words, float* scratch, std::uint8_t* levels, int block,
                      AssignPanel& panel)
      : task_(task), words_(words), panel_(panel), first_((block - task.first_block) * kAssignRows) {
    rows_ = task.rows - first_ < kAssignRows ? task.rows - first_ : kAssignRows;
    targets_ = scratch + task.targets + static_cast<std::int64_t>(first_) * task.n;
    const std::int64_t before = static_cast<std::int64_t>(task.first_row + first_) * task.row_length;
    weight_ = task.weight + before;
    levels_ = levels + task.levels + before;
    priced_ = task.costs != nullptr && (task.broken == nullptr || *task.broken == 0);
  }

  // team.each(f): f(thread) by each of kAssignThreads threads; team.meet(): all wait for all, and see what they wrote;
  // team.meet_row(): the threads of a row.
  template <typename Team>
  VBQ_BOTH void run(Team team) {
    team.each([&](int thread) { begin(thread); });
    team.meet();
    for (int first = 0; first < task_.n; first += kAssignPanel) {
      const int width = task_.n - first < kAssignPanel ? task_.n - first : kAssignPanel;
      team.each([&](int thread) { load(thread, first, width); });
      team.meet();
      for (int i = 0; i < width; ++i) {
        team.each([&](int thread) { choose(thread, first, width, i); });
        team.meet_row();
      }
      team.meet();
      team.each([&](int thread) { update(thread, first, width); });
      team.meet();
    }
  }

 private:
  // Targets: the weights, in the order of assignment.
  VBQ_BOTH void begin(int thread) {
    const PackedLayer& format = task_.format;
    if (thread < rows_ && format.scale_count > 0) {
      panel_.scales[thread] = words_[format.scales + (format.scale_count > 1 ? task_.first_row + first_ + thread : 0)];
    }
    for (int k = thread; format.codebooks == 1 && k < format.levels; k += kAssignThreads) {
      panel_.thresholds[k] = words_[format.thresholds + k];
      panel_.values[k] = words_[format.values + k];
      if (task_.costs != nullptr) panel_.costs[k] = task_.costs[k];
    }
    for (int k = thread; k < rows_ * task_.n; k += kAssignThreads) targets_[k] = weight_[at(k / task_.n, k % task_.n)];
  }

  VBQ_BOTH void load(int thread, int first, int width) {
    for (int k = thread; k < width * width; k += kAssignThreads) {
      const std::int64_t row = first + k / width;
      panel_.feedback[k / width][k % width] = task_.feedback[row * task_.n + first + k % width];
    }
    for (int k = thread; k < rows_ * width; k += kAssignThreads) {
      const int r = k / width, i = k % width;
      panel_.weights[r][i] = weight_[at(r, first + i)];
      panel_.targets[r][i] = targets_[r * task_.n + first + i];
    }
  }

  // Column i of the panel takes its level; all threads of the row find the same one.
  VBQ_BOTH void choose(int thread, int first, int width, int i) {
    const int r = thread / kRowThreads, rank = thread % kRowThreads;
    if (r >= rows_) return;
    const PackedLayer& format = task_.format;
    const int channel = task_.first_row + first_ + r;
    const bool shared = format.codebooks == 1;
    const int own = shared ? 0 : channel * format.levels;
    const bool scaled = format.scale_count > 0;
    const float s = scaled ? panel_.scales[r] : 1.0F;
    const float target = panel_.targets[r][i];
    const float x = scaled ? target / s : target;
    const float* thresholds = shared ? panel_.thresholds : words_ + format.thresholds + own;
    const float* values = shared ? panel_.values : words_ + format.values + own;
    const float* costs = shared ? panel_.costs : task_.costs;
    const int level = priced_
                          ? priced_level(x, s * s * task_.diagonal[first + i], thresholds, values, format.levels, costs)
                          : level_of(x, thresholds, format.levels);
    const float value = values[level];
    const float error = panel_.weights[r][i] - (scaled ? s * value : value);
    if (rank == 0) {
      levels_[at(r, first + i)] = static_cast<std::uint8_t>(level);
      panel_.errors[r][i] = error;
    }
    constexpr int kOwn = kAssignPanel / kRowThreads;
    float targets[kOwn];  // all are asked for before the first one is waited for
    for (int k = 0; k < kOwn; ++k) {
      const int j = rank + k * kRowThreads;
      targets[k] = fmaf(error, panel_.feedback[i][j], panel_.targets[r][j]);
    }
    for (int k = 0; k < kOwn; ++k) {
      const int j = rank + k * kRowThreads;
      if (j > i && j < width) panel_.targets[r][j] = targets[k];
    }
  }

  // The columns after the panel; neighbouring threads take neighbouring ones, and a thread several rows of its column,
  // so that a number of the feedback is read once for them.
  VBQ_BOTH void update(int thread, int first, int width) {
    constexpr int kAcross = kAssignPanel, kDown = kAssignThreads / kAcross, kRows = kAssignRows / kDown;
    const int group = thread / kAcross;
    for (int j = first + width + thread % kAcross; j < task_.n; j += kAcross) {
      float sum[kRows];
      for (int k = 0; k < kRows; ++k) {
        const int r = group + k * kDown;
        sum[k] = r < rows_ ? targets_[r * task_.n + j] : 0.0F;
      }
      constexpr int kTogether = 16;  // numbers of the feedback that are waited for together
      for (int begin = 0; begin < width; begin += kTogether) {
        float a[kTogether];
        for (int i = 0; i < kTogether; ++i) {
          a[i] = begin + i < width ? task_.feedback[static_cast<std::int64_t>(first + begin + i) * task_.n + j] : 0.0F;
        }
        for (int i = 0; i < kTogether; ++i) {
          if (begin + i >= width) break;
          for (int k = 0; k < kRows; ++k) {
            const int r = group + k * kDown;
            if (r < rows_) sum[k] = fmaf(panel_.errors[r][begin + i], a[i], sum[k]);
          }
        }
      }
      for (int k = 0; k < kRows; ++k) {
        const int r = group + k * kDown;
        if (r < rows_) targets_[r * task_.n + j] = sum[k];
      }
    }
  }

  // Where the weight of row r that is assigned as the i-th lies.
  VBQ_BOTH std::int64_t at(int r, int i) const {
    return static_cast<std::int64_t>(r) * task_.row_length + task_.columns[i];
  }

  const AssignTask& task_;
  const float* words_;
  AssignPanel& panel_;
  int first_, rows_;  // of the task's rows
  bool priced_;
  float* targets_;
  const float* weight_;
  std::uint8_t* levels_;
};

}  // namespace vbq::cuda
