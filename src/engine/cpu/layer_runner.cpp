#include "engine/cpu/layer_runner.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "data/pixel_table.hpp"
#include "engine/common/weights.hpp"

namespace vbq::cpu {
namespace {

// y[p * stride + k] of `some` channels k at `plane` positions.
template <std::int64_t some>
void scale_channels(float* y, std::int64_t stride, std::int64_t plane, const float* gain, const float* add) {
  float g[some], a[some];
  std::copy_n(gain, some, g);
  std::copy_n(add, some, a);
  for (std::int64_t p = 0; p < plane; ++p, y += stride) {
    for (std::int64_t k = 0; k < some; ++k) y[k] = y[k] * g[k] + a[k];
  }
}

std::size_t live_bytes(const Plan::LayerPoint& point) {
  std::size_t bytes = 0;
  for (const Plan::ByteRange& range : point.live) bytes += range.count;
  return bytes;
}

}  // namespace

LayerRunner::LayerRunner(const Network& network, std::int64_t batch, Lanes& lanes, std::int64_t images,
                         std::int64_t block)
    : network_(network), lanes_(lanes), block_(block) {
  lanes_.run(1, [&](int, std::int64_t) { plan_ = make_plan(network_, batch, true); });
  const std::size_t room = largest_layer(network);
  batches_.resize(static_cast<std::size_t>((images + batch - 1) / batch));
  scratch_.resize(static_cast<std::size_t>(lanes_.count()));
  lanes_.each([&](int, std::int64_t lane) {
    Buffer& scratch = scratch_[static_cast<std::size_t>(lane)];
    scratch = Buffer(plan_.scratch_bytes);
    for (std::int64_t b = lane; b < std::ssize(batches_); b += lanes_.count()) {
      batches_[static_cast<std::size_t>(b)] = std::make_unique<Lane>(plan_, b == 0 ? room : 0, scratch);
    }
  });
  for (const LayerMemory& layer : plan_.layers) set(layer.node, nullptr);
}

void LayerRunner::load(Shard images) {
  check_shard(network_, images, block_);
  images_ = std::move(images);
  if (loaded_batches() > std::ssize(batches_)) {
    fail_internal("{} images for a runner of {} batches of {}", images_.images.count, batches_.size(), plan_.batch);
  }
  table_ = pixel_table(images_.normalisation);
  restart();
}

void LayerRunner::restart() {
  const auto size = static_cast<std::size_t>(elements(network_.input_shape()));
  const auto plane = static_cast<std::size_t>(images_.images.height * images_.images.width);
  each_batch([&](std::int64_t batch, Lane& lane) {
    const auto first = static_cast<std::size_t>(batch * plan_.batch), some = static_cast<std::size_t>(images_in(batch));
    for (std::size_t i = 0; i < some; ++i) {
      normalise(table_, images_.images.pixels.data() + (first + i) * size, plane, lane.input() + i * size);
    }
    std::fill_n(lane.input() + some * size, (static_cast<std::size_t>(plan_.batch) - some) * size, 0.0F);
  });
  done_ = 0;
  scaling_ = {};
}

void LayerRunner::set(int node, const LayerFormat* format) {
  const LayerMemory& layer = layer_of(node);
  lanes_.run(1, [&](int, std::int64_t) {
    Lane& lane = *batches_.front();
    const auto weights = weights_under(network_.nodes[static_cast<std::size_t>(node)], format, lane.room());
    set_layer(layer, lane.stream(), weights, format, lane.room());
  });
}

void LayerRunner::inputs(int node, const Tap& tap) {
  const Plan::LayerPoint& point = point_of(node);
  show(node, point.before, point.input, point.input_layout, tap);
}

void LayerRunner::outputs(int node, const Tap& tap) {
  const Plan::LayerPoint& point = point_of(node);
  show(node, point.after, point.output, point.output_layout, tap);
}

LayerRunner::Norm LayerRunner::norm(int node) const {
  const LayerMemory& layer = layer_of(node);
  return {layer.scale, layer.shift};
}

void LayerRunner::scale(int node, std::span<const float> gain, std::span<const float> add) {
  const Plan::LayerPoint& point = point_of(node);
  if (done_ != point.after || scaling_.point != nullptr) {
    fail_internal("outputs of node {} were to be scaled at another time", node);
  }
  scaling_ = {&point, {gain.begin(), gain.end()}, {add.begin(), add.end()}};
}

void LayerRunner::scale(Lane& lane) const {
  constexpr std::int64_t kSome = 8;  // channels that lie side by side are done together
  const Layout& lies = scaling_.point->output_layout;
  for (std::int64_t i = 0; i < plan_.batch; ++i) {
    float* image = lane.find(scaling_.point->output) + i * lies.image_elements();
    for (std::int64_t c = 0; c < lies.channels;) {
      const bool several = std::min(lies.block - c % lies.block, lies.channels - c) >= kSome;
      const auto channels = several ? scale_channels<kSome> : scale_channels<1>;
      const auto at = static_cast<std::size_t>(c);
      channels(image + lies.channel_offset(c), lies.block, lies.plane, &scaling_.gain[at], &scaling_.add[at]);
      c += several ? kSome : 1;
    }
  }
}

std::int64_t LayerRunner::state_bytes(int node) const {
  return loaded_batches() * static_cast<std::int64_t>(live_bytes(point_of(node)));
}

std::shared_ptr<const vbq::LayerRunner::State> LayerRunner::state(int node) {
  const Plan::LayerPoint& point = point_of(node);
  if (done_ != point.before || scaling_.point != nullptr) {
    fail_internal("what node {} sees was to be kept at another time", node);
  }
  auto state = std::make_shared<State>();
  state->point = &point;
  state->batches.resize(static_cast<std::size_t>(loaded_batches()));
  each_batch([&](std::int64_t batch, const Lane& lane) {
    std::vector<std::byte>& to = state->batches[static_cast<std::size_t>(batch)];
    to.reserve(live_bytes(point));
    for (const Plan::ByteRange& range : point.live) {
      const std::byte* from = lane.arena() + range.first;
      to.insert(to.end(), from, from + range.count);
    }
  });
  return state;
}

void LayerRunner::resume(const vbq::LayerRunner::State& state) {
  const auto& own = dynamic_cast<const State&>(state);
  each_batch([&](std::int64_t batch, const Lane& lane) {
    const std::byte* from = own.batches.at(static_cast<std::size_t>(batch)).data();
    for (const Plan::ByteRange& range : own.point->live) {
      std::copy_n(from, range.count, lane.arena() + range.first);
      from += range.count;
    }
  });
  done_ = own.point->before;
  scaling_ = {};
}

const Plan::LayerPoint& LayerRunner::point_of(int node) const {
  const auto found = std::ranges::find(plan_.layer_points, node, &Plan::LayerPoint::node);
  if (found == plan_.layer_points.end()) fail_internal("node {} is not a layer with weights", node);
  return *found;
}

const LayerMemory& LayerRunner::layer_of(int node) const {
  const auto found = std::ranges::find(plan_.layers, node, &LayerMemory::node);
  if (found == plan_.layers.end()) fail_internal("node {} is not a layer with weights", node);
  return *found;
}

std::int64_t LayerRunner::images_in(std::int64_t batch) const {
  return std::min(plan_.batch, images_.images.count - batch * plan_.batch);
}

template <typename Work>
void LayerRunner::each_batch(Work work) {
  const std::int64_t count = lanes_.count();
  backwards_ = !backwards_;
  lanes_.each([&](int, std::int64_t lane) {
    const std::int64_t own = (loaded_batches() - lane + count - 1) / count;
    for (std::int64_t i = 0; i < own; ++i) {
      const std::int64_t batch = lane + (backwards_ ? own - 1 - i : i) * count;
      work(batch, *batches_[static_cast<std::size_t>(batch)]);
    }
  });
}

// A batch is scaled, run and shown while its values are in the cache.
void LayerRunner::show(int node, std::size_t step, const Place& place, const Layout& lies, const Tap& tap) {
  if (step < done_) fail_internal("node {} was to be run to when later ones had run", node);
  each_batch([&](std::int64_t batch, Lane& lane) {
    if (scaling_.point != nullptr) scale(lane);
    lane.run(done_, step);
    const float* data = lane.find(place);
    for (std::int64_t i = 0; i < images_in(batch); ++i) {
      tap(batch * plan_.batch + i, {data + i * lies.image_elements(), lies.channels, lies.plane, lies.block});
    }
  });
  scaling_ = {};
  done_ = step;
}

}  // namespace vbq::cpu
