#include "assign/compensate.hpp"

#include <algorithm>
#include <utility>

#include "assign/compensated.hpp"
#include "core/check.hpp"

namespace vbq {
namespace {

// Otherwise levels would be missing, or depend on which block comes last.
void check_covers(const LayerFactor& factor, std::int64_t channels, std::int64_t row) {
  std::vector<bool> seen(static_cast<std::size_t>(channels * row));
  std::size_t count = 0;
  for (const FactorBlock& block : factor.blocks) {
    for (std::int64_t r = block.first_row; r < block.first_row + block.rows; ++r) {
      for (const std::int32_t c : block.columns) {
        const auto at = static_cast<std::size_t>(r * row + c);
        if (seen[at]) fail("the factor of node {} has weight {} twice", factor.node, at);
        seen[at] = true;
        ++count;
      }
    }
  }
  if (count != seen.size()) fail("the factor of node {} has {} weights of {}", factor.node, count, seen.size());
}

class HostCompensator final : public Compensator {
 public:
  HostCompensator(const Network& network, Engine& engine, std::shared_ptr<const Calibration> calibration)
      : network_(network), engine_(engine), calibration_(std::move(calibration)) {
    check_calibration(network_, *calibration_);
  }

  std::vector<std::vector<std::uint8_t>> assign(std::span<const LayerFormat* const> layers) override {
    std::vector<const LayerFactor*> factors;
    for (const LayerFormat* layer : layers) factors.push_back(&factor_of(*calibration_, layer->node));
    std::vector<std::vector<std::uint8_t>> made(layers.size());
    engine_.parallel(std::ssize(layers), [&](std::int64_t item) {
      const auto i = static_cast<std::size_t>(item);
      const Tensor& weight = *weight_of(network_.nodes[static_cast<std::size_t>(layers[i]->node)]);
      made[i] = assign_compensated(weight.data, weight.shape.front(), *layers[i], *factors[i]);
    });
    return made;
  }

 private:
  const Network& network_;
  Engine& engine_;
  std::shared_ptr<const Calibration> calibration_;
};

}  // namespace

const LayerFactor& factor_of(const Calibration& calibration, int node) {
  const auto found = std::ranges::find(calibration.factors, node, &LayerFactor::node);
  if (found == calibration.factors.end()) fail_internal("the calibration has no factor of node {}", node);
  return *found;
}

void check_calibration(const Network& network, const Calibration& calibration) {
  for (const LayerFactor& factor : calibration.factors) {
    const bool exists = factor.node >= 0 && static_cast<std::size_t>(factor.node) < network.nodes.size();
    const Tensor* weight = exists ? weight_of(network.nodes[static_cast<std::size_t>(factor.node)]) : nullptr;
    if (weight == nullptr) {
      fail("a calibration has a factor of node {}, which is not a layer with weights", factor.node);
    }
    const std::int64_t channels = weight->shape.front();
    check_factor(weight->data, channels, factor);
    check_covers(factor, channels, std::ssize(weight->data) / channels);
  }
}

std::unique_ptr<Compensator> make_compensator(const Network& network, Engine& engine,
                                              std::shared_ptr<const Calibration> calibration, LevelPrice price) {
  if (price == LevelPrice::none) {
    if (auto own = engine.compensator(calibration)) return own;
  }
  return std::make_unique<HostCompensator>(network, engine, std::move(calibration));
}

}  // namespace vbq
