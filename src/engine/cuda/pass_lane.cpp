#include "engine/cuda/pass_lane.hpp"

#include <algorithm>
#include <utility>

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

PassLane::PassLane(const Network& network, const Shard& images, PassLevels levels, std::unique_ptr<Batch> batch)
    : network_(network), layers_(weight_layers(network)), batch_(std::move(batch)), pass_(batch_->plan()) {
  batch_->load(images);
  const std::vector<float> norms = pass_.norms();
  auto known = std::make_shared<Known>();
  known->norms = DeviceBuffer(norms.size() * sizeof(float));
  known->trained = DeviceBuffer(pass_.channels() * sizeof(ChannelMoments));
  batch_->stream().upload(known->norms.data(), norms.data(), known->norms.bytes());
  known_ = std::move(known);
  allocate();
  if (levels == PassLevels::sequential) {
    sequential_.emplace(network_, images.images.count, batch_->runner(), batch_->stream());
  }
  learn();
}

PassLane::PassLane(const PassLane& first, std::unique_ptr<Batch> batch)
    : network_(first.network_),
      layers_(first.layers_),
      batch_(std::move(batch)),
      pass_(batch_->plan()),
      known_(first.known_) {
  batch_->load(*first.batch_);
  allocate();
  if (first.sequential_) sequential_.emplace(*first.sequential_, batch_->runner(), batch_->stream());
}

void PassLane::allocate() {
  parts_ = DeviceBuffer(pass_.parts() * sizeof(ChannelSums));
  matching_ = DeviceBuffer(3 * pass_.channels() * sizeof(float));
  found_.reserve(std::max<std::size_t>(1, 2 * pass_.channels() * sizeof(float)));
}

void PassLane::learn() {
  batch_->runner().quantise(std::vector<const LayerFormat*>(layers_.size(), nullptr));
  pass({}, true);
  const Stream& stream = batch_->stream();
  std::vector<ChannelMoments> trained(pass_.channels());
  stream.download(trained.data(), known_->trained.data(), known_->trained.bytes());
  stream.synchronise();
  if (sequential_) sequential_->learnt();
  pass_.check(network_, trained, [&](std::size_t point) {
    if (sequential_) sequential_->check(point);
  });
}

// formats: one a layer; or empty: the network as trained is measured.
void PassLane::pass(std::span<const LayerFormat* const> formats, bool matched) {
  batch_->feed();
  MatchingMemory memory;
  memory.parts = parts_.as<ChannelSums>();
  memory.norms = known_->norms.as<const float>();
  memory.trained = known_->trained.as<ChannelMoments>();
  memory.matching = matching_.as<float>();
  Queue queue{batch_->runner(), batch_->stream().get(), sequential_ ? &*sequential_ : nullptr, formats.empty()};
  pass_.run(formats, memory, queue, matched);
}

void PassLane::start(const NetworkFormat& formats, bool matched) {
  result_ = formats;
  matched_ = matched;
  for (LayerFormat& format : result_) format.gain = format.shift = {};
  if (sequential_) sequential_->take(result_);
  check_formats(network_, result_);
  const std::vector<const LayerFormat*> all = formats_of(layers_, result_);
  batch_->runner().quantise(all);
  if (sequential_) sequential_->begin(all);
  pass(all, matched);
  const std::size_t bytes = 2 * pass_.channels() * sizeof(float);
  if (matched) batch_->stream().download(found_.data(), matching_.data(), bytes);
  if (sequential_) sequential_->download();
}

NetworkFormat PassLane::finish() {
  batch_->stream().synchronise();
  if (sequential_) sequential_->put(result_);
  const std::span found(reinterpret_cast<const float*>(found_.data()), 2 * pass_.channels());
  if (matched_) pass_.put(found, result_);
  return std::move(result_);
}

std::size_t PassLane::bytes() const {
  return batch_->bytes() + parts_.bytes() + known_->norms.bytes() + known_->trained.bytes() + matching_.bytes() +
         (sequential_ ? sequential_->bytes() : 0);
}

}  // namespace vbq::cuda
