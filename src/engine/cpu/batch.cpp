#include "engine/cpu/batch.hpp"

#include <algorithm>

namespace vbq::cpu {
namespace {

// Bytes of weights for each byte that the layers put out, an image: where it is large (fully connected layers), time
// goes into reading weights, and several images should share a reading.
std::int64_t weights_over_outputs(const Network& network) {
  std::int64_t weights = 0, outputs = elements(network.input_shape());
  for (std::size_t k = 0; k < network.nodes.size(); ++k) {
    const Tensor* weight = weight_of(network.nodes[k]);
    if (weight == nullptr) continue;
    weights += elements(weight->shape);
    outputs += elements(network.shapes[k + 1]);
  }
  return weights / outputs;
}

}  // namespace

std::int64_t micro_batch(const Network& network, std::int64_t block) {
  // The largest value of a micro-batch should stay near the core; but weights that are not few beside what they make
  // are read once for up to kShared images.
  constexpr std::int64_t kBytes = 1 << 20, kShared = 8;
  std::int64_t largest = 1;
  for (const Shape& s : network.shapes)
    largest = std::max(largest, elements(s) * static_cast<std::int64_t>(sizeof(float)));
  const std::int64_t shared = std::min(weights_over_outputs(network), kShared);
  const std::int64_t target = std::clamp<std::int64_t>(std::max(kBytes / largest, shared), 1, block);
  // Of the sizes down to half of it, the one that pads a block least; of those, the largest.
  std::int64_t best = target;
  const auto padded = [&](std::int64_t m) { return (block + m - 1) / m * m; };
  for (std::int64_t m = target; 2 * m > target; --m) {
    if (padded(m) < padded(best)) best = m;
  }
  return best;
}

}  // namespace vbq::cpu
