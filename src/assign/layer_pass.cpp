#include "assign/layer_pass.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "assign/channel.hpp"
#include "assign/parallel.hpp"
#include "core/clock.hpp"
#include "core/hash.hpp"
#include "quant/format_hash.hpp"
#include "quant/whole_biases.hpp"

namespace vbq {
namespace {

const LayerRunner::Tap kNobody = [](std::int64_t, const TapView&) {};

// Of the first 0, 1, ... layers: all that what is found of them, and of those behind them, depends on. Taken apart as a
// whole, so that a field that is added does not compile until it is thought of.
std::vector<PassMemory::Digest> digests_of(const NetworkFormat& network, int find) {
  std::vector<PassMemory::Digest> digests;
  Hasher hasher;
  hasher.value(find);
  digests.push_back(hasher.digest());
  for (const LayerFormat& layer : network) {
    const auto& [node, codebooks, scales, indices, gain, shift, bias, rate, refit, movable, level_values] = layer;
    hasher.value(static_cast<std::uint64_t>(codebooks.size()));
    hash_genes(hasher, layer);  // node, codebooks, scales, bias, rate; gain and shift are yet to be found
    hasher.array(std::span(indices));
    for (const int field : {refit, static_cast<int>(movable), static_cast<int>(level_values)}) hasher.value(field);
    digests.push_back(hasher.digest());
  }
  return digests;
}

std::int64_t bytes_of(const LayerFormat& layer) {
  std::size_t bytes = sizeof layer + layer.indices.size();
  for (const Codebook& codebook : layer.codebooks) {
    bytes += sizeof codebook + 4 * (codebook.levels().size() + codebook.boundaries().size());
  }
  bytes += 4 * (layer.scales.size() + layer.gain.size() + layer.shift.size() + layer.bias.size());
  return static_cast<std::int64_t>(bytes);
}

}  // namespace

LayerPass::LayerPass(const Network& network, Engine& engine, Shard images, std::shared_ptr<LayerAssigner> assigner,
                     std::int64_t memory)
    : network_(network),
      engine_(engine),
      images_(images.images.count),
      layers_(weight_layers(network)),
      assigner_(std::move(assigner)),
      memory_(memory) {
  if (assigner_ == nullptr) own_ = engine.pass(images, PassLevels::given);
  if (own_ != nullptr) return;
  runner_ = engine.open(images_);
  runner_->load(std::move(images));
  learn();
}

LayerPass::LayerPass(const Network& network, Engine& engine, std::unique_ptr<DevicePass> own)
    : network_(network), engine_(engine), own_(std::move(own)), memory_(0) {}

void LayerPass::learn() {
  for (const int node : layers_) {
    if (assigner_ != nullptr) {
      show(node, [&](ImageRange part) { assigner_->learn(node, part, parallel_on(engine_)); });
    }
    trained_.push_back(measure(node));
    check_trained(network_.nodes[static_cast<std::size_t>(node)], trained_.back().mean);
  }
}

NetworkFormat LayerPass::assign(const NetworkFormat& formats) { return assign(std::span(&formats, 1)).front(); }
NetworkFormat LayerPass::match(const NetworkFormat& formats) { return match(std::span(&formats, 1)).front(); }

std::vector<NetworkFormat> LayerPass::assign(std::span<const NetworkFormat> networks) {
  return own_ != nullptr ? own_->assign(networks) : run(networks, Find::levels);
}
std::vector<NetworkFormat> LayerPass::match(std::span<const NetworkFormat> networks) {
  return own_ != nullptr ? own_->match(networks) : run(networks, Find::levels_and_moments);
}

std::vector<NetworkFormat> LayerPass::run(std::span<const NetworkFormat> networks, Find find) {
  std::vector<NetworkFormat> found;
  found.reserve(networks.size());
  for (const NetworkFormat& formats : networks) found.push_back(run(formats, find));
  return found;
}

// A network that is being made.
struct LayerPass::Run {
  Find find;
  NetworkFormat network;
  std::vector<PassMemory::Digest> behind;  // of its first 0, 1, ... layers, as asked for
  std::size_t known = 0;                   // its first layers, which were found before
  // Of the runner, once it has begun: layers before it that are as they are to be, and seconds that it took to get
  // here.
  bool begun = false;
  std::size_t layers = 0;
  double seconds = 0;

