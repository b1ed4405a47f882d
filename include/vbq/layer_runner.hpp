// LayerRunner: a network that is run layer by layer, and shows what its layers see and give.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <variant>

#include "vbq/dataset.hpp"
#include "vbq/format.hpp"
#include "vbq/network.hpp"

namespace vbq {

// What a layer sees or gives of one image: [channels, plane], host, FP32. Channels are cut into blocks: element (c, p)
// lies at data[offset(c) + p * block]. block 1 is row-major, block `channels` has the channels last.
struct TapView {
  const float* data = nullptr;
  std::int64_t channels = 1, plane = 1, block = 1;
  std::int64_t offset(std::int64_t c) const { return c / block * plane * block + c % block; }
  // As it lies in memory; channels beyond the last one are zeros.
  std::span<const float> all() const {
    return {data, static_cast<std::size_t>((channels + block - 1) / block * block * plane)};
  }
};

// Of row-major values: what a layer sees, and what a Conv or Linear gives.
inline TapView input_view(const float* data, const Shape& shape) {
  const std::int64_t channels = shape.empty() ? 1 : shape.front();
  return {data, channels, elements(shape) / channels, 1};
}
inline TapView output_view(const float* data, const Node& layer, const Shape& shape) {
  if (std::holds_alternative<Conv>(layer.op)) return input_view(data, shape);
  return {data, shape.back(), elements(shape) / shape.back(), shape.back()};
}

// Weights start as trained, and are the runner's own. Nodes: those of layers with weights, in ascending order until the
// images begin again; Error (internal) otherwise. Not thread safe.
class LayerRunner {
 public:
  // Called on several threads, once for each image, counted from 0.
  using Tap = std::function<void(std::int64_t image, const TapView& view)>;
  // Scale and shift of the batch norm that is folded into a layer, [O]; empty for none.
  struct Norm {
    std::span<const float> scale, shift;
  };

  virtual ~LayerRunner() = default;

  // Images that run together. Of no influence on what is seen but for last bits, which may depend on an image's place
  // in its batch; and whoever adds up over images may want to do so batch by batch.
  virtual std::int64_t batch() const = 0;

  // Takes the place of the images before, and begins with them. Labels do not count. Error when the images do not fit
  // the network's input; Error (internal) when there are more than the runner was opened for.
  virtual void load(Shard images) = 0;
  // Begins with the same images again.
  virtual void restart() = 0;

  // The layer's weights become those of the format, whose weights all have their level; nullptr: as trained.
  virtual void set(int node, const LayerFormat* format) = 0;

  // Runs up to the layer, and shows what it sees: its input's shape, axis 0 being the channel.
  virtual void inputs(int node, const Tap& tap) = 0;
  // Runs the layer too, and shows what it gives: its output channels (a Linear's are the last axis), a folded batch
  // norm done.
  virtual void outputs(int node, const Tap& tap) = 0;
  virtual Norm norm(int node) const = 0;
  // What the layer `node` gave becomes y * gain + add, [O], before anyone else sees it; straight after outputs().
  virtual void scale(int node, std::span<const float> gain, std::span<const float> add) = 0;

  // All that the layer `node` and those behind it go on from, once it was shown its inputs.
  struct State {
    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    virtual ~State() = default;
  };
  // Bytes that it would take of the images that are loaded; 0 where this runner keeps none.
  virtual std::int64_t state_bytes(int /*node*/) const { return 0; }
  // Straight after inputs(node); Error (internal) at another time. nullptr where this runner keeps none.
  virtual std::shared_ptr<const State> state(int /*node*/) { return nullptr; }
  // In the place of restart(): begins at the layer that the state is of. It must be this runner's own, of the images
  // that are loaded; weights before the layer do not count.
  virtual void resume(const State& /*state*/) {}
};

}  // namespace vbq
