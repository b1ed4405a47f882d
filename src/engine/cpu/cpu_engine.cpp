#include "engine/cpu/cpu_engine.hpp"

#include <omp.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <utility>

#include "core/check.hpp"
#include "core/usable_cpus.hpp"
#include "data/pixel_table.hpp"
#include "engine/common/lanes.hpp"
#include "engine/common/shard.hpp"
#include "engine/common/tally.hpp"
#include "engine/common/weights.hpp"
#include "engine/cpu/batch.hpp"
#include "engine/cpu/lane.hpp"
#include "engine/cpu/layer_runner.hpp"
#include "engine/cpu/plan.hpp"

namespace vbq {
namespace {

// "model name" of the first processor in /proc/cpuinfo.
std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown processor";
}

// A primitive runs on the thread alone that calls it.
void one_thread() { omp_set_num_threads(1); }

class CpuEngine final : public Engine {
 public:
  CpuEngine(const Network& network, const EngineOptions& options)
      : network_(network),
        weight_layers_(weight_layers(network)),
        outputs_(outputs_of(network)),
        inputs_per_image_(static_cast<std::size_t>(elements(network.input_shape()))),
        classes_(static_cast<std::size_t>(elements(network.output_shape()))),
        block_(options.block),
        batch_(cpu::micro_batch(network, options.block)),
        lanes_(options.threads > 0 ? options.threads : usable_cpus(), one_thread),
        lane_(static_cast<std::size_t>(lanes_.count())) {
    // On a lane, because primitives are made for as many threads as oneDNN has on the thread that makes them: one.
    lanes_.run(1, [&](int, std::int64_t) { plan_ = cpu::make_plan(network_, batch_); });
    const std::size_t room = largest_layer(network_);
    scratch_.resize(lane_.size());
    lanes_.each([&](int, std::int64_t lane) {
      const auto i = static_cast<std::size_t>(lane);
      scratch_[i] = cpu::Buffer(plan_.scratch_bytes);
      lane_[i].emplace(plan_, room, scratch_[i]);
    });
    info_ = {"cpu", processor_name(), cpu::api::isa_name(), cpu::api::library_name(), "fp32", lanes_.count()};
    restore();
  }

  const EngineInfo& info() const override { return info_; }

  void load(Shard shard) override {
    check_shard(network_, shard, block_);
    shard_ = std::move(shard);
    table_ = pixel_table(shard_.normalisation);
    fp32_log_p_ = shard_.with_divergence ? shard_.trained : nullptr;
    trained_tallies_ = shard_.with_divergence ? shard_.trained_tallies : nullptr;
    if (!shard_.with_divergence || fp32_log_p_ != nullptr) return;
    const NetworkFormat formats = std::exchange(formats_, {});
    restore();
    std::vector<float> log_p(static_cast<std::size_t>(shard_.images.count) * classes_);
    std::vector<ImageTally> tallies(shard_.tallies_trained ? static_cast<std::size_t>(shard_.images.count) : 0);
    run_blocks(0, shard_.blocks(), [&](int, std::size_t image, std::span<const float> outputs) {
      const std::span<float> own = std::span(log_p).subspan(image * classes_, classes_);
      log_probabilities(outputs, outputs_, shard_.comparison, own);
      if (shard_.tallies_trained) tallies[image] = tally(image, outputs, own);
    });
    fp32_log_p_ = std::make_shared<const std::vector<float>>(std::move(log_p));
    if (shard_.tallies_trained) trained_tallies_ = std::make_shared<const std::vector<ImageTally>>(std::move(tallies));
    quantise(formats, 0);
  }

  TrainedOutputs trained_outputs() override { return fp32_log_p_; }
  TrainedTallies trained_tallies() override { return trained_tallies_; }

  int copies() const override { return 1; }

  void quantise(const NetworkFormat& formats, int copy) override {
    check_copy(copy, copies());
    formats_ = formats_to_run(network_, formats);
    const auto format = formats_of(weight_layers_, formats_);
    lanes_.run(static_cast<std::int64_t>(plan_.layers.size()), [&](int lane, std::int64_t item) {
      const auto i = static_cast<std::size_t>(item);
      cpu::Lane& own = *lane_[static_cast<std::size_t>(lane)];
      const Node& node = network_.nodes[static_cast<std::size_t>(weight_layers_[i])];
      set_layer(plan_.layers[i], own.stream(), weights_under(node, format[i], own.room()), format[i], own.room());
    });
  }

  void start(std::int64_t first, std::int64_t count, int copy) override {
    check_copy(copy, copies());
    check_blocks(shard_.blocks(), first, count);
    started_ = {first, count};
  }

  Tally finish(int copy) override {
    Tally result;
    for (const ImageTally& image : finish_images(copy)) result += image.tally;
    return result;
  }

  std::vector<ImageTally> finish_images(int copy) override {
    check_copy(copy, copies());
    const auto [first, count] = std::exchange(started_, {});
    const std::int64_t begin = first * block_, end = std::min(begin + count * block_, shard_.images.count);
    if (formats_.empty() && trained_tallies_ != nullptr && begin < end) {
      return {trained_tallies_->begin() + begin, trained_tallies_->begin() + end};
    }
    std::vector<ImageTally> result(static_cast<std::size_t>(std::max<std::int64_t>(0, end - begin)));
    run_blocks(first, count, [&](int, std::size_t image, std::span<const float> outputs) {
      std::span<const float> fp32_log_p;
      if (fp32_log_p_ != nullptr) fp32_log_p = std::span(*fp32_log_p_).subspan(image * classes_, classes_);
      result[image - static_cast<std::size_t>(begin)] = tally(image, outputs, fp32_log_p);
    });
    return result;
  }