  int node(std::size_t at) const { return network[at].node; }
  PassMemory::Key key(PassMemory::Kind kind, std::size_t layers_before, std::size_t at) const {
    return {kind, behind[layers_before], node(at)};
  }
  PassMemory::Key layer_key(std::size_t at) const { return key(PassMemory::Kind::layer, at + 1, at); }
};

NetworkFormat LayerPass::run(const NetworkFormat& formats, Find find) {
  Run run{find, formats, {}};
  for (LayerFormat& layer : run.network) layer.gain = layer.shift = {};
  run.behind = digests_of(run.network, static_cast<int>(find));
  for (; run.known < run.network.size(); ++run.known) {
    const auto found = memory_.find<LayerFormat>(run.layer_key(run.known));
    if (found == nullptr) break;
    run.network[run.known] = *found;
  }
  for (std::size_t at = run.known; at < run.network.size(); ++at) make(run, at);
  ++reuse_.networks;
  reuse_.layers += std::ssize(run.network);
  reuse_.known += static_cast<std::int64_t>(run.known);
  return std::move(run.network);
}

void LayerPass::make(Run& run, std::size_t at) {
  LayerFormat& layer = run.network[at];
  double seconds = 0;
  if (assigner_ != nullptr && layer.indices.empty()) {
    const PassMemory::Key key = run.key(PassMemory::Kind::target, at, at);
    auto target = memory_.find<LayerTarget>(key);
    if (target == nullptr) {
      go_to(run, at);
      const auto start = std::chrono::steady_clock::now();
      target = std::make_shared<LayerTarget>(find_target(layer.node));
      seconds = seconds_since(start);
      memory_.keep(key, {target, seconds}, target->bytes());
    } else {
      ++reuse_.targets;
    }
    const auto start = std::chrono::steady_clock::now();
    assigner_->assign(*target, layer);
    seconds += seconds_since(start);
  }
  if (run.find == Find::levels_and_moments) {
    go_to(run, at);
    const auto start = std::chrono::steady_clock::now();
    set(layer);
    const auto place = static_cast<std::size_t>(std::ranges::find(layers_, layer.node) - layers_.begin());
    set_matching(measure(layer.node), trained_.at(place), layer);
    take_whole_biases(network_, layer);
    apply(layer);
    ++run.layers;
    seconds += seconds_since(start);
  }
  memory_.keep(run.layer_key(at), {std::make_shared<LayerFormat>(layer), seconds}, bytes_of(layer));
}

LayerTarget LayerPass::find_target(int node) {
  show(node, [&](ImageRange part) { assigner_->add(node, part, parallel_on(engine_)); });
  return assigner_->target(node, parallel_on(engine_));
}

void LayerPass::go_to(Run& run, std::size_t layers) {
  const auto start = std::chrono::steady_clock::now();
  if (!run.begun) begin(run, layers);
  for (;; ++run.layers) {
    if (run.layers == run.known) keep_state(run, run.seconds + seconds_since(start));
    if (run.layers == layers) break;
    const LayerFormat& layer = run.network[run.layers];
    if (run.find == Find::levels) {
      set(layer, true);
      continue;
    }
    set(layer);
    runner_->outputs(layer.node, kNobody);
    apply(layer);
  }
  run.seconds += seconds_since(start);
}

void LayerPass::begin(Run& run, std::size_t layers) {
  run.begun = true;
  int from = 0;
  const auto resumed = [&] {
    for (run.layers = layers;; --run.layers) {
      const auto found = memory_.last_state(run.key(PassMemory::Kind::state, run.layers, run.layers));
      if (found) {
        from = found->first;
        run.seconds = found->second.seconds;
        runner_->resume(*std::get<std::shared_ptr<const LayerRunner::State>>(found->second.thing));
        return true;
      }
      if (run.layers == 0) return false;
    }
  };
  if (resumed()) {
    ++reuse_.resumed;
  } else {
    runner_->restart();
  }
  // Layers before that one are not run, and may stay as they are until they are.
  for (auto node = set_.lower_bound(from); node != set_.end();) {
    const bool stays = std::ranges::find(run.network, *node, &LayerFormat::node) != run.network.end();
    if (!stays) runner_->set(*node, nullptr);
    node = stays ? std::next(node) : set_.erase(node);
  }
}

// Where this network and those before part ways: others may part here, too.
void LayerPass::keep_state(const Run& run, double seconds) {
  const int node = run.node(run.layers);
  const PassMemory::Key key = run.key(PassMemory::Kind::state, run.layers, run.layers);
  if (memory_.most() == 0 || node == layers_.front() || memory_.holds(key)) return;
  const std::int64_t bytes = runner_->state_bytes(node);
  if (bytes == 0 || !memory_.make_room(bytes, seconds)) return;
  runner_->inputs(node, kNobody);
  memory_.keep(key, {runner_->state(node), seconds}, bytes);
}

void LayerPass::set(LayerFormat layer, bool as_it_stays) {
  layer.gain = layer.shift = {};
  if (as_it_stays) take_whole_biases(network_, layer);
  runner_->set(layer.node, &layer);
  set_.insert(layer.node);
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
