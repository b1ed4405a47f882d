#include "assign/layer_pass.hpp"

#include <algorithm>
#include <utility>

#include "assign/channel.hpp"
#include "assign/parallel.hpp"

namespace vbq {

LayerPass::LayerPass(const Network& network, Engine& engine, Shard images, std::shared_ptr<LayerAssigner> assigner)
    : network_(network),
      engine_(engine),
      images_(images.images.count),
      layers_(weight_layers(network)),
      assigner_(std::move(assigner)) {
  if (assigner_ == nullptr) own_ = engine.pass(images, PassLevels::given);
  if (own_ != nullptr) return;
  runner_ = engine.open(images_);
  runner_->load(std::move(images));
  learn();
}

LayerPass::LayerPass(const Network& network, Engine& engine, std::unique_ptr<DevicePass> own)
    : network_(network), engine_(engine), own_(std::move(own)) {}

void LayerPass::learn() {
  for (const int node : layers_) {
    if (assigner_ != nullptr) {
      show(node, [&](ImageRange part) { assigner_->learn(node, part, parallel_on(engine_)); });
    }
    trained_.push_back(measure(node));
    check_trained(network_.nodes[static_cast<std::size_t>(node)], trained_.back().mean);
  }
}

NetworkFormat LayerPass::assign(const NetworkFormat& formats) {
  return own_ != nullptr ? own_->assign(formats) : run(formats, Find::levels);
}
NetworkFormat LayerPass::match(const NetworkFormat& formats) {
  return own_ != nullptr ? own_->match(formats) : run(formats, Find::levels_and_moments);
}

NetworkFormat LayerPass::run(const NetworkFormat& formats, Find find) {
  NetworkFormat result = formats;
  for (LayerFormat& layer : result) layer.gain = layer.shift = {};
  runner_->restart();
  for (const int node : std::exchange(set_, {})) {
    if (std::ranges::find(result, node, &LayerFormat::node) == result.end()) runner_->set(node, nullptr);
  }
  for (LayerFormat& layer : result) {
    if (assigner_ != nullptr && layer.indices.empty()) {
      show(layer.node, [&](ImageRange part) { assigner_->add(layer.node, part, parallel_on(engine_)); });
      assigner_->assign(layer, parallel_on(engine_));
    }
    runner_->set(layer.node, &layer);
    set_.insert(layer.node);
    if (find == Find::levels) continue;
    const auto at = static_cast<std::size_t>(std::ranges::find(layers_, layer.node) - layers_.begin());
    set_matching(measure(layer.node), trained_.at(at), layer);
    apply(layer);
  }
  return result;
}

// The layers before have run once the first part is shown.
void LayerPass::show(int node, const std::function<void(ImageRange)>& seen) {
  const std::int64_t at_once = assigner_->at_once(node);
  for (std::int64_t first = 0; first < images_; first += at_once) {
    const ImageRange part{first, std::min(at_once, images_ - first)};
    runner_->inputs(node, [&](std::int64_t image, const TapView& x) {
      if (image >= part.first && image < part.first + part.count) assigner_->see(node, image, x);
    });
    seen(part);
  }
}

// Of the layer's own outputs: a folded batch norm, y s + t, is undone. Each image is summed alone, then the images of a
// batch, then all batches, in order, so the sums do not depend on the number of threads.
Moments LayerPass::measure(int node) {
  const Tensor& weight = *weight_of(network_.nodes[static_cast<std::size_t>(node)]);
  const auto channels = static_cast<std::size_t>(weight.shape.front());
  std::vector<MomentSums> images(static_cast<std::size_t>(images_), MomentSums(channels));
  runner_->outputs(node, [&](std::int64_t image, const TapView& y) { images[static_cast<std::size_t>(image)].add(y); });
  MomentSums all(channels);
  for (std::int64_t first = 0; first < images_; first += runner_->batch()) {
    MomentSums batch(channels);
    for (std::int64_t i = first; i < std::min(images_, first + runner_->batch()); ++i) {
      batch.add(images[static_cast<std::size_t>(i)]);
    }
    all.add(batch);
  }
  Moments moments = all.moments();
  const LayerRunner::Norm norm = runner_->norm(node);
  for (std::size_t c = 0; c < norm.scale.size(); ++c) {
    const ChannelMoments own = before_norm({moments.mean[c], moments.variance[c]}, norm.scale[c], norm.shift[c]);
    moments.mean[c] = own.mean;
    moments.variance[c] = own.variance;
  }
  return moments;
}

void LayerPass::apply(const LayerFormat& layer) {
  const LayerRunner::Norm norm = runner_->norm(layer.node);
  std::vector<float> add(layer.shift);
  for (std::size_t c = 0; c < norm.scale.size(); ++c) {
    add[c] = shift_after_norm({layer.gain[c], layer.shift[c]}, norm.scale[c], norm.shift[c]);
  }
  runner_->scale(layer.node, layer.gain, add);
}

}  // namespace vbq
