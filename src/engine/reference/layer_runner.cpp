#include "engine/reference/layer_runner.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "data/pixel_table.hpp"
#include "engine/common/shard.hpp"
#include "engine/common/weights.hpp"

namespace vbq::reference {
namespace {

std::vector<float>& bias_of_layer(Node& node) {
  return std::holds_alternative<Conv>(node.op) ? std::get<Conv>(node.op).bias : std::get<Linear>(node.op).bias;
}

}  // namespace

void set_weights(const Node& trained, const LayerFormat* format, Node& node) {
  std::vector<float>& weights = weight_of(node)->data;
  std::vector<float>& bias = bias_of_layer(node);
  std::vector<float> room(weights.size());
  std::ranges::copy(weights_under(trained, format, room), weights.begin());
  bias = *bias_of(trained);
  if (format == nullptr) return;
  if (!format->bias.empty()) bias = format->bias;
  if (format->gain.empty()) return;
  bias.resize(format->gain.size(), 0.0F);  // gain * (w x + b) + shift
  const std::size_t row = weights.size() / bias.size();
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] *= format->gain[i / row];
  for (std::size_t o = 0; o < bias.size(); ++o) bias[o] = bias[o] * format->gain[o] + format->shift[o];
}

void LayerRunner::load(Shard images) {
  check_shard(trained_, images, block_);
  if (images.images.count > most_) fail_internal("{} images for a runner of {}", images.images.count, most_);
  images_ = std::move(images);
  restart();
}

void LayerRunner::restart() {
  const Images& images = images_.images;
  const auto size = static_cast<std::size_t>(elements(trained_.input_shape()));
  const PixelTable table = pixel_table(images_.normalisation);
  values_.assign(static_cast<std::size_t>(images.count), {});
  for (std::size_t i = 0; i < values_.size(); ++i) {
    std::vector<float> x(size);
    normalise(table, images.pixels.data() + i * size, static_cast<std::size_t>(images.height * images.width), x.data());
    values_[i].push_back({trained_.input_shape(), std::move(x)});
    values_[i].reserve(trained_.nodes.size() + 1);  // values are pointed at
  }
}

void LayerRunner::set(int node, const LayerFormat* format) {
  const auto k = static_cast<std::size_t>(node);
  set_weights(trained_.nodes[k], format, network_.nodes[k]);
}

void LayerRunner::inputs(int node, const Tap& tap) {
  run_to(static_cast<std::size_t>(node) + 1);
  const ValueId input = trained_.nodes[static_cast<std::size_t>(node)].inputs.front();
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const Value& x = values_[i][static_cast<std::size_t>(input)];
    tap(static_cast<std::int64_t>(i), input_view(x.data.data(), x.shape));
  }
}

void LayerRunner::outputs(int node, const Tap& tap) {
  run_to(static_cast<std::size_t>(node) + 2);
  for (std::size_t i = 0; i < values_.size(); ++i) tap(static_cast<std::int64_t>(i), view(i, node));
}

void LayerRunner::scale(int node, std::span<const float> gain, std::span<const float> add) {
  run_to(static_cast<std::size_t>(node) + 2);
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const TapView y = view(i, node);
    std::vector<float>& data = values_[i].back().data;
    for (std::int64_t c = 0; c < y.channels; ++c) {
      for (std::int64_t p = 0; p < y.plane; ++p) {
        float& v = data[static_cast<std::size_t>(y.offset(c) + p * y.block)];
        v = v * gain[static_cast<std::size_t>(c)] + add[static_cast<std::size_t>(c)];
      }
    }
  }
}

std::int64_t LayerRunner::state_bytes(int node) const {
  std::int64_t numbers = 0;
  for (int v = 0; v <= node; ++v) numbers += elements(trained_.shapes[static_cast<std::size_t>(v)]);
  return std::ssize(values_) * numbers * static_cast<std::int64_t>(sizeof(float));
}

std::shared_ptr<const vbq::LayerRunner::State> LayerRunner::state(int node) {
  run_to(static_cast<std::size_t>(node) + 1);
  auto state = std::make_shared<State>();
  state->values = values_;
  return state;
}

void LayerRunner::resume(const vbq::LayerRunner::State& state) {
  values_ = dynamic_cast<const State&>(state).values;
  for (auto& of_image : values_) of_image.reserve(trained_.nodes.size() + 1);  // values are pointed at
}

void LayerRunner::run_to(std::size_t values) {
  for (auto& of_image : values_) {
    if (of_image.size() > values) fail_internal("node {} was to be run to when later ones had run", values - 1);
    while (of_image.size() < values) {
      const std::size_t k = of_image.size() - 1;
      std::vector<const Value*> inputs;
      for (const ValueId v : trained_.nodes[k].inputs) inputs.push_back(&of_image[static_cast<std::size_t>(v)]);
      of_image.push_back(run(network_.nodes[k], inputs, trained_.shapes[k + 1]));
    }
  }
}

TapView LayerRunner::view(std::size_t image, int node) const {
  const Value& y = values_[image][static_cast<std::size_t>(node) + 1];
  return output_view(y.data.data(), trained_.nodes[static_cast<std::size_t>(node)], y.shape);
}

}  // namespace vbq::reference
