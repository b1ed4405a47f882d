#include "engine/reference/reference_engine.hpp"

#include <algorithm>
#include <utility>

#include "assign/compensate.hpp"
#include "assign/moments.hpp"
#include "core/check.hpp"
#include "engine/common/shard.hpp"
#include "engine/common/tally.hpp"
#include "engine/common/weights.hpp"
#include "engine/reference/operators.hpp"

namespace vbq {
namespace {

class ReferenceEngine final : public Engine {
 public:
  ReferenceEngine(const Network& network, const EngineOptions& options)
      : trained_(network),
        network_(network),
        layers_(weight_layers(network)),
        room_(largest_layer(network)),
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
    fp32_log_p_.clear();
    if (!shard_.with_divergence) return;
    const auto classes = static_cast<std::size_t>(elements(trained_.output_shape()));
    fp32_log_p_.resize(static_cast<std::size_t>(shard_.images.count) * classes);
    for (std::size_t i = 0; i < fp32_log_p_.size() / classes; ++i) {
      log_probabilities(run(trained_, image(i)), outputs_, std::span(fp32_log_p_).subspan(i * classes, classes));
    }
  }

  std::int64_t not_finite() override {
    return count_not_finite(fp32_log_p_, static_cast<std::size_t>(elements(trained_.output_shape())));
  }

  int copies() const override { return 1; }

  void quantise(const NetworkFormat& formats, int copy) override {
    check_copy(copy, copies());
    check_formats(trained_, formats);
    const auto format = formats_of(layers_, formats);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const auto node = static_cast<std::size_t>(layers_[i]);
      const auto weights = weights_under(trained_.nodes[node], format[i], room_);
      std::copy(weights.begin(), weights.end(), weight_of(network_.nodes[node])->data.begin());
      own_bias(node) = *bias_of(trained_.nodes[node]);
      if (format[i] != nullptr && !format[i]->bias.empty()) own_bias(node) = format[i]->bias;
      if (format[i] != nullptr && !format[i]->gain.empty()) fold(node, *format[i]);
    }
  }

  void calibrate(Shard images, std::shared_ptr<LayerAssigner> assigner) override {
    check_shard(trained_, images, block_);
    calibration_ = std::move(images);
    assigner_ = std::move(assigner);
    trained_moments_.clear();
    const Network network = std::exchange(network_, trained_);
    pass(
        [&](std::size_t node) {
          if (assigner_ != nullptr) assigner_->learn(static_cast<int>(node), in_order);
        },
        [&](std::size_t node, const MomentSums& sums) {
          trained_moments_.push_back(sums.moments());
          check_trained(trained_.nodes[node], trained_moments_.back().mean);
        });
    network_ = network;
  }

  NetworkFormat match(const NetworkFormat& formats, bool moments) override {
    if (trained_moments_.empty()) fail_internal("moments were to be matched before there were calibration images");
    NetworkFormat result = formats;
    for (LayerFormat& layer : result) layer.gain = layer.shift = {};
    const Network network = network_;
    quantise(result, 0);
    const auto format_of = [&](std::size_t node) {
      const auto is = [&](const LayerFormat& f) { return static_cast<std::size_t>(f.node) == node; };
      return std::find_if(result.begin(), result.end(), is);
    };
    std::size_t layer = 0;
    pass(
        [&](std::size_t node) {
          const auto format = format_of(node);
          if (assigner_ == nullptr || format == result.end() || !format->indices.empty()) return;
          assigner_->assign(*format, in_order);
          std::ranges::copy(weights_under(trained_.nodes[node], &*format, room_),
                            weight_of(network_.nodes[node])->data.begin());
        },
        [&](std::size_t node, const MomentSums& sums) {
          const Moments& then = trained_moments_[layer++];
          const auto format = format_of(node);
          if (!moments || format == result.end()) return;
          set_matching(sums.moments(), then, *format);
          fold(node, *format);
        });
    network_ = network;
    return result;
  }

  void prepare(std::shared_ptr<const Calibration> calibration) override {
    compensation_.prepare(trained_, std::move(calibration));
  }

  std::vector<std::vector<std::uint8_t>> assign(std::span<const LayerFormat* const> layers) override {
    return compensation_.assign(layers, in_order);
  }

  void start(std::int64_t first, std::int64_t count, int copy) override {
    check_copy(copy, copies());
    check_blocks(shard_.blocks(), first, count);
    started_ = {first, count};
  }