  void infer(std::span<const float> input, std::int64_t images, std::span<float> output) override {
    check_infer(network_, input, images, output);
    lanes_.run((images + batch_ - 1) / batch_, [&](int lane, std::int64_t item) {
      cpu::Lane& own = *lane_[static_cast<std::size_t>(lane)];
      const auto begin = static_cast<std::size_t>(item * batch_);
      const auto some = static_cast<std::size_t>(std::min(batch_, images - item * batch_));
      std::ranges::copy(input.subspan(begin * inputs_per_image_, some * inputs_per_image_), own.input());
      run_batch(own, some);
      std::copy_n(own.output(), some * classes_, output.begin() + static_cast<std::ptrdiff_t>(begin * classes_));
    });
  }

  std::unique_ptr<LayerRunner> open(std::int64_t images) override {
    return std::make_unique<cpu::LayerRunner>(network_, batch_, lanes_, images, block_);
  }

  void parallel(std::int64_t items, const std::function<void(std::int64_t)>& work) override {
    lanes_.run(items, [&](int, std::int64_t item) { work(item); });
  }

 private:
  ImageTally tally(std::size_t image, std::span<const float> outputs, std::span<const float> fp32_log_p) const {
    return tally_of_image(outputs, shard_.images.labels[image], outputs_, fp32_log_p, shard_.comparison);
  }

  // Runs the lane on the first `images` of its input, the rest being zeros.
  void run_batch(cpu::Lane& lane, std::size_t images) const {
    const std::size_t rest = static_cast<std::size_t>(batch_) - images;
    std::fill_n(lane.input() + images * inputs_per_image_, rest * inputs_per_image_, 0.0F);
    lane.run();
  }

  // each(lane, image, outputs) for every image of the shard's blocks; image counts from the shard's first.
  template <typename Each>
  void run_blocks(std::int64_t first, std::int64_t count, Each each) {
    const std::int64_t parts = (block_ + batch_ - 1) / batch_;
    const Images& images = shard_.images;
    const auto plane = static_cast<std::size_t>(images.height * images.width);
    lanes_.run(count * parts, [&](int lane, std::int64_t item) {
      const std::int64_t block = first + item / parts, start = block * block_;
      const std::int64_t begin = start + item % parts * batch_;
      const std::int64_t end = std::min({begin + batch_, start + block_, images.count});
      if (begin >= end) return;
      cpu::Lane& own = *lane_[static_cast<std::size_t>(lane)];
      const auto some = static_cast<std::size_t>(end - begin);
      for (std::size_t i = 0; i < some; ++i) {
        const std::uint8_t* pixels = images.pixels.data() + (static_cast<std::size_t>(begin) + i) * inputs_per_image_;
        normalise(table_, pixels, plane, own.input() + i * inputs_per_image_);
      }
      run_batch(own, some);
      for (std::size_t i = 0; i < some; ++i) {
        each(lane, static_cast<std::size_t>(begin) + i, std::span(own.output() + i * classes_, classes_));
      }
    });
  }

  Network network_;  // weights as trained
  std::vector<int> weight_layers_;
  Outputs outputs_;
  std::size_t inputs_per_image_, classes_;
  std::int64_t block_, batch_;
  EngineInfo info_;
  cpu::Plan plan_;
  Lanes lanes_;
  std::vector<cpu::Buffer> scratch_;  // of each lane
  std::vector<std::optional<cpu::Lane>> lane_;
  NetworkFormat formats_;  // that the weights are in now
  Shard shard_;
  std::pair<std::int64_t, std::int64_t> started_;  // blocks: the first, and how many
  PixelTable table_;
  TrainedOutputs fp32_log_p_;  // [images, classes]; null without divergence
  TrainedTallies trained_tallies_;
};

}  // namespace

std::int64_t cpu_engine_bytes(const Network& network, const EngineOptions& options, std::int64_t opened) {
  const std::int64_t threads = options.threads > 0 ? options.threads : usable_cpus();
  const std::int64_t batch = cpu::micro_batch(network, options.block);
  const auto room = static_cast<std::int64_t>(largest_layer(network) * sizeof(float));
  const auto bytes_of = [&](bool bare, std::int64_t arenas) {
    cpu::Plan plan;
    Lanes(1, one_thread).run(1, [&](int, std::int64_t) { plan = cpu::make_plan(network, batch, bare); });
    std::int64_t bytes =
        arenas * static_cast<std::int64_t>(plan.arena_bytes) + threads * static_cast<std::int64_t>(plan.scratch_bytes);
    for (const cpu::LayerMemory& layer : plan.layers) {
      bytes += static_cast<std::int64_t>(layer.winograd ? winograd_bytes(*layer.winograd)
                                                        : layer.weights.get_desc().get_size());
    }
    return bytes;
  };
  const std::int64_t runner = opened == 0 ? 0 : bytes_of(true, (opened + batch - 1) / batch) + room;
  return bytes_of(false, threads) + threads * room + runner;
}

std::unique_ptr<Engine> make_cpu_engine(const Network& network, const EngineOptions& options) {
  return std::make_unique<CpuEngine>(network, options);
}

}  // namespace vbq
