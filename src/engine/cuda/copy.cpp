#include "engine/cuda/copy.hpp"

#include <algorithm>
#include <utility>

#include "engine/common/tally.hpp"
#include "engine/common/weights.hpp"
#include "engine/cuda/kernels.hpp"

namespace vbq::cuda {

Copy::Copy(const Network& network, const Plan& plan, Arithmetic arithmetic, std::shared_ptr<const Cudnn> api,
           const ShardView* shard, const KernelRule& rule)
    : network_(network),
      layers_(weight_layers(network)),
      handle_(std::move(api), stream_),
      runner_(network, plan, arithmetic, handle_, stream_, rule),
      shard_(shard),
      item_(sizeof(std::int64_t)),
      tally_(sizeof(Tally)) {
  quantise({});
  runner_.forward();  // what a library does at its first call, it does now, and not while a graph is recorded
  stream_.synchronise();
}

void Copy::quantise(NetworkFormat formats) {
  runner_.quantise(formats_of(layers_, formats));
  formats_ = std::move(formats);
}

// The first time, an item is run as it is before it is recorded, so that every kernel is loaded by then: that may not
// be done while recording.
void Copy::start(std::int64_t first, std::int64_t items) {
  if (!graph_ && items > 0) {  // without items, perhaps nothing was loaded that a graph could be recorded with
    set_item(first);
    run_item(false);
    stream_.synchronise();
    graph_ = Graph(stream_, [&] { run_item(false); });
  }
  stream_.zero(tally_.data(), sizeof(Tally));
  set_item(first);
  for (std::int64_t i = 0; i < items; ++i) graph_.launch(stream_);
}

Tally Copy::finish() {
  Tally result;
  stream_.download(&result, tally_.data(), sizeof result);
  stream_.synchronise();
  return result;
}

void Copy::record(std::int64_t items) {
  set_item(0);
  for (std::int64_t i = 0; i < items; ++i) run_item(true);
  stream_.synchronise();
}

void Copy::infer(std::span<const float> input, std::int64_t images, std::span<float> output) {
  const auto in = static_cast<std::size_t>(elements(network_.input_shape()));
  const auto out = static_cast<std::size_t>(classes());
  given_.reserve(static_cast<std::size_t>(batch()) * in * sizeof(float));
  outputs_.reserve(static_cast<std::size_t>(batch()) * out * sizeof(float));
  given_view_.reserve(sizeof(ShardView));
  given_item_.reserve(sizeof(std::int64_t));
  stream_.zero(given_item_.data(), sizeof(std::int64_t));
  const Shape& shape = network_.output_shape();
  Reorder rows;  // row-major: the last axis innermost, nothing padded
  rows.y = layout_of(shape, 1, std::max(0, static_cast<int>(shape.size()) - 1));
  rows.x = runner_.plan().output.layout;
  rows.in[0] = runner_.output();
  for (std::int64_t first = 0; first < images; first += batch()) {
    ShardView view;
    view.input = given_.as<const float>();
    view.count = std::min(batch(), images - first);
    view.block = batch();
    const auto begin = static_cast<std::size_t>(first), some = static_cast<std::size_t>(view.count);
    stream_.upload(given_.data(), input.data() + begin * in, some * in * sizeof(float));
    stream_.upload(given_view_.data(), &view, sizeof view);
    launch(feed_for(runner_.plan(), network_, given_view_.as<const ShardView>(), given_item_.as<const std::int64_t>()),
           batch(), runner_.input(), stream_.get());
    runner_.forward();
    launch(rows, batch(), Out{outputs_.data(), Type::fp32}, stream_.get());
    stream_.download(output.data() + begin * out, outputs_.data(), some * out * sizeof(float));
    stream_.synchronise();
  }
}

void Copy::set_item(std::int64_t item) { launch_set_item(item_.as<std::int64_t>(), item, stream_.get()); }

// Queues one item: images in, the network, counts out, on to the next item.
void Copy::run_item(bool record) {
  Count count;
  count.y = runner_.plan().output.layout;
  count.classes = static_cast<int>(classes());
  count.probabilities = outputs_of(network_) == Outputs::probabilities;
  count.record = record;
  count.batch = batch();
  count.outputs = runner_.output();
  count.shard = shard_;
  count.item = item_.as<const std::int64_t>();
  launch(feed_for(runner_.plan(), network_, shard_, count.item), batch(), runner_.input(), stream_.get());
  runner_.forward();
  launch_count(count, tally_.as<Tally>(), item_.as<std::int64_t>(), stream_.get());
}

}  // namespace vbq::cuda
