#include "engine/cpu/matching.hpp"

#include <algorithm>
#include <utility>

#include "assign/channel.hpp"
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

Matcher::Matcher(const Network& network, std::int64_t batch, Lanes& lanes, Shard images,
                 std::shared_ptr<LayerAssigner> assigner)
    : network_(network),
      lanes_(lanes),
      images_(std::move(images)),
      table_(pixel_table(images_.normalisation)),
      layers_(weight_layers(network)),
      assigner_(std::move(assigner)) {
  lanes_.run(1, [&](int, std::int64_t) { plan_ = make_plan(network_, batch, true); });
  const std::size_t room = largest_layer(network);
  batches_.resize(static_cast<std::size_t>((images_.images.count + batch - 1) / batch));
  lanes_.run(static_cast<std::int64_t>(batches_.size()), [&](int, std::int64_t item) {
    batches_[static_cast<std::size_t>(item)] = std::make_unique<Lane>(plan_, item == 0 ? room : 0);
  });
  NetworkFormat none;
  pass(
      none,
      [&](int node, LayerFormat*) {
        if (assigner_ != nullptr) assigner_->learn(node, parallel());
      },
      [&](std::size_t point, const Moments& moments, LayerFormat*) {
        check_trained(network_.nodes[static_cast<std::size_t>(plan_.layer_points[point].node)], moments.mean);
        trained_.push_back(moments);
      });
}

NetworkFormat Matcher::match(const NetworkFormat& formats, bool moments) {
  NetworkFormat result = formats;
  for (LayerFormat& format : result) {
    format.gain.clear();
    format.shift.clear();
  }
  pass(
      result,
      [&](int node, LayerFormat* format) {
        if (assigner_ == nullptr || format == nullptr || !format->indices.empty()) return;
        assigner_->assign(*format, parallel());
        set(static_cast<std::size_t>(std::ranges::find(layers_, node) - layers_.begin()), format);
      },
      [&](std::size_t point, const Moments& now, LayerFormat* format) {
        if (moments && format != nullptr) set_matching(now, trained_[point], *format);
      });
  return result;
}

template <typename Assign, typename Each>
void Matcher::pass(NetworkFormat& formats, Assign assign, Each each) {
  const auto format_of_layer = formats_of(layers_, formats);
  for (std::size_t i = 0; i < layers_.size(); ++i) set(i, format_of_layer[i]);
  feed();
  std::size_t done = 0;
  for (std::size_t k = 0; k < plan_.layer_points.size(); ++k) {
    const Plan::LayerPoint& point = plan_.layer_points[k];
    const auto layer = std::ranges::find(plan_.layers, point.node, &LayerMemory::node);
    const auto format = std::ranges::find(formats, point.node, &LayerFormat::node);
    LayerFormat* found = format == formats.end() ? nullptr : &*format;
    if (assigner_ != nullptr) {
      run(done, point.before);
      done = point.before;
      show(point);
    }
    assign(point.node, found);
    run(done, point.after);
    done = point.after;
    each(k, measure(point, *layer), found);
    if (found != nullptr && !found->gain.empty()) apply(point, *layer, *found);
  }
}

void Matcher::set(std::size_t layer, const LayerFormat* format) {
  lanes_.run(1, [&](int, std::int64_t) {
    Lane& lane = *batches_.front();
    const Node& node = network_.nodes[static_cast<std::size_t>(layers_[layer])];
    set_layer(plan_.layers[layer], lane.stream(), weights_under(node, format, lane.room()), format, lane.room());
  });
}

void Matcher::run(std::size_t first, std::size_t last) {
  lanes_.run(static_cast<std::int64_t>(batches_.size()),
             [&](int, std::int64_t item) { batches_[static_cast<std::size_t>(item)]->run(first, last); });
}

void Matcher::show(const Plan::LayerPoint& point) {
  const Layout& lies = point.input_layout;
  const auto size = static_cast<std::size_t>(lies.channels * lies.plane);
  lanes_.run(static_cast<std::int64_t>(batches_.size()), [&](int, std::int64_t item) {
    float* base = batches_[static_cast<std::size_t>(item)]->find(point.input);
    std::vector<float> x(size);
    for (std::int64_t i = 0; i < images_in(static_cast<std::size_t>(item)); ++i) {
      for_channels(lies, base, i, [&](std::size_t c, const float* from, std::int64_t stride) {
        float* to = x.data() + c * static_cast<std::size_t>(lies.plane);
        for (std::int64_t p = 0; p < lies.plane; ++p) to[p] = from[p * stride];
      });
      assigner_->see(point.node, item * plan_.batch + i, x);
    }
  });
}

LayerAssigner::Parallel Matcher::parallel() {
  return [&](std::int64_t items, const std::function<void(std::int64_t)>& work) {
    lanes_.run(items, [&](int, std::int64_t item) { work(item); });
  };
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
Moments Matcher::measure(const Plan::LayerPoint& point, const LayerMemory& layer) {
  const Layout& lies = point.output_layout;
  const auto channels = static_cast<std::size_t>(lies.channels);
  std::vector<MomentSums> parts(batches_.size(), MomentSums(channels));
  lanes_.run(static_cast<std::int64_t>(batches_.size()), [&](int, std::int64_t item) {
    MomentSums& part = parts[static_cast<std::size_t>(item)];
    float* base = batches_[static_cast<std::size_t>(item)]->find(point.output);
    const std::int64_t images = images_in(static_cast<std::size_t>(item)), plane = lies.plane;
    for (std::int64_t i = 0; i < images; ++i) {
      for_channels(lies, base, i, [&](std::size_t c, const float* y, std::int64_t stride) {
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
    const ChannelMoments own = before_norm({moments.mean[c], moments.variance[c]}, layer.scale[c], layer.shift[c]);
    moments.mean[c] = own.mean;
    moments.variance[c] = own.variance;
  }
  return moments;
}

void Matcher::apply(const Plan::LayerPoint& point, const LayerMemory& layer, const LayerFormat& format) {
  std::vector<float> add(format.shift);
  for (std::size_t c = 0; c < add.size() && !layer.scale.empty(); ++c) {
    add[c] = shift_after_norm({format.gain[c], format.shift[c]}, layer.scale[c], layer.shift[c]);
  }
  const Layout& lies = point.output_layout;
  lanes_.run(static_cast<std::int64_t>(batches_.size()), [&](int, std::int64_t item) {
    float* base = batches_[static_cast<std::size_t>(item)]->find(point.output);
    for (std::int64_t i = 0; i < plan_.batch; ++i) {
      for_channels(lies, base, i, [&](std::size_t c, float* y, std::int64_t stride) {
        for (std::int64_t p = 0; p < lies.plane; ++p) y[p * stride] = y[p * stride] * format.gain[c] + add[c];
      });
    }
  });
}

}  // namespace vbq::cpu
