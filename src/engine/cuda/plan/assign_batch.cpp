#include "engine/cuda/plan/assign_batch.hpp"

#include <limits>

#include "core/check.hpp"
#include "engine/cuda/plan/pack.hpp"

namespace vbq::cuda {

std::int64_t FactorLayer::targets() const {
  std::int64_t sum = 0;
  for (const Block& block : blocks) sum += static_cast<std::int64_t>(block.rows) * block.n;
  return sum;
}

void AssignBatch::add(const FactorLayer& layer, const LayerFormat& format) {
  const PackedLayer packed = pack_codebooks(format, words);
  if (words.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    fail_internal("codebooks of {} words were to be assigned by at once", words.size());
  }
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
