// Sequential assignment (assign/sequential.hpp) on one GPU, layer by layer: patches, sums, factors, targets and levels
// stay there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/cuda/device.hpp"
#include "engine/cuda/plan/assign.hpp"
#include "engine/cuda/plan/sequential.hpp"
#include "engine/cuda/runner.hpp"
#include "vbq/format.hpp"
#include "vbq/network.hpp"

namespace vbq::cuda {

// Levels are those of a SequentialAssigner whose sums were added in another order: the same but where a target lies as
// good as halfway between two.
class SequentialLayers {
 public:
  // runner: over so many images, with bare layers; it and the stream outlive this. Error (input) when the GPU's memory
  // is too small.
  SequentialLayers(const Network& network, std::int64_t images, Runner& runner, const Stream& stream);
  // The same over the same images with another runner: what `first` has learnt is shared.
  SequentialLayers(const SequentialLayers& first, Runner& runner, const Stream& stream);

  // point: of plan().layer_points, whose inputs are there. These two only queue.
  void learn(std::size_t point);   // through the network as trained
  void assign(std::size_t point);  // through the layers before it as they are now
  // Once the stream has run what learn() queued, and waits: check(point) then is an Error as check_inputs().
  void learnt();
  void check(std::size_t point) const;

  // A network's way: take() gives layers without levels room for them; begin() once the runner was given all formats,
  // one a layer; then assign(); download() queues, and once the stream has come so far put() fills in what was found.
  // None of them waits.
  void take(NetworkFormat& formats);
  void begin(std::span<const LayerFormat* const> formats);
  void download();
  void put(NetworkFormat& formats) const;

  std::size_t bytes() const;  // of GPU memory, with what is shared

 private:
  struct LayerPoint {
    std::size_t layer;  // of the plan's
    SequentialShape shape;
    Sample sample;
    std::shared_ptr<const DeviceBuffer> positions, trained;  // trained: [positions, outputs], W x; or null
    std::int64_t at_once = 1;                                // images in a part
    std::int64_t weights() const { return static_cast<std::int64_t>(shape.outputs()) * shape.columns; }
  };
  // Of one network: a layer whose levels are to be found.
  struct Wanted {
    bool wanted = false;
    double price = 0;  // of a bit, but for the mean of D; 0: the nearest levels
    std::size_t task = 0;
    int tasks = 0, blocks = 0;
    int levels = 0;
  };

  // known: the same point of who has learnt of it; null: nobody has.
  LayerPoint point_of(std::size_t point, const LayerPoint* known) const;
  void allocate();
  // each(first image, images) for each part, its patches sampled.
  template <typename Each>
  void parts(const LayerPoint& point, float* bad, Each each);

  const Network& network_;
  std::int64_t images_;
  Runner& runner_;
  const Stream& stream_;
  std::vector<LayerPoint> points_;
  std::vector<float> bad_;      // of each point, once learnt: an input that is no number to work with, or 0
  std::vector<Wanted> wanted_;  // of each layer of the plan
  SequentialMemory memory_;
  std::size_t zero_bytes_ = 0;  // from memory_.broken on, memory_.taken included: 0 where a layer begins
  DeviceBuffer patches_, missing_, parts_, sums_, factor_, diagonal_, small_, target_, scratch_, feedback_, order_;
  DeviceBuffer bad_inputs_, tasks_;
  PinnedBuffer tasks_made_;                   // of all layers, on their way to tasks_
  PinnedBuffer found_;                        // levels of all layers, and what lies between them
  const std::uint8_t* found_from_ = nullptr;  // where they lie on the GPU
};

}  // namespace vbq::cuda
