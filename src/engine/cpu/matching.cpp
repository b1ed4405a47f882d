#include "engine/cpu/matching.hpp"

#include <algorithm>
#include <utility>

#include "engine/common/weights.hpp"

namespace vbq::cpu {
namespace {

// Calls each(channel, first value, stride, values) for the values of every channel of image i.
template <typename Each>
void for_channels(const Layout& layout, float* base, std::int64_t image, Each each) {
  for (std::int64_t c = 0; c < layout.channels; ++c) {
    each(static_cast<std::size_t>(c), base + image * layout.image_elements() + layout.channel_offset(c), layout.block);
  }
}

}  // namespace

Matcher::Matcher(const Network& network, std::int64_t batch, Lanes& lanes, Shard images)
    : network_(network),
      lanes_(lanes),
      images_(std::move(images)),
      table_(pixel_table(images_.normalisation)),
      layers_(weight_layers(network)) {
  lanes_.run(1, [&](int, std::int64_t) { plan_ = make_plan(network_, batch, true); });
  const std::size_t room = largest_layer(network);
  batches_.resize(static_cast<std::size_t>((images_.images.count + batch - 1) / batch));
  lanes_.run(static_cast<std::int64_t>(batches_.size()), [&](int, std::int64_t item) {
    batches_[static_cast<std::size_t>(item)] = std::make_unique<Lane>(plan_, item == 0 ? room : 0);
  });
  NetworkFormat none;
  pass(none, [&](std::size_t, const Moments& moments, LayerFormat*) { trained_.push_back(moments); });
}

NetworkFormat Matcher::match(const NetworkFormat& formats) {
  NetworkFormat result = formats;
  for (LayerFormat& format : result) {
    format.gain.clear();
    format.shift.clear();
  }
  pass(result, [&](std::size_t layer, const Moments& moments, LayerFormat* format) {
    if (format != nullptr) set_matching(moments, trained_[layer], *format);
  });
  return result;
}

template <typename Each>
void Matcher::pass(NetworkFormat& formats, Each each) {
  const auto format_of_layer = formats_of(layers_, formats);
  lanes_.run(1, [&](int, std::int64_t) {
    Lane& lane = *batches_.front();
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const Node& node = network_.nodes[static_cast<std::size_t>(layers_[i])];
      const auto weights = weights_under(node, format_of_layer[i], lane.room());
      set_layer(plan_.layers[i], lane.stream(), weights, format_of_layer[i], lane.room());
    }
  });
  feed();
  std::size_t done = 0;
  for (std::size_t k = 0; k < plan_.layer_outputs.size(); ++k) {
    const Plan::LayerOutput& output = plan_.layer_outputs[k];
    lanes_.run(static_cast<std::int64_t>(batches_.size()),
               [&](int, std::int64_t item) { batches_[static_cast<std::size_t>(item)]->run(done, output.steps); });
    done = output.steps;
    const auto layer = std::find_if(plan_.layers.begin(), plan_.layers.end(),
                                    [&](const LayerMemory& memory) { return memory.node == output.node; });
    const auto format =
        std::find_if(formats.begin(), formats.end(), [&](const LayerFormat& f) { return f.node == output.node; });
    LayerFormat* found = format == formats.end() ? nullptr : &*format;
    each(k, measure(output, *layer), found);
    if (found != nullptr && !found->gain.empty()) apply(output, *layer, *found);
  }
}

void Matcher::feed() {
  const auto size = static_cast<std::size_t>(elements(network_.input_shape()));
  const auto plane = static_cast<std::size_t>(images_.images.height * images_.images.width);
  lanes_.run(static_cast<std::int64_t>(batches_.size()), [&](int, std::int64_t item) {
    const auto batch = static_cast<std::size_t>(item);
    float* to = batches_[batch]->input();
    const auto first = batch * static_cast<std::size_t>(plan_.batch);
    const auto some = static_cast<std::size_t>(images_in(batch));
    for (std::size_t i = 0; i < some; ++i) {
      normalise(table_, images_.images.pixels.data() + (first + i) * size, plane, to + i * size);
    }
    std::fill_n(to + some * size, (static_cast<std::size_t>(plan_.batch) - some) * size, 0.0F);
  });
}

std::int64_t Matcher::images_in(std::size_t batch) const {
  return std::min(plan_.batch, images_.images.count - static_cast<std::int64_t>(batch) * plan_.batch);
}

// Of the layer's own outputs: a folded batch norm, y s + t, is undone. Each batch is summed alone, then all in order,
// so the sums do not depend on the number of threads.
Moments Matcher::measure(const Plan::LayerOutput& output, const LayerMemory& layer) {
  const auto channels = static_cast<std::size_t>(output.layout.channels);
  std::vector<MomentSums> parts(batches_.size(), MomentSums(channels));
  lanes_.run(static_cast<std::int64_t>(batches_.size()), [&](int, std::int64_t item) {
    MomentSums& part = parts[static_cast<std::size_t>(item)];
    float* base = batches_[static_cast<std::size_t>(item)]->find(output.place);
    const std::int64_t images = images_in(static_cast<std::size_t>(item)), plane = output.layout.plane;
    for (std::int64_t i = 0; i < images; ++i) {
      for_channels(output.layout, base, i, [&](std::size_t c, const float* y, std::int64_t stride) {
        double sum = 0, square = 0;
        for (std::int64_t p = 0; p < plane; ++p) {
          const double v = y[p * stride];
          sum += v;
          square += v * v;
        }
        part.sum[c] += sum;
        part.square[c] += square;
      });
    }
    part.count = static_cast<double>(images * plane);
  });
  MomentSums all(channels);
  for (const MomentSums& part : parts) all.add(part);
  Moments moments = all.moments();
  for (std::size_t c = 0; c < channels && !layer.scale.empty(); ++c) {
    const double s = layer.scale[c];
    moments.mean[c] = s == 0 ? 0.0 : (moments.mean[c] - layer.shift[c]) / s;
    moments.variance[c] = s == 0 ? 0.0 : moments.variance[c] / (s * s);
  }
  return moments;
}

// gain * y + shift before the batch norm is gain * (y' - t) + shift * s + t after it, y' = y s + t.
void Matcher::apply(const Plan::LayerOutput& output, const LayerMemory& layer, const LayerFormat& format) {
  std::vector<float> add(format.shift);
  for (std::size_t c = 0; c < add.size() && !layer.scale.empty(); ++c) {
    const double t = layer.shift[c];
    add[c] = static_cast<float>(static_cast<double>(add[c]) * layer.scale[c] + t - t * format.gain[c]);
  }
  lanes_.run(static_cast<std::int64_t>(batches_.size()), [&](int, std::int64_t item) {
    float* base = batches_[static_cast<std::size_t>(item)]->find(output.place);
    for (std::int64_t i = 0; i < plan_.batch; ++i) {
      for_channels(output.layout, base, i, [&](std::size_t c, float* y, std::int64_t stride) {
        for (std::int64_t p = 0; p < output.layout.plane; ++p) y[p * stride] = y[p * stride] * format.gain[c] + add[c];
      });
    }
  });
}

}  // namespace vbq::cpu
