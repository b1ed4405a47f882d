#include "engine/cuda/cuda_engine.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/check.hpp"
#include "core/log.hpp"
#include "engine/common/shard.hpp"
#include "engine/common/tally.hpp"
#include "engine/common/weights.hpp"
#include "engine/cuda/kernels.hpp"
#include "engine/cuda/matcher.hpp"
#include "engine/cuda/plan/binding.hpp"
#include "engine/cuda/runner.hpp"

namespace vbq {
namespace {

using namespace cuda;

constexpr int kLeastCapability = 80;  // tf32 and bf16 begin there

struct Numbers {
  Type type;
  Arithmetic arithmetic;
  const char* name;
};

// best: as exact as a search needs, as far as is known without having measured.
Numbers numbers_of(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return {Type::fp32, Arithmetic::fp32, "fp32"};
    case Precision::tf32:
    case Precision::best:
      return {Type::fp32, Arithmetic::tf32, "tf32"};
    case Precision::fp16:
      return {Type::fp16, Arithmetic::half, "fp16"};
    case Precision::bf16:
      return {Type::bf16, Arithmetic::half, "bf16"};
  }
  fail_internal("precision {} is not known", static_cast<int>(precision));
}

DeviceInfo take_device(const EngineOptions& options) {
  std::string reason;
  const int devices = device_count(reason);
  if (devices == 0) fail("engine cuda was asked for, but no GPU can be used: {}", reason);
  const Seat seat = seat_of(options.host_worker, options.host_workers, devices, bound_by_environment());
  DeviceInfo info = device_info(seat.device);
  if (info.capability < kLeastCapability) {
    fail("GPU {} ({}) has compute capability {}.{}: engine cuda needs 8.0 or later", seat.device, info.name,
         info.capability / 10, info.capability % 10);
  }
  use_device(seat.device);
  if (seat.shared && options.host_worker == 0) {
    log::error("warning: {} workers of this node share {} GPU{}; one worker a GPU is fastest", options.host_workers,
               devices, devices == 1 ? "" : "s");
  }
  return info;
}

class CudaEngine final : public Engine {
 public:
  CudaEngine(const Network& network, const EngineOptions& options, std::function<std::unique_ptr<Engine>()> host)
      : network_(network),
        layers_(weight_layers(network)),
        room_(largest_layer(network)),
        block_(options.block),
        numbers_(numbers_of(options.precision)),
        device_(take_device(options)),
        handle_(Cudnn::load(), stream_),
        runner_(network_, make_plan(network_, batch_of(network_, block_), numbers_.type), numbers_.arithmetic, handle_,
                stream_),
        view_(sizeof(ShardView)),
        item_(sizeof(std::int64_t)),
        tally_(sizeof(Tally)),
        make_host_(std::move(host)) {
    info_.kind = "cuda";
    info_.device = fmt::format("{}, driver {}", device_.name, device_.driver);
    info_.isa = fmt::format("sm_{}", device_.capability);
    info_.library = fmt::format("cuDNN {}, CUDA {}", handle_.api().version(), device_.cuda);
    info_.precision = numbers_.name;
    restore();
    runner_.forward();  // what a library does at its first call, it does now, and not while a graph is recorded
    stream_.synchronise();
    log::debug("engine cuda: GPU {} ({}), {} MiB for the network at {} images a batch", device_.index, device_.name,
               runner_.bytes() >> 20, batch());
  }

  const EngineInfo& info() const override { return info_; }

  void load(Shard shard) override {
    check_shard(network_, shard, block_);
    use_device(device_.index);
    count_ = 0;
    fp32_log_p_ = DeviceBuffer();
    const Images& images = shard.images;
    const PixelTable table = pixel_table(shard.normalisation);
    put(pixels_, images.pixels.data(), images.pixels.size());
    put(labels_, images.labels.data(), images.labels.size() * sizeof(std::int32_t));
    put(table_, table.data(), table.size() * sizeof table.front());
    ShardView view;
    view.pixels = pixels_.as<const std::uint8_t>();
    view.table = table_.as<const float>();
    view.labels = labels_.as<const std::int32_t>();
    view.count = images.count;
    view.block = block_;
    if (shard.with_divergence) {
      fp32_log_p_ = DeviceBuffer(static_cast<std::size_t>(images.count * classes()) * sizeof(float));
      view.fp32_log_p = fp32_log_p_.as<float>();
    }
    stream_.upload(view_.data(), &view, sizeof view);
    stream_.synchronise();
    count_ = images.count;
    shard.images = {};  // the GPU has them
    shard_ = std::move(shard);
    if (shard_.with_divergence) record_fp32();
  }

  void quantise(const NetworkFormat& formats) override {
    check_formats(network_, formats);
    use_device(device_.index);
    runner_.quantise(formats_of(layers_, formats));
    formats_ = formats;
  }

  void restore() override { quantise({}); }

  void calibrate(Shard images, std::shared_ptr<LayerAssigner> assigner) override {
    check_shard(network_, images, block_);
    use_device(device_.index);
    matcher_.reset();
    const bool here = assigner == nullptr && matches_in_one_batch(network_, images.images.count);
    if (!here) return host().calibrate(std::move(images), std::move(assigner));
    matcher_.emplace(network_, images, numbers_.type, numbers_.arithmetic, handle_, stream_);
  }

