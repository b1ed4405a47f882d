#include "engine/reference/reference_engine.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "data/pixel_table.hpp"
#include "engine/common/shard.hpp"
#include "engine/common/tally.hpp"
#include "engine/common/weights.hpp"
#include "engine/reference/layer_runner.hpp"
#include "engine/reference/operators.hpp"

namespace vbq {
namespace {

class ReferenceEngine final : public Engine {
 public:
  ReferenceEngine(const Network& network, const EngineOptions& options)
      : trained_(network),
        network_(network),
        layers_(weight_layers(network)),
        outputs_(outputs_of(network)),
        block_(options.block) {
    info_.kind = "reference";
    info_.device = "plain loops";
    info_.isa = "none";
    info_.library = "vbq " VBQ_VERSION;
    info_.precision = "fp32";
  }

  const EngineInfo& info() const override { return info_; }

  void load(Shard shard) override {
    check_shard(trained_, shard, block_);
    shard_ = std::move(shard);
    table_ = pixel_table(shard_.normalisation);
    fp32_log_p_ = shard_.with_divergence ? shard_.trained : nullptr;
    trained_tallies_ = shard_.with_divergence ? shard_.trained_tallies : nullptr;
    if (!shard_.with_divergence || fp32_log_p_ != nullptr) return;
    const auto classes = static_cast<std::size_t>(elements(trained_.output_shape()));
    std::vector<float> log_p(static_cast<std::size_t>(shard_.images.count) * classes);
    std::vector<ImageTally> tallies;
    for (std::size_t i = 0; i < log_p.size() / classes; ++i) {
      const std::vector<float> outputs = run(trained_, image(i));
      const std::span<float> own = std::span(log_p).subspan(i * classes, classes);
      log_probabilities(outputs, outputs_, shard_.comparison, own);
      if (shard_.tallies_trained) tallies.push_back(tally(i, outputs, own));
    }
    fp32_log_p_ = std::make_shared<const std::vector<float>>(std::move(log_p));
    if (shard_.tallies_trained) trained_tallies_ = std::make_shared<const std::vector<ImageTally>>(std::move(tallies));
  }

  TrainedOutputs trained_outputs() override { return fp32_log_p_; }
  TrainedTallies trained_tallies() override { return trained_tallies_; }

  int copies() const override { return 1; }

  void quantise(const NetworkFormat& formats, int copy) override {
    check_copy(copy, copies());
    const NetworkFormat used = formats_to_run(trained_, formats);
    as_trained_ = used.empty();
    const auto format = formats_of(layers_, used);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const auto node = static_cast<std::size_t>(layers_[i]);
      reference::set_weights(trained_.nodes[node], format[i], network_.nodes[node]);
    }
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
    const auto classes = static_cast<std::size_t>(elements(trained_.output_shape()));
    const auto begin = static_cast<std::size_t>(first * block_);
    const auto end = static_cast<std::size_t>(std::min((first + count) * block_, shard_.images.count));
    std::vector<ImageTally> result;
    for (std::size_t i = begin; i < end; ++i) {
      if (as_trained_ && trained_tallies_ != nullptr) {
        result.push_back((*trained_tallies_)[i]);
        continue;
      }
      std::span<const float> fp32_log_p;
      if (fp32_log_p_ != nullptr) fp32_log_p = std::span(*fp32_log_p_).subspan(i * classes, classes);
      result.push_back(tally(i, run(network_, image(i)), fp32_log_p));
    }
    return result;
  }

  void infer(std::span<const float> input, std::int64_t images, std::span<float> output) override {
    const auto in = static_cast<std::size_t>(elements(trained_.input_shape()));
    const auto out = static_cast<std::size_t>(elements(trained_.output_shape()));
    check_infer(trained_, input, images, output);
    for (std::size_t i = 0; i < static_cast<std::size_t>(images); ++i) {
      const auto x = input.subspan(i * in, in);
      std::ranges::copy(run(network_, {x.begin(), x.end()}), output.begin() + static_cast<std::ptrdiff_t>(i * out));
    }
  }

  std::unique_ptr<LayerRunner> open(std::int64_t images) override {
    return std::make_unique<reference::LayerRunner>(trained_, images, block_);
  }

 private:
  ImageTally tally(std::size_t i, std::span<const float> outputs, std::span<const float> fp32_log_p) const {
    return tally_of_image(outputs, shard_.images.labels[i], outputs_, fp32_log_p, shard_.comparison);
  }

  // The shard's image i, normalised, [C, H, W].
  std::vector<float> image(std::size_t i) const {
    const Images& images = shard_.images;
    std::vector<float> x(static_cast<std::size_t>(elements(trained_.input_shape())));
    normalise(table_, images.pixels.data() + i * x.size(), static_cast<std::size_t>(images.height * images.width),
              x.data());
    return x;
  }

  // The network's outputs for one image.
  static std::vector<float> run(const Network& network, std::vector<float> image) {
    std::vector<reference::Value> values{{network.input_shape(), std::move(image)}};
    values.reserve(network.nodes.size() + 1);
    for (const Node& node : network.nodes) {
      std::vector<const reference::Value*> inputs;
      for (const ValueId v : node.inputs) inputs.push_back(&values[static_cast<std::size_t>(v)]);
      values.push_back(reference::run(node, inputs, network.shapes[values.size()]));
    }
    return std::move(values.back().data);
  }

  Network trained_, network_;  // network_: weights as quantise() left them
  std::vector<int> layers_;
  Outputs outputs_;
  std::int64_t block_;
  EngineInfo info_;
  Shard shard_;
  std::pair<std::int64_t, std::int64_t> started_;  // blocks: the first, and how many
  PixelTable table_;
  TrainedOutputs fp32_log_p_;  // [images, classes]; null without divergence
  TrainedTallies trained_tallies_;
  bool as_trained_ = true;
};

}  // namespace

std::unique_ptr<Engine> make_reference_engine(const Network& network, const EngineOptions& options) {
  return std::make_unique<ReferenceEngine>(network, options);
}

}  // namespace vbq
