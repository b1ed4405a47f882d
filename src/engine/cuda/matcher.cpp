#include "engine/cuda/matcher.hpp"

#include <utility>

#include "core/log.hpp"
#include "engine/common/shard.hpp"
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

Matcher::Matcher(const Network& network, const Shard& images, Type type, Arithmetic arithmetic,
                 std::shared_ptr<const Cudnn> api)
    : network_(network),
      layers_(weight_layers(network)),
      handle_(std::move(api), stream_),
      runner_(network, make_plan(network, images.images.count, type, true), arithmetic, handle_, stream_),
      pass_(runner_.plan()) {
  upload(images);
  const std::vector<float> norms = pass_.norms();
  parts_ = DeviceBuffer(pass_.parts() * sizeof(ChannelSums));
  norms_ = DeviceBuffer(norms.size() * sizeof(float));
  trained_ = DeviceBuffer(pass_.channels() * sizeof(ChannelMoments));
  matching_ = DeviceBuffer(3 * pass_.channels() * sizeof(float));
  stream_.upload(norms_.data(), norms.data(), norms_.bytes());
  pass({});
  std::vector<ChannelMoments> trained(pass_.channels());
  stream_.download(trained.data(), trained_.data(), trained_.bytes());
  stream_.synchronise();
  pass_.check(network_, trained);
  log::debug("engine cuda: {} MiB for matching at {} images", bytes() >> 20, images.images.count);
}

void Matcher::upload(const Shard& shard) {
  const Images& images = shard.images;
  const PixelTable table = pixel_table(shard.normalisation);
  pixels_ = DeviceBuffer(images.pixels.size());
  table_ = DeviceBuffer(table.size() * sizeof table.front());
  view_ = DeviceBuffer(sizeof(ShardView));
  item_ = DeviceBuffer(sizeof(std::int64_t));
  ShardView view;
  view.pixels = pixels_.as<const std::uint8_t>();
  view.table = table_.as<const float>();
  view.count = view.block = images.count;
  stream_.upload(pixels_.data(), images.pixels.data(), pixels_.bytes());
  stream_.upload(table_.data(), table.data(), table_.bytes());
  stream_.upload(view_.data(), &view, sizeof view);
  stream_.zero(item_.data(), item_.bytes());
}

// formats: one a layer; or empty: the network as trained is measured.
void Matcher::pass(std::span<const LayerFormat* const> formats) {
  runner_.quantise(formats.empty() ? std::vector<const LayerFormat*>(layers_.size(), nullptr)
                                   : std::vector<const LayerFormat*>(formats.begin(), formats.end()));
  const Normalise feed =
      feed_for(runner_.plan(), network_, view_.as<const ShardView>(), item_.as<const std::int64_t>());
  launch(feed, feed.batch, runner_.input(), stream_.get());
  MatchingMemory memory;
  memory.parts = parts_.as<ChannelSums>();
  memory.norms = norms_.as<const float>();
  memory.trained = trained_.as<ChannelMoments>();
  memory.matching = matching_.as<float>();
  Queue queue{runner_, stream_.get()};
  pass_.run(formats, memory, queue);
}

NetworkFormat Matcher::match(const NetworkFormat& formats, bool moments) {
  check_formats(network_, formats);
  NetworkFormat result = formats;
  for (LayerFormat& format : result) {
    format.gain.clear();
    format.shift.clear();
  }
  if (!moments) return result;
  pass(formats_of(layers_, result));
  std::vector<float> matching(2 * pass_.channels());
  stream_.download(matching.data(), matching_.data(), matching.size() * sizeof(float));
  stream_.synchronise();
  pass_.put(matching, result);
  return result;
}

std::size_t Matcher::bytes() const {
  std::size_t sum = runner_.bytes();
  for (const DeviceBuffer* buffer : {&pixels_, &table_, &view_, &item_, &parts_, &norms_, &trained_, &matching_}) {
    sum += buffer->bytes();
  }
  return sum;
}

}  // namespace vbq::cuda
