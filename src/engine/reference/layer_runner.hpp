// LayerRunner by the reference: all values of all images are kept.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/reference/operators.hpp"
#include "vbq/layer_runner.hpp"
#include "vbq/network.hpp"

namespace vbq::reference {

// The node's weights and bias become those of the trained one under the format; nullptr: as trained.
void set_weights(const Node& trained, const LayerFormat* format, Node& node);

class LayerRunner final : public vbq::LayerRunner {
 public:
  // network: as trained; outlives the runner. images: at most, at once; block: the engine's.
  LayerRunner(const Network& network, std::int64_t images, std::int64_t block)
      : trained_(network), network_(network), most_(images), block_(block) {}

  std::int64_t batch() const override { return 1; }
  void load(Shard images) override;
  void restart() override;
  void set(int node, const LayerFormat* format) override;
  void inputs(int node, const Tap& tap) override;
  void outputs(int node, const Tap& tap) override;
  Norm norm(int) const override { return {}; }  // nothing is folded
  void scale(int node, std::span<const float> gain, std::span<const float> add) override;
  std::int64_t state_bytes(int node) const override;
  std::shared_ptr<const vbq::LayerRunner::State> state(int node) override;
  void resume(const vbq::LayerRunner::State& state) override;

 private:
  struct State final : vbq::LayerRunner::State {
    std::vector<std::vector<Value>> values;
  };
  // Until so many values are known of every image, the input included.
  void run_to(std::size_t values);
  TapView view(std::size_t image, int node) const;

  const Network& trained_;
  Network network_;
  std::int64_t most_, block_;
  Shard images_;
  std::vector<std::vector<Value>> values_;  // [image][value]
};

}  // namespace vbq::reference
