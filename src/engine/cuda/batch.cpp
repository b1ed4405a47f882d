#include "engine/cuda/batch.hpp"

#include <algorithm>
#include <utility>

#include "data/pixel_table.hpp"
#include "engine/common/shard.hpp"
#include "engine/cuda/kernels.hpp"

namespace vbq::cuda {

Batch::Batch(const Network& network, std::int64_t images, Type type, Arithmetic arithmetic,
             std::shared_ptr<const Cudnn> api)
    : network_(network),
      handle_(std::move(api), stream_),
      runner_(network, make_plan(network, images, type, true), arithmetic, handle_, stream_),
      view_(sizeof(ShardView)),
      item_(sizeof(std::int64_t)) {
  stream_.zero(item_.data(), item_.bytes());
}

void Batch::load(const Shard& shard) {
  const Images& images = shard.images;
  const PixelTable table = pixel_table(shard.normalisation);
  const std::size_t bytes = table.size() * sizeof table.front();
  pixels_.reserve(std::max<std::size_t>(1, images.pixels.size()));
  table_.reserve(bytes);
  ShardView view;
  view.pixels = pixels_.as<const std::uint8_t>();
  view.table = table_.as<const float>();
  view.count = images.count;
  view.block = plan().batch;
  stream_.upload(pixels_.data(), images.pixels.data(), images.pixels.size());
  stream_.upload(table_.data(), table.data(), bytes);
  stream_.upload(view_.data(), &view, sizeof view);
}

void Batch::feed() const {
  const Normalise feed = feed_for(plan(), network_, view_.as<const ShardView>(), item_.as<const std::int64_t>());
  launch(feed, feed.batch, runner_.input(), stream_.get());
}

std::size_t Batch::bytes() const {
  return runner_.bytes() + pixels_.bytes() + table_.bytes() + view_.bytes() + item_.bytes();
}

}  // namespace vbq::cuda