  NetworkFormat match(const NetworkFormat& formats, bool moments) override {
    if (!matcher_) return host().match(formats, moments);
    use_device(device_.index);
    return matcher_->match(formats, moments);
  }

  Fingerprint fingerprint(const NetworkFormat& formats) override {
    check_formats(network_, formats);
    return fingerprint_of(network_, layers_, formats, room_);
  }

  Tally tally(std::int64_t first, std::int64_t count) override {
    if (first < 0 || count < 0 || first > blocks() || count > blocks() - first) {
      fail_internal("blocks {}..{} were asked for of a shard of {} blocks", first, first + count - 1, blocks());
    }
    use_device(device_.index);
    if (!graph_) record_graph();
    stream_.zero(tally_.data(), sizeof(Tally));
    set_item(first * parts());
    for (std::int64_t i = 0; i < count * parts(); ++i) graph_.launch(stream_);
    Tally result;
    stream_.download(&result, tally_.data(), sizeof result);
    stream_.synchronise();
    return result;
  }

  void infer(std::span<const float> input, std::int64_t images, std::span<float> output) override {
    check_infer(network_, input, images, output);
    use_device(device_.index);
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
      launch(feed(given_view_, given_item_), batch(), runner_.input(), stream_.get());
      runner_.forward();
      launch(rows, batch(), Out{outputs_.data(), Type::fp32}, stream_.get());
      stream_.download(output.data() + begin * out, outputs_.data(), some * out * sizeof(float));
      stream_.synchronise();
    }
  }

 private:
  std::int64_t batch() const { return runner_.plan().batch; }
  std::int64_t parts() const { return (block_ + batch() - 1) / batch(); }  // items of a block
  std::int64_t blocks() const { return (count_ + block_ - 1) / block_; }
  std::int64_t classes() const { return elements(network_.output_shape()); }

  Engine& host() {
    if (!host_) host_ = make_host_();
    return *host_;
  }

  void put(DeviceBuffer& buffer, const void* data, std::size_t bytes) {
    buffer.reserve(std::max<std::size_t>(1, bytes));
    stream_.upload(buffer.data(), data, bytes);
  }

  void set_item(std::int64_t item) { stream_.upload(item_.data(), &item, sizeof item); }

  Normalise feed(const DeviceBuffer& view, const DeviceBuffer& item) const {
    const Shape& shape = network_.input_shape();
    Normalise op;
    op.y = runner_.plan().input.layout;
    op.batch = batch();
    op.plane = static_cast<int>(elements(shape) / std::max<std::int64_t>(1, shape.empty() ? 1 : shape.front()));
    op.shard = view.as<const ShardView>();
    op.item = item.as<const std::int64_t>();
    return op;
  }

  // Queues one item: images in, the network, counts out, on to the next item.
  void run_item(bool record) {
    Count count;
    count.y = runner_.plan().output.layout;
    count.classes = static_cast<int>(classes());
    count.probabilities = outputs_of(network_) == Outputs::probabilities;
    count.record = record;
    count.batch = batch();
    count.outputs = runner_.output();
    count.shard = view_.as<const ShardView>();
    count.item = item_.as<const std::int64_t>();
    launch(feed(view_, item_), batch(), runner_.input(), stream_.get());
    runner_.forward();
    launch_count(count, tally_.as<Tally>(), item_.as<std::int64_t>(), stream_.get());
  }

  // Runs an item once as it is, so that every kernel is loaded before the recording, where that may not be done.
  void record_graph() {
    set_item(0);
    run_item(false);
    stream_.synchronise();
    graph_ = Graph(stream_, [&] { run_item(false); });
  }

  // log p of the network as trained, of all images; the weights are afterwards as they were.
  void record_fp32() {
    const NetworkFormat formats = std::exchange(formats_, {});
    restore();
    set_item(0);
    for (std::int64_t i = 0; i < blocks() * parts(); ++i) run_item(true);
    stream_.synchronise();
    quantise(formats);
  }

  Network network_;  // weights as trained
  std::vector<int> layers_;
  std::vector<float> room_;
  std::int64_t block_, count_ = 0;  // images in a block, in the shard
  Numbers numbers_;
  DeviceInfo device_;
  Stream stream_;
  Handle handle_;
  Runner runner_;
  DeviceBuffer view_, item_, tally_, pixels_, labels_, table_, fp32_log_p_;
  DeviceBuffer given_, given_view_, given_item_, outputs_;  // of infer()
  Graph graph_;
  NetworkFormat formats_;  // that the weights are in now
  Shard shard_;            // without its images
  EngineInfo info_;
  std::optional<Matcher> matcher_;  // where calibrate() found that the GPU can do it
  std::function<std::unique_ptr<Engine>()> make_host_;
  std::unique_ptr<Engine> host_;
};

}  // namespace

std::string why_no_cuda() {
  std::string reason;
  if (device_count(reason) == 0) return reason;
  try {
    Cudnn::load();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::unique_ptr<Engine> make_cuda_engine(const Network& network, const EngineOptions& options,
                                         std::function<std::unique_ptr<Engine>()> host) {
  return std::make_unique<CudaEngine>(network, options, std::move(host));
}

}  // namespace vbq
