#include "engine/cuda/layer_pass.hpp"

#include <algorithm>
#include <utility>

#include "core/log.hpp"
#include "engine/common/weights.hpp"
#include "engine/cuda/kernels.hpp"
#include "engine/cuda/moments.hpp"

namespace vbq::cuda {
namespace {

// Queues what a pass asks for.
struct Queue {
  Runner& runner;
  cudaStream_t stream;
  SequentialLayers* sequential;  // may be null
  bool learn;
  void run(std::size_t first, std::size_t last) const { runner.run(first, last); }
  void layer(std::size_t point) const {
    if (sequential == nullptr) return;
    if (learn) {
      sequential->learn(point);
    } else {
      sequential->assign(point);
    }
  }
  Out array(const Place& place) const { return runner.array(place); }
  template <typename Op>
  void sum(const Op& op) const {
    launch_sums(op, stream);
  }
  void apply(const Affine& op, Out y) const { launch(op, runner.plan().batch, y, stream); }
};

}  // namespace

LayerPass::LayerPass(const Network& network, const Shard& images, PassLevels levels, std::unique_ptr<Batch> batch,
                     int device)
    : network_(network),
      layers_(weight_layers(network)),
      batch_(std::move(batch)),
      device_(device),
      pass_(batch_->plan()) {
  batch_->load(images);
  const std::vector<float> norms = pass_.norms();
  parts_ = DeviceBuffer(pass_.parts() * sizeof(ChannelSums));
  norms_ = DeviceBuffer(norms.size() * sizeof(float));
  trained_ = DeviceBuffer(pass_.channels() * sizeof(ChannelMoments));
  matching_ = DeviceBuffer(3 * pass_.channels() * sizeof(float));
  batch_->stream().upload(norms_.data(), norms.data(), norms_.bytes());
  if (levels == PassLevels::sequential) {
    sequential_.emplace(network_, images.images.count, batch_->runner(), batch_->stream());
  }
  learn();
  log::debug("engine cuda: {} MiB for passes over {} images", bytes() >> 20, images.images.count);
}

void LayerPass::learn() {
  batch_->runner().quantise(std::vector<const LayerFormat*>(layers_.size(), nullptr));
  pass({}, true);
  const Stream& stream = batch_->stream();
  std::vector<ChannelMoments> trained(pass_.channels());
  stream.download(trained.data(), trained_.data(), trained_.bytes());
  stream.synchronise();
  if (sequential_) sequential_->learnt();
  pass_.check(network_, trained, [&](std::size_t point) {
    if (sequential_) sequential_->check(point);
  });
}

// formats: one a layer; or empty: the network as trained is measured.
void LayerPass::pass(std::span<const LayerFormat* const> formats, bool matched) {
  batch_->feed();
  MatchingMemory memory;
  memory.parts = parts_.as<ChannelSums>();
  memory.norms = norms_.as<const float>();
  memory.trained = trained_.as<ChannelMoments>();
  memory.matching = matching_.as<float>();
  Queue queue{batch_->runner(), batch_->stream().get(), sequential_ ? &*sequential_ : nullptr, formats.empty()};
  pass_.run(formats, memory, queue, matched);
}

NetworkFormat LayerPass::run(const NetworkFormat& formats, bool matched) {
  use_device(device_);
  NetworkFormat result = formats;
  for (LayerFormat& format : result) format.gain = format.shift = {};
  if (sequential_) sequential_->take(result);
  check_formats(network_, result);
  const std::vector<const LayerFormat*> all = formats_of(layers_, result);
  batch_->runner().quantise(all);
  if (sequential_) sequential_->begin(all);
  pass(all, matched);
  const Stream& stream = batch_->stream();
  std::vector<float> matching(2 * pass_.channels());
  if (matched) stream.download(matching.data(), matching_.data(), matching.size() * sizeof(float));
  if (sequential_) sequential_->download();
  stream.synchronise();
  if (sequential_) sequential_->put(result);
  if (matched) pass_.put(matching, result);
  return result;
}

std::vector<NetworkFormat> LayerPass::run(std::span<const NetworkFormat> networks, bool matched) {
  std::vector<NetworkFormat> found;
  found.reserve(networks.size());
  for (const NetworkFormat& formats : networks) found.push_back(run(formats, matched));
  return found;
}

std::size_t LayerPass::bytes() const {
  return batch_->bytes() + parts_.bytes() + norms_.bytes() + trained_.bytes() + matching_.bytes() +
         (sequential_ ? sequential_->bytes() : 0);
}

}  // namespace vbq::cuda