  Tally finish(int copy) override {
    check_copy(copy, copies());
    const auto [first, count] = std::exchange(started_, {});
    const auto classes = static_cast<std::size_t>(elements(trained_.output_shape()));
    const auto begin = static_cast<std::size_t>(first * block_);
    const auto end = static_cast<std::size_t>(std::min((first + count) * block_, shard_.images.count));
    Tally result;
    for (std::size_t i = begin; i < end; ++i) {
      std::span<const float> fp32_log_p(fp32_log_p_);
      if (!fp32_log_p.empty()) fp32_log_p = fp32_log_p.subspan(i * classes, classes);
      count_image(run(network_, image(i)), shard_.images.labels[i], outputs_, fp32_log_p, result);
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

 private:
  std::vector<float>& own_bias(std::size_t node) {
    Operator& op = network_.nodes[node].op;
    return std::holds_alternative<Conv>(op) ? std::get<Conv>(op).bias : std::get<Linear>(op).bias;
  }

  // gain * (w x + b) + shift, into weights and bias.
  void fold(std::size_t node, const LayerFormat& format) {
    std::vector<float>& weights = weight_of(network_.nodes[node])->data;
    std::vector<float>& bias = own_bias(node);
    bias.resize(format.gain.size(), 0.0F);
    const std::size_t row = weights.size() / bias.size();
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] *= format.gain[i / row];
    for (std::size_t o = 0; o < bias.size(); ++o) bias[o] = bias[o] * format.gain[o] + format.shift[o];
  }

  static void in_order(std::int64_t items, const std::function<void(std::int64_t)>& work) {
    for (std::int64_t i = 0; i < items; ++i) work(i);
  }

  // Runs network_ over the calibration images, all together, node by node. Of each layer with weights, the assigner
  // sees the inputs; then assign(node); then done(node, sums of its outputs). Both may change the layer.
  template <typename Assign, typename Done>
  void pass(Assign assign, Done done) {
    const std::size_t count = static_cast<std::size_t>(calibration_.images.count);
    const std::size_t size = static_cast<std::size_t>(elements(trained_.input_shape()));
    const PixelTable table = pixel_table(calibration_.normalisation);
    std::vector<std::vector<reference::Value>> values(count);  // [image][value]
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<float> x(size);
      normalise(table, calibration_.images.pixels.data() + i * size,
                static_cast<std::size_t>(calibration_.images.height * calibration_.images.width), x.data());
      values[i].push_back({trained_.input_shape(), std::move(x)});
      values[i].reserve(trained_.nodes.size() + 1);
    }
    for (std::size_t k = 0; k < trained_.nodes.size(); ++k) {
      const auto run_node = [&] {
        for (auto& of_image : values) {
          std::vector<const reference::Value*> inputs;
          for (const ValueId v : trained_.nodes[k].inputs) inputs.push_back(&of_image[static_cast<std::size_t>(v)]);
          of_image.push_back(reference::run(network_.nodes[k], inputs, trained_.shapes[k + 1]));
        }
      };
      const bool layer = weight_of(trained_.nodes[k]) != nullptr;
      for (std::size_t i = 0; layer && assigner_ != nullptr && i < count; ++i) {
        const auto input = static_cast<std::size_t>(trained_.nodes[k].inputs.front());
        assigner_->see(static_cast<int>(k), static_cast<std::int64_t>(i), values[i][input].data);
      }
      if (layer) assign(k);
      run_node();
      if (!layer) continue;
      done(k, sums_of(values, k));
      for (auto& of_image : values) of_image.pop_back();
      run_node();
    }
  }

  // Of the outputs of node k. A Conv's channels are its first axis, a Linear's its last.
  MomentSums sums_of(const std::vector<std::vector<reference::Value>>& values, std::size_t k) const {
    const bool conv = std::holds_alternative<Conv>(trained_.nodes[k].op);
    const auto channels = static_cast<std::size_t>(weight_of(trained_.nodes[k])->shape.front());
    MomentSums sums(channels);
    for (const auto& of_image : values) {
      const std::vector<float>& y = of_image.back().data;
      const std::size_t plane = y.size() / channels;
      for (std::size_t i = 0; i < y.size(); ++i) {
        const std::size_t c = conv ? i / plane : i % channels;
        sums.sum[c] += y[i];
        sums.square[c] += static_cast<double>(y[i]) * y[i];
      }
      sums.count += static_cast<double>(plane);
    }
    return sums;
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
  std::vector<float> room_;
  Outputs outputs_;
  std::int64_t block_;
  EngineInfo info_;
  Shard shard_, calibration_;
  std::pair<std::int64_t, std::int64_t> started_;  // blocks: the first, and how many
  HostCompensation compensation_;
  std::shared_ptr<LayerAssigner> assigner_;
  std::vector<Moments> trained_moments_;  // of each layer's outputs over the calibration images
  PixelTable table_;
  std::vector<float> fp32_log_p_;  // [images, classes]; empty without divergence
};

}  // namespace

std::unique_ptr<Engine> make_reference_engine(const Network& network, const EngineOptions& options) {
  return std::make_unique<ReferenceEngine>(network, options);
}

}  // namespace vbq
