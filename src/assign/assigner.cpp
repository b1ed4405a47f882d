// Assigner: compensated assignment with a memory.
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "assign/compensated.hpp"
#include "core/check.hpp"
#include "quant/format_hash.hpp"

namespace vbq {
struct Assigner::State {
  using Key = std::pair<int, std::array<std::uint64_t, 2>>;  // node, hash of codebooks and scales

  std::set<int> nodes;  // of the layers that have a factor
  Work work;
  std::size_t memory = 0;
  std::map<Key, std::vector<std::uint8_t>> known;
  std::deque<Key> order;  // of arrival
  std::size_t bytes = 0;

  void remember(const Key& key, std::vector<std::uint8_t> made) {
    bytes += made.size();
    while (bytes > memory && !order.empty()) {
      const auto oldest = known.find(order.front());
      bytes -= oldest->second.size();
      known.erase(oldest);
      order.pop_front();
    }
    order.push_back(key);
    known.emplace(key, std::move(made));
  }
};

Assigner::Assigner(const Calibration* calibration, Work work, std::int64_t memory) : state_(std::make_unique<State>()) {
  state_->work = std::move(work);
  state_->memory = static_cast<std::size_t>(memory);
  if (calibration == nullptr) return;
  for (const LayerFactor& factor : calibration->factors) state_->nodes.insert(factor.node);
}
Assigner::~Assigner() = default;
Assigner::Assigner(Assigner&&) noexcept = default;
Assigner& Assigner::operator=(Assigner&&) noexcept = default;

void Assigner::operator()(std::span<NetworkFormat> formats) {
  std::vector<const LayerFormat*> missing;
  std::map<State::Key, std::size_t> asked;                    // where among the missing
  std::vector<std::pair<LayerFormat*, std::size_t>> waiting;  // a layer, and which of the missing it is
  for (NetworkFormat& network : formats) {
    for (LayerFormat& layer : network) {
      if (!layer.indices.empty() || !state_->nodes.contains(layer.node)) continue;
      Hasher hasher;
      hash_genes(hasher, layer);
      const State::Key key{layer.node, hasher.digest()};
      if (const auto found = state_->known.find(key); found != state_->known.end()) {
        layer.indices = found->second;
        continue;
      }
      const auto [at, fresh] = asked.try_emplace(key, missing.size());
      if (fresh) missing.push_back(&layer);
      waiting.emplace_back(&layer, at->second);
    }
  }
  if (missing.empty()) return;
  std::vector<std::vector<std::uint8_t>> made = state_->work(missing);
  if (made.size() != missing.size()) fail_internal("{} layers were assigned of {}", made.size(), missing.size());
  for (const auto& [layer, at] : waiting) layer->indices = made[at];
  for (const auto& [key, at] : asked) state_->remember(key, std::move(made[at]));
}

}  // namespace vbq
