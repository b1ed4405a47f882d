#include "engine/cuda/matcher.hpp"

#include <utility>

#include "core/log.hpp"
#include "engine/common/weights.hpp"
#include "engine/cuda/kernels.hpp"
#include "engine/cuda/moments.hpp"

namespace vbq::cuda {
namespace {

// Queues what a pass asks for.
struct Queue {
  const Runner& runner;
  cudaStream_t stream;
  void run(std::size_t first, std::size_t last) const { runner.run(first, last); }
  Out array(const Place& place) const { return runner.array(place); }
  template <typename Op>
  void sum(const Op& op) const {
    launch_sums(op, stream);
  }
  void apply(const Affine& op, Out y) const { launch(op, runner.plan().batch, y, stream); }
};

}  // namespace

Matcher::Matcher(const Network& network, const Shard& images, std::unique_ptr<Batch> batch, int device)
    : network_(network),
      layers_(weight_layers(network)),
      batch_(std::move(batch)),
      device_(device),
      pass_(batch_->plan()) {
  batch_->load(images);
  const Stream& stream = batch_->stream();
  const std::vector<float> norms = pass_.norms();
  parts_ = DeviceBuffer(pass_.parts() * sizeof(ChannelSums));
  norms_ = DeviceBuffer(norms.size() * sizeof(float));
  trained_ = DeviceBuffer(pass_.channels() * sizeof(ChannelMoments));
  matching_ = DeviceBuffer(3 * pass_.channels() * sizeof(float));
  stream.upload(norms_.data(), norms.data(), norms_.bytes());
  pass({});
  std::vector<ChannelMoments> trained(pass_.channels());
  stream.download(trained.data(), trained_.data(), trained_.bytes());
  stream.synchronise();
  pass_.check(network_, trained);
  log::debug("engine cuda: {} MiB for matching at {} images", bytes() >> 20, images.images.count);
}

// formats: one a layer; or empty: the network as trained is measured.
void Matcher::pass(std::span<const LayerFormat* const> formats) {
  batch_->runner().quantise(formats.empty() ? std::vector<const LayerFormat*>(layers_.size(), nullptr)
                                            : std::vector<const LayerFormat*>(formats.begin(), formats.end()));
  batch_->feed();
  MatchingMemory memory;
  memory.parts = parts_.as<ChannelSums>();
  memory.norms = norms_.as<const float>();
  memory.trained = trained_.as<ChannelMoments>();
  memory.matching = matching_.as<float>();
  Queue queue{batch_->runner(), batch_->stream().get()};
  pass_.run(formats, memory, queue);
}

NetworkFormat Matcher::match(const NetworkFormat& formats) {
  use_device(device_);
  check_formats(network_, formats);
  NetworkFormat result = formats;
  for (LayerFormat& format : result) {
    format.gain.clear();
    format.shift.clear();
  }
  pass(formats_of(layers_, result));
  std::vector<float> matching(2 * pass_.channels());
  const Stream& stream = batch_->stream();
  stream.download(matching.data(), matching_.data(), matching.size() * sizeof(float));
  stream.synchronise();
  pass_.put(matching, result);
  return result;
}

std::size_t Matcher::bytes() const {
  return batch_->bytes() + parts_.bytes() + norms_.bytes() + trained_.bytes() + matching_.bytes();
}

}  // namespace vbq::cuda
