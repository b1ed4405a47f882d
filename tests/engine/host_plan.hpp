// Runs the plan that engine cuda would run on the host: each place of each step by the function that the kernels call.
#pragma once

#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/common/weights.hpp"
#include "engine/cuda/plan/images.hpp"
#include "engine/cuda/plan/pack.hpp"
#include "engine/cuda/plan/plan.hpp"

namespace vbq::test {

class HostPlan {
 public:
  // pad_as: whose channel padding; numbers are fp32 in any case. bare_layers: as make_plan().
  HostPlan(const Network& network, std::int64_t batch, cuda::Type pad_as = cuda::Type::fp32, bool bare_layers = false)
      : network_(network),
        layers_(weight_layers(network)),
        plan_(cuda::make_plan(network, batch, pad_as, bare_layers)),
        packer_(plan_.layers) {
    plan_.type = cuda::Type::fp32;
    for (cuda::Layer& layer : plan_.layers) layer.type = cuda::Type::fp32;
    // In fp32 the arena is as on the GPU. Arrays of half precision would be too small here: then each slot gets memory
    // of its own, filled with NaN, which spreads when anything is read before it is written.
    const bool shared = pad_as == cuda::Type::fp32;
    if (shared) arena_.resize(plan_.arena_bytes / sizeof(float));
    for (std::size_t i = 0; i < plan_.slots.size(); ++i) {
      const Slot& slot = plan_.slots[i];
      const auto size = static_cast<std::size_t>(cuda::bytes_of(plan_.slot_types[i]));
      own_.emplace_back(shared ? 0 : slot.bytes / size, std::nanf(""));
      slots_.push_back(shared ? arena_.data() + slot.offset / sizeof(float) : own_.back().data());
      plan_.slot_types[i] = cuda::Type::fp32;
    }
    for (const cuda::Layer& layer : plan_.layers) weights_.emplace_back(layer.places(), std::nanf(""));
    quantise({});
  }

  void quantise(const NetworkFormat& formats) {
    packer_.pack(formats_of(layers_, formats), packed_);
    const auto* words = reinterpret_cast<const float*>(packed_.words.data());
    for (std::size_t i = 0; i < plan_.layers.size(); ++i) {
      const cuda::LayerTask t = task(i);
      cuda::PackedLayer format;
      std::memcpy(static_cast<void*>(&format),
                  reinterpret_cast<const std::byte*>(packed_.fixed.data()) + i * sizeof format, sizeof format);
      for (std::int64_t p = 0; p < t.places(); ++p) {
        weights_[i][static_cast<std::size_t>(p)] =
            cuda::weight_at(t, format, words, words + format.thresholds, words + format.values, p);
      }
    }
  }

  std::vector<float> infer(const std::vector<float>& input, std::int64_t images) {
    cuda::ShardView shard;
    shard.input = input.data();
    return run(shard, images, [&](std::int64_t, std::vector<float>&) {});
  }

  // As Engine::tally() of the whole shard.
  Tally tally(cuda::ShardView shard, bool probabilities) {
    Tally sum;
    run(shard, shard.count, [&](std::int64_t item, std::vector<float>&) {
      cuda::Count count = counter(shard, probabilities);
      count.item = &item;
      for (std::int64_t n = 0; n < plan_.batch; ++n) {
        Tally one;
        if (count(cuda::Alone(), n, one)) sum += one;
      }
    });
    return sum;
  }

  // The network's input of an item of the shard.
  void feed(const cuda::ShardView& shard, std::int64_t item) {
    cuda::Normalise op;
    op.y = plan_.input.layout;
    op.batch = plan_.batch;
    op.plane = static_cast<int>(elements(network_.input_shape()) / network_.input_shape()[0]);
    op.shard = &shard;
    op.item = &item;
    fill(op, op.y.image, address(plan_.input.place));
  }

  // Steps first..last-1 of the plan.
  void run(std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) run(plan_.steps[i]);
  }

  cuda::Out array(const cuda::Place& place) { return {address(place), cuda::Type::fp32}; }

  // As a kernel of places does it.
  template <typename Op>
  void fill(const Op& op, std::int64_t places, void* out) {
    for (std::int64_t n = 0; n < plan_.batch; ++n) {
      for (std::int64_t p = 0; p < places; ++p) {
        float v;
        if (op(n, p, v)) cuda::Out{out}.store(n * places + p, v);
      }
    }
  }

  const cuda::Plan& plan() const { return plan_; }

 private:
  cuda::LayerTask task(std::size_t i) const {
    const cuda::Layer& layer = plan_.layers[i];
    cuda::LayerTask t;
    t.trained = weight_of(network_.nodes[static_cast<std::size_t>(layer.node)])->data.data();
    t.outputs = layer.outputs;
    t.inputs = layer.inputs;
    t.height = layer.height;
    t.width = layer.width;
    t.padded_outputs = layer.padded_outputs;
    t.padded_inputs = layer.padded_inputs;
    return t;
  }

  void* address(const cuda::Place& place) {
    const auto i = static_cast<std::size_t>(place.number);
    switch (place.kind) {
      case cuda::Place::Kind::arena:
        return slots_[i];
      case cuda::Place::Kind::constant:
        return plan_.constants[i].data();
      case cuda::Place::Kind::weights:
        return weights_[i].data();
      case cuda::Place::Kind::bias:
        return packed_.fixed.data() + packer_.bias(i);
      case cuda::Place::Kind::none:
        break;
    }
    return nullptr;
  }

  cuda::Count counter(const cuda::ShardView& shard, bool probabilities) {
    cuda::Count count;
    count.y = plan_.output.layout;
    count.classes = static_cast<int>(elements(network_.output_shape()));
    count.probabilities = probabilities;
    count.batch = plan_.batch;
    count.outputs = {address(plan_.output.place), cuda::Type::fp32};
    count.shard = &shard;
    return count;
  }

  // each(item, outputs of all images so far) after every item of the images.
  template <typename Each>
  std::vector<float> run(cuda::ShardView shard, std::int64_t images, Each each) {
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
      each(item, outputs);
    }
    return outputs;
  }

  void run(const cuda::Step& step) {
    const cuda::Operation op = cuda::bind(plan_, step, [&](const cuda::Place& place) { return address(place); });
    void* out = address(step.out);
    std::visit(
        [&](const auto& o) {
          if constexpr (std::is_same_v<std::decay_t<decltype(o)>, cuda::Softmax>) {
            std::memset(out, 0, static_cast<std::size_t>(o.x.image * plan_.batch) * sizeof(float));
            for (std::int64_t n = 0; n < plan_.batch; ++n) {
              for (int row = 0; row < o.rows; ++row) o(cuda::Alone(), n, row, cuda::Out{out});
            }
          } else {
            fill(o, o.y.image, out);
          }
        },
        op);
  }

  Network network_;
  std::vector<int> layers_;
  cuda::Plan plan_;
  cuda::Packer packer_;
  cuda::Packed packed_;
  std::vector<float> arena_;
  std::vector<float*> slots_;
  std::vector<std::vector<float>> own_, weights_;
};

}  // namespace vbq::test
