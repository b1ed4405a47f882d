#include "engine/cuda/plan/assign_batch.hpp"

#include "core/check.hpp"
#include "engine/cuda/plan/pack.hpp"

namespace vbq::cuda {

std::int64_t FactorLayer::targets() const {
  std::int64_t sum = 0;
  for (const Block& block : blocks) sum += static_cast<std::int64_t>(block.rows) * block.n;
  return sum;
}

void check_covers(const LayerFactor& factor, std::int64_t outputs, std::int64_t row_length) {
  std::vector<bool> seen(static_cast<std::size_t>(outputs * row_length));
  std::int64_t count = 0;
  for (const FactorBlock& block : factor.blocks) {
    for (std::int64_t r = block.first_row; r < block.first_row + block.rows; ++r) {
      for (const std::int32_t c : block.columns) {
        const auto at = static_cast<std::size_t>(r * row_length + c);
        if (seen[at]) fail_internal("the factor of node {} has weight {} twice", factor.node, at);
        seen[at] = true;
        ++count;
      }
    }
  }
  if (count != outputs * row_length) {
    fail_internal("the factor of node {} has {} weights of {}", factor.node, count, outputs * row_length);
  }
}

void AssignBatch::add(const FactorLayer& layer, const LayerFormat& format) {
  const PackedLayer packed = pack_codebooks(format, words);
  for (const FactorLayer::Block& block : layer.blocks) {
    if (block.rows == 0 || block.n == 0) continue;
    AssignTask task;
    task.weight = layer.weight;
    task.columns = block.columns;
    task.feedback = block.feedback;
    task.targets = targets;
    task.levels = levels;
    task.format = packed;
    task.first_row = block.first_row;
    task.rows = block.rows;
    task.n = block.n;
    task.row_length = layer.row_length;
    task.first_block = blocks;
    tasks.push_back(task);
    targets += static_cast<std::int64_t>(block.rows) * block.n;
    blocks += assign_blocks(block.rows);
  }
  levels += layer.weights();
}

}  // namespace vbq::cuda
