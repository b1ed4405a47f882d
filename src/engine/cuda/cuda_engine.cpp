#include "engine/cuda/cuda_engine.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "core/check.hpp"
#include "core/hash.hpp"
#include "core/log.hpp"
#include "core/usable_cpus.hpp"
#include "data/pixel_table.hpp"
#include "engine/common/lanes.hpp"
#include "engine/common/shard.hpp"
#include "engine/common/tally.hpp"
#include "engine/common/weights.hpp"
#include "engine/cuda/compensator.hpp"
#include "engine/cuda/copy.hpp"
#include "engine/cuda/layer_pass.hpp"
#include "engine/cuda/layer_runner.hpp"
#include "engine/cuda/plan/binding.hpp"

namespace vbq {
namespace {

using namespace cuda;

constexpr int kLeastCapability = 80;  // tf32 and bf16 begin there

struct Numbers {
  Type type;
  Arithmetic arithmetic;
  const char* name;
};

// Of inference. best: the fastest in which counts were those of fp32 (docs/results.md).
Numbers numbers_of(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return {Type::fp32, Arithmetic::fp32, "fp32"};
    case Precision::tf32:
      return {Type::fp32, Arithmetic::tf32, "tf32"};
    case Precision::fp16:
    case Precision::best:
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
  const Binding binding = binding_of(options.host_worker, options.host_workers, devices, bound_by_environment());
  DeviceInfo info = device_info(binding.device);
  if (info.capability < kLeastCapability) {
    fail("GPU {} ({}) has compute capability {}.{}: engine cuda needs 8.0 or later", binding.device, info.name,
         info.capability / 10, info.capability % 10);
  }
  use_device(binding.device);
  if (binding.shared && options.host_worker == 0) {
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
        block_(options.block),
        numbers_(numbers_of(options.precision)),
        device_(take_device(options)),
        api_(Cudnn::load()),
        view_(sizeof(ShardView)),
        threads_(options.threads > 0 ? options.threads : usable_cpus()),
        make_host_(std::move(host)) {
    info_.kind = "cuda";
    info_.device = fmt::format("{}, driver {}", device_.name, device_.driver);
    info_.isa = fmt::format("sm_{}", device_.capability);
    info_.precision = numbers_.name;
    const Plan plan = make_plan(network_, batch_of(network_, block_), numbers_.type);
    batch_ = plan.batch;
    make_copies(plan, options);
    const Runner::Census& census = copies_.front()->runner().census();
    log::debug("engine cuda: {} layers by cuDNN in one kernel, {} in two, {} by vbq's for tensor cores", census.fused,
               census.bare, census.direct);
    static std::once_flag said;  // a calibration makes many engines
    if (!census.plain.empty()) {
      std::call_once(said, [&] {
        log::warning("engine cuda: cuDNN has no deterministic kernel for {}; vbq's own is slow",
                     fmt::join(census.plain, ", "));
      });
    }
    name_library();
    log::debug("engine cuda: GPU {} ({}), {} MiB for each of {} copies of the network at {} images a batch",
               device_.index, device_.name, copies_.front()->bytes() >> 20, copies(), batch_);
  }

  const EngineInfo& info() const override { return info_; }
  Kernels kernels() const override { return copies_.front()->runner().kernels(); }
  TrainedOutputs trained_outputs() override {
    if (fp32_log_p_.bytes() == 0) return nullptr;
    use_device(device_.index);
    std::vector<float> log_p(fp32_log_p_.bytes() / sizeof(float));
    stream_.download(log_p.data(), fp32_log_p_.data(), fp32_log_p_.bytes());
    stream_.synchronise();
    return std::make_shared<const std::vector<float>>(std::move(log_p));
  }

  int copies() const override { return static_cast<int>(copies_.size()); }

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
    view.comparison = shard.comparison;
    if (shard.with_divergence) {
      const auto numbers = static_cast<std::size_t>(images.count * elements(network_.output_shape()));
      fp32_log_p_ = DeviceBuffer(numbers * sizeof(float));
      view.fp32_log_p = fp32_log_p_.as<float>();
      if (shard.trained != nullptr) stream_.upload(fp32_log_p_.data(), shard.trained->data(), fp32_log_p_.bytes());
    }
    stream_.upload(view_.data(), &view, sizeof view);
    stream_.synchronise();
    count_ = images.count;
    if (!shard.with_divergence || shard.trained != nullptr) return;
    Copy& copy = *copies_.front();  // as trained for a while
    const NetworkFormat formats = copy.formats();
    copy.quantise({});
    copy.record(blocks() * parts());
    copy.quantise(formats);
  }

  void quantise(const NetworkFormat& formats, int copy) override {
    check_copy(copy, copies());
    NetworkFormat used = formats_to_run(network_, formats);
    use_device(device_.index);
    copies_[static_cast<std::size_t>(copy)]->quantise(std::move(used));
  }

  void start(std::int64_t first, std::int64_t count, int copy) override {
    check_copy(copy, copies());
    check_blocks(blocks(), first, count);
    use_device(device_.index);
    copies_[static_cast<std::size_t>(copy)]->start(first * parts(), count * parts());
  }

  Tally finish(int copy) override {
    check_copy(copy, copies());
    use_device(device_.index);
    return copies_[static_cast<std::size_t>(copy)]->finish();
  }

  void infer(std::span<const float> input, std::int64_t images, std::span<float> output) override {
    check_infer(network_, input, images, output);
    use_device(device_.index);
    copies_.front()->infer(input, images, output);
  }

  std::unique_ptr<vbq::LayerRunner> open(std::int64_t images) override {
    if (!fits_one_batch(network_, images)) return host().open(images);
    cuda::LayerRunner::Place place{block_, device_.index,
                                   [this](std::int64_t items, const auto& work) { parallel(items, work); }};
    return std::make_unique<cuda::LayerRunner>(network_, batch(images), std::move(place));
  }

  void parallel(std::int64_t items, const std::function<void(std::int64_t)>& work) override {
    if (!lanes_) lanes_.emplace(threads_);
    lanes_->run(items, [&](int, std::int64_t item) { work(item); });
  }

  std::unique_ptr<vbq::Compensator> compensator(const std::shared_ptr<const Calibration>& calibration) override {
    use_device(device_.index);
    return std::make_unique<cuda::Compensator>(network_, *calibration, device_.index);
  }

  std::unique_ptr<DevicePass> pass(const Shard& images, PassLevels levels) override {
    check_shard(network_, images, block_);
    if (!fits_one_batch(network_, images.images.count)) return nullptr;
    const std::int64_t count = images.images.count;
    return std::make_unique<cuda::LayerPass>(std::make_unique<cuda::PassLane>(network_, images, levels, batch(count)),
                                             device_.index, [this, count](const Kernels& kernels) {
                                               return make_batch(count, {false, kernels});
                                             });
  }

 private:
  void make_copies(const Plan& plan, const EngineOptions& options) {
    KernelRule rule{cuda_measures_kernels(options), options.kernels};
    do {
      try {
        copies_.push_back(
            std::make_unique<Copy>(network_, plan, numbers_.arithmetic, api_, view_.as<const ShardView>(), rule));
      } catch (const Error& error) {
        if (copies_.empty() || error.fault() == Fault::internal) throw;
        return log::debug("engine cuda: no further copy of the network: {}", error.what());
      }
      rule = {false, copies_.front()->runner().kernels()};
    } while (copies() < options.copies && copies_.front()->bytes() <= kSmall);
  }

  std::unique_ptr<Batch> make_batch(std::int64_t images, const KernelRule& rule = {}) {
    use_device(device_.index);
    return std::make_unique<Batch>(network_, images, api_, rule);
  }
  // Whose kernels are part of what the engine is.
  std::unique_ptr<Batch> batch(std::int64_t images) {
    auto batch = make_batch(images);
    kernels_.push_back(batch->runner().kernels());
    name_library();
    return batch;
  }

  // With which kernels cuDNN chose: another GPU of the same capability, or a part of one, may be given others.
  void name_library() {
    Hasher hasher;
    hasher.array(std::span<const std::int64_t>(in_a_row(copies_.front()->runner().kernels())));
    for (const Kernels& kernels : kernels_) hasher.array(std::span<const std::int64_t>(in_a_row(kernels)));
    info_.library =
        fmt::format("cuDNN {} (kernels {:08x}), CUDA {}", api_->version(), hasher.digest()[0] >> 32, device_.cuda);
  }

  std::int64_t parts() const { return (block_ + batch_ - 1) / batch_; }  // items of a block
  std::int64_t blocks() const { return (count_ + block_ - 1) / block_; }

  Engine& host() {
    if (!host_) host_ = make_host_();
    return *host_;
  }

  void put(DeviceBuffer& buffer, const void* data, std::size_t bytes) {
    buffer.reserve(std::max<std::size_t>(1, bytes));
    stream_.upload(buffer.data(), data, bytes);
  }

  Network network_;  // weights as trained
  std::vector<int> layers_;
  std::int64_t block_;
  std::int64_t batch_ = 1, count_ = 0;  // images in a batch, in the shard
  Numbers numbers_;
  DeviceInfo device_;
  Stream stream_;  // of what all copies share
  std::shared_ptr<const Cudnn> api_;
  DeviceBuffer view_, pixels_, labels_, table_, fp32_log_p_;
  std::vector<std::unique_ptr<Copy>> copies_;
  std::vector<Kernels> kernels_;  // of the batches that were made, in order
  EngineInfo info_;
  int threads_;
  std::optional<Lanes> lanes_;  // made when first needed
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

bool cuda_leaves_layers(const Network& network, std::int64_t images) {
  return images > 0 && !fits_one_batch(network, images);
}

bool cuda_measures_kernels(const EngineOptions& options) {
  return options.tune && options.kernels.empty() && tunes_in_environment();
}

std::unique_ptr<Engine> make_cuda_engine(const Network& network, const EngineOptions& options,
                                         std::function<std::unique_ptr<Engine>()> host) {
  return std::make_unique<CudaEngine>(network, options, std::move(host));
}

}  // namespace vbq
