// Assigner: compensated assignment with a memory.
#include <deque>
#include <map>
#include <utility>

#include "core/check.hpp"
#include "quant/compensated.hpp"
#include "quant/format_hash.hpp"

namespace vbq {
namespace {

constexpr std::size_t kMemory = std::size_t{256} << 20;  // bytes of indices remembered; the oldest go first

}  // namespace

struct Assigner::State {
  using Key = std::pair<int, std::array<std::uint64_t, 2>>;  // node, hash of codebooks and scales

  std::map<int, Tensor> weights;  // of the layers that have a factor
  std::shared_ptr<const Calibration> calibration;
  std::map<Key, std::vector<std::uint8_t>> known;
  std::deque<Key> order;  // of arrival
  std::size_t bytes = 0;

  const std::vector<std::uint8_t>& indices(const LayerFormat& layer, const LayerFactor& factor) {
    Hasher hasher;
    hash_genes(hasher, layer);
    const Key key{layer.node, hasher.digest()};
    if (const auto found = known.find(key); found != known.end()) return found->second;
    const Tensor& weight = weights.at(layer.node);
    std::vector<std::uint8_t> made = assign_compensated(weight.data, weight.shape.front(), layer, factor);
    bytes += made.size();
    while (bytes > kMemory && !order.empty()) {
      const auto oldest = known.find(order.front());
      bytes -= oldest->second.size();
      known.erase(oldest);
      order.pop_front();
    }
    order.push_back(key);
    return known.emplace(key, std::move(made)).first->second;
  }
};

Assigner::Assigner(const Network& network, std::shared_ptr<const Calibration> calibration)
    : state_(std::make_unique<State>()) {
  state_->calibration = std::move(calibration);
  if (state_->calibration == nullptr) return;
  for (const LayerFactor& factor : state_->calibration->factors) {
    const bool exists = factor.node >= 0 && static_cast<std::size_t>(factor.node) < network.nodes.size();
    const Tensor* weight = exists ? weight_of(network.nodes[static_cast<std::size_t>(factor.node)]) : nullptr;
    if (weight == nullptr)
      fail("a calibration has a factor of node {}, which is not a layer with weights", factor.node);
    state_->weights.emplace(factor.node, *weight);
  }
}
Assigner::~Assigner() = default;
Assigner::Assigner(Assigner&&) noexcept = default;
Assigner& Assigner::operator=(Assigner&&) noexcept = default;

void Assigner::operator()(NetworkFormat& formats) {
  if (state_->calibration == nullptr) return;
  const std::vector<LayerFactor>& factors = state_->calibration->factors;
  for (LayerFormat& layer : formats) {
    if (!layer.indices.empty()) continue;
    for (const LayerFactor& factor : factors) {
      if (factor.node == layer.node) layer.indices = state_->indices(layer, factor);
    }
  }
}

}  // namespace vbq
