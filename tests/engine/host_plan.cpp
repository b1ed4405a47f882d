#include "engine/host_plan.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/check.hpp"
#include "engine/common/weights.hpp"

namespace vbq::test {
namespace {

constexpr std::byte kNan{0xff};  // in every byte: a NaN in all types

}  // namespace

bool index_of(const cuda::Layout& layout, std::int64_t place, cuda::Index& index) {
  std::int64_t rest = place / layout.padded;
  index = {};
  for (int a = layout.rank - 1; a >= 0; --a) {
    if (a == layout.channel) continue;
    index.at[a] = static_cast<int>(rest % layout.extent[a]);
    rest /= layout.extent[a];
  }
  index.at[layout.channel] = static_cast<int>(place % layout.padded);
  return index.at[layout.channel] < layout.channels();
}

HostPlan::HostPlan(const Network& network, std::int64_t batch, cuda::Type type, Numbers numbers, bool bare_layers)
    : network_(network),
      layers_(weight_layers(network)),
      plan_(cuda::make_plan(network, batch, type, bare_layers)),
      packer_(plan_.layers) {
  if (numbers == Numbers::fp32) {
    plan_.type = cuda::Type::fp32;
    for (cuda::Layer& layer : plan_.layers) layer.type = cuda::Type::fp32;
    for (std::size_t i = 0; i < plan_.slots.size(); ++i) {
      plan_.slots[i].bytes *= sizeof(float) / static_cast<std::size_t>(cuda::bytes_of(plan_.slot_types[i]));
      plan_.slot_types[i] = cuda::Type::fp32;
    }
    plan_.arena_bytes = place_slots(plan_.slots, 256);
  }
  for (const Slot& slot : plan_.slots) {
    if (slot.offset + slot.bytes > plan_.arena_bytes) fail_internal("a slot lies outside the arena");
  }
  arena_.resize(plan_.arena_bytes);
  for (const cuda::Layer& layer : plan_.layers) {
    weights_.emplace_back(layer.places() * static_cast<std::size_t>(cuda::bytes_of(layer.type)), kNan);
  }
  quantise({});
}

void HostPlan::quantise(const NetworkFormat& formats) {
  packer_.pack(formats_of(layers_, formats), packed_);
  const auto* words = reinterpret_cast<const float*>(packed_.words.data());
  for (std::size_t i = 0; i < plan_.layers.size(); ++i) {
    const cuda::LayerTask t = task(i);
    const cuda::Out to{t.out, t.type};
    cuda::PackedLayer format;
    std::memcpy(static_cast<void*>(&format),
                reinterpret_cast<const std::byte*>(packed_.fixed.data()) + i * sizeof format, sizeof format);
    for (std::int64_t p = 0; p < t.places(); ++p) {
      to.store(p, cuda::weight_at(t, format, words, words + format.values, p));
    }
  }
  if (plan_.type == cuda::Type::fp32) return;
  const std::size_t first = packer_.first_bias(), count = packer_.fixed_words() - first;
  biases_.assign(count * static_cast<std::size_t>(cuda::bytes_of(plan_.type)), kNan);
  for (std::size_t i = 0; i < count; ++i) {
    float bias;
    std::memcpy(&bias, &packed_.fixed[first + i], sizeof bias);
    cuda::Out{biases_.data(), plan_.type}.store(static_cast<std::int64_t>(i), bias);
  }
}

std::vector<float> HostPlan::infer(const std::vector<float>& input, std::int64_t images) {
  cuda::ShardView shard;
  shard.input = input.data();
  return run(shard, images, [](std::int64_t) {});
}

Tally HostPlan::tally(cuda::ShardView shard, bool probabilities) {
  Tally sum;
  run(shard, shard.count, [&](std::int64_t item) {
    cuda::Count count = counter(shard, probabilities);
    count.item = &item;
    for (std::int64_t n = 0; n < plan_.batch; ++n) {
      Tally one;
      if (count(cuda::Alone(), n, one)) sum += one;
    }
  });
  return sum;
}

cuda::LayerTask HostPlan::task(std::size_t i) {
  const cuda::Layer& layer = plan_.layers[i];
  const Tensor& weight = *weight_of(network_.nodes[static_cast<std::size_t>(layer.node)]);
  return cuda::task_for(layer, weight.data.data(), weights_[i].data());
}

void* HostPlan::address(const cuda::Place& place) {
  const auto i = static_cast<std::size_t>(place.number);
  switch (place.kind) {
    case cuda::Place::Kind::arena:
      return arena_.data() + plan_.slots[i].offset;
    case cuda::Place::Kind::constant:
      return plan_.constants[i].data();
    case cuda::Place::Kind::weights:
      return weights_[i].data();
    case cuda::Place::Kind::bias:
      if (plan_.layers[i].type == cuda::Type::fp32) return packed_.fixed.data() + packer_.bias(i);
      return biases_.data() +
             (packer_.bias(i) - packer_.first_bias()) * static_cast<std::size_t>(cuda::bytes_of(plan_.type));
    case cuda::Place::Kind::none:
      break;
  }
  return nullptr;
}

cuda::Count HostPlan::counter(const cuda::ShardView& shard, bool probabilities) {
  cuda::Count count;
  count.y = plan_.output.layout;
  count.classes = static_cast<int>(elements(network_.output_shape()));
  count.probabilities = probabilities;
  count.batch = plan_.batch;
  count.outputs = {address(plan_.output.place), plan_.type_of(plan_.output.place)};
  count.shard = &shard;
  return count;
}

void HostPlan::feed(const cuda::ShardView& shard, std::int64_t item) {
  std::fill(arena_.begin(), arena_.end(), kNan);
  const cuda::Normalise op = cuda::feed_for(plan_, network_, &shard, &item);
  check_room(plan_.input.place, op.y.image);
  fill(op, out(plan_.input.place));
}

void HostPlan::run(std::size_t first, std::size_t last) {
  for (std::size_t k = first; k < last; ++k) {
    run(plan_.steps[k]);
    forget(static_cast<int>(k));
  }
}

template <typename Each>
std::vector<float> HostPlan::run(cuda::ShardView shard, std::int64_t images, Each each) {
  shard.count = images;
  if (shard.labels == nullptr) shard.block = plan_.batch;
  std::vector<float> outputs;
  const std::int64_t parts = (shard.block + plan_.batch - 1) / plan_.batch;
  const std::int64_t items = (images + shard.block - 1) / shard.block * parts;
  for (std::int64_t item = 0; item < items; ++item) {
    feed(shard, item);
    run(0, plan_.steps.size());
    const cuda::Range range = cuda::images_of(item, plan_.batch, shard.block, images);
    const cuda::Count count = counter(shard, false);
    for (std::int64_t n = 0; n < range.count; ++n) {
      const cuda::ClassView view{count.outputs, &count.y, n * count.y.image, count.classes};
      for (int c = 0; c < count.classes; ++c) outputs.push_back(view[c]);
    }
    each(item);
  }
  return outputs;
}

void HostPlan::run(const cuda::Step& step) {
  const cuda::Operation op = cuda::bind(plan_, step, [&](const cuda::Place& place) { return address(place); });
  std::visit(
      [&](const auto& o) {
        using Op = std::decay_t<decltype(o)>;
        if constexpr (std::is_same_v<Op, cuda::Softmax>) {
          check_room(step.out, o.x.image);
          const cuda::Out y = out(step.out);
          std::memset(y.data, 0, static_cast<std::size_t>(o.x.image * plan_.batch * cuda::bytes_of(y.type)));
          for (std::int64_t n = 0; n < plan_.batch; ++n) {
            for (int row = 0; row < o.rows; ++row) o(cuda::Alone(), n, row, y);
          }
        } else {
          if constexpr (std::is_same_v<Op, cuda::Convolution>) {
            check_padding(o.x, o.in[0]);
            if (o.in[1]) check_padding(o.y, o.in[1]);
          }
          check_room(step.out, o.y.image);
          fill(o, out(step.out));
        }
      },
      op);
}

void HostPlan::check_room(const cuda::Place& place, std::int64_t places) const {
  const Slot& slot = plan_.slots[static_cast<std::size_t>(place.number)];
  const auto wanted = static_cast<std::size_t>(places * plan_.batch * cuda::bytes_of(plan_.type_of(place)));
  if (place.kind != cuda::Place::Kind::arena || wanted > slot.bytes) {
    fail_internal("{} bytes do not fit slot {}", wanted, place.number);
  }
}

void HostPlan::check_padding(const cuda::Layout& layout, cuda::In values) const {
  cuda::Index index;
  for (std::int64_t place = 0; place < layout.image; ++place) {
    if (index_of(layout, place, index)) continue;
    for (std::int64_t n = 0; n < plan_.batch; ++n) {
      const float v = values[n * layout.image + place];
      if (v != 0) fail_internal("padding of a convolution's array is {}", v);
    }
  }
}

void HostPlan::forget(int step) {
  for (const Slot& slot : plan_.slots) {
    if (slot.last != step) continue;
    std::fill_n(arena_.begin() + static_cast<std::ptrdiff_t>(slot.offset), slot.bytes, kNan);
  }
}

}  // namespace vbq::test
