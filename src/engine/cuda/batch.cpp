#include "engine/cuda/batch.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "data/pixel_table.hpp"
#include "engine/common/shard.hpp"
#include "engine/cuda/kernels.hpp"

namespace vbq::cuda {

Batch::Batch(const Network& network, std::int64_t images, std::shared_ptr<const Cudnn> api, const KernelRule& rule)
    : network_(network),
      handle_(std::move(api), stream_),
      runner_(network, make_plan(network, images, Type::fp32, true), Arithmetic::fp32, handle_, stream_, rule) {}

void Batch::load(const Shard& shard) {
  images_.reset();  // first, so that both need not fit
  const Images& images = shard.images;
  const PixelTable table = pixel_table(shard.normalisation);
  const std::size_t bytes = table.size() * sizeof table.front();
  auto held = std::make_shared<Held>();
  held->pixels = DeviceBuffer(std::max<std::size_t>(1, images.pixels.size()));
  held->table = DeviceBuffer(bytes);
  held->view = DeviceBuffer(sizeof(ShardView));
  held->item = DeviceBuffer(sizeof(std::int64_t));
  ShardView view;
  view.pixels = held->pixels.as<const std::uint8_t>();
  view.table = held->table.as<const float>();
  view.count = images.count;
  view.block = plan().batch;
  stream_.zero(held->item.data(), held->item.bytes());
  stream_.upload(held->pixels.data(), images.pixels.data(), images.pixels.size());
  stream_.upload(held->table.data(), table.data(), bytes);
  stream_.upload(held->view.data(), &view, sizeof view);
  images_ = std::move(held);
}

void Batch::feed() const {
  if (images_ == nullptr) fail_internal("a batch was to be fed before its images were loaded");
  const Normalise feed =
      feed_for(plan(), network_, images_->view.as<const ShardView>(), images_->item.as<const std::int64_t>());
  launch(feed, feed.batch, runner_.input(), stream_.get());
}

std::size_t Batch::bytes() const {
  std::size_t sum = runner_.bytes();
  if (images_ == nullptr) return sum;
  for (const DeviceBuffer* buffer : {&images_->pixels, &images_->table, &images_->view, &images_->item}) {
    sum += buffer->bytes();
  }
  return sum;
}

}  // namespace vbq::cuda
