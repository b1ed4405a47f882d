#include "engine/cuda/runner.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <variant>

#include "core/check.hpp"
#include "core/log.hpp"
#include "engine/cuda/direct.hpp"
#include "engine/cuda/kernels.hpp"

namespace vbq::cuda {
namespace {

constexpr std::size_t kAlignment = 256;  // bytes

std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

Runner::Runner(const Network& network, Plan plan, Arithmetic arithmetic, const Handle& handle, const Stream& stream,
               const KernelRule& rule)
    : plan_(std::move(plan)), packer_(plan_.layers), stream_(stream) {
  allocate(network);
  {
    KernelChooser chooser(rule, arithmetic, plan_.batch, handle, stream);
    for (const Step& step : plan_.steps) {
      compile(step, chooser, handle);
      ends_.push_back(steps_.size());
    }
    chooser.end();
  }
  if (rule.tune) stream_.zero(arena_.data(), arena_.bytes());  // padding, which kernels that were measured have written
  scratch_ = DeviceBuffer(std::max<std::size_t>(1, scratch_bytes_));
  for (const auto& place : place_) place();
}

void Runner::allocate(const Network& network) {
  arena_ = DeviceBuffer(plan_.arena_bytes);
  stream_.zero(arena_.data(), arena_.bytes());
  std::size_t constants = 0, trained = 0, weights = 0;
  for (const auto& data : plan_.constants) {
    constant_at_.push_back(constants);
    constants += aligned(data.size() * sizeof(float));
  }
  for (const Layer& layer : plan_.layers) {
    weights_at_.push_back(weights);
    weights += aligned(layer.places() * static_cast<std::size_t>(bytes_of(layer.type)));
    trained += layer.weights() * sizeof(float);
  }
  constants_ = DeviceBuffer(constants);
  trained_ = DeviceBuffer(trained);
  weights_ = DeviceBuffer(weights);
  fixed_ = DeviceBuffer(packer_.fixed_words() * sizeof(std::uint32_t));
  pinned_.reserve(std::max<std::size_t>(1, fixed_.bytes()));
  if (plan_.type != Type::fp32) {
    biases_ =
        DeviceBuffer((packer_.fixed_words() - packer_.first_bias()) * static_cast<std::size_t>(bytes_of(plan_.type)));
  }
  for (std::size_t i = 0; i < plan_.constants.size(); ++i) {
    stream_.upload(constants_.data() + constant_at_[i], plan_.constants[i].data(),
                   plan_.constants[i].size() * sizeof(float));
  }
  std::vector<LayerTask> tasks, alone;
  int blocks = 0;
  auto* at = trained_.as<float>();
  for (std::size_t i = 0; i < plan_.layers.size(); ++i) {
    const Layer& layer = plan_.layers[i];
    const auto& data = weight_of(network.nodes[static_cast<std::size_t>(layer.node)])->data;
    trained_at_.push_back(static_cast<std::size_t>(at - trained_.as<float>()));
    stream_.upload(at, data.data(), data.size() * sizeof(float));
    LayerTask task = task_for(layer, at, weights_.data() + weights_at_[i]);
    alone.push_back(task);
    task.first_block = blocks;
    tasks.push_back(task);
    quantise_blocks_.push_back(quantise_blocks(task));
    blocks += quantise_blocks_.back();
    at += data.size();
  }
  tasks.insert(tasks.end(), alone.begin(), alone.end());
  tasks_ = DeviceBuffer(tasks.size() * sizeof(LayerTask));
  stream_.upload(tasks_.data(), tasks.data(), tasks_.bytes());
  stream_.synchronise();
}

std::byte* Runner::address(const Place& place) const {
  const auto i = static_cast<std::size_t>(place.number);
  switch (place.kind) {
    case Place::Kind::arena:
      return arena_.data() + plan_.slots[i].offset;
    case Place::Kind::constant:
      return constants_.data() + constant_at_[i];
    case Place::Kind::weights:
      return weights_.data() + weights_at_[i];
    case Place::Kind::bias:
      if (plan_.layers[i].type == Type::fp32) return fixed_.data() + packer_.bias(i) * sizeof(float);
      return biases_.data() + (packer_.bias(i) - packer_.first_bias()) * static_cast<std::size_t>(bytes_of(plan_.type));
    case Place::Kind::none:
      break;
  }
  return nullptr;
}

void Runner::compile(const Step& step, KernelChooser& chooser, const Handle& handle) {
  const Operation bound = bind(plan_, step, [&](const Place& place) { return address(place); });
  const Out y{address(step.out), plan_.type_of(step.out)};
  const std::int64_t batch = plan_.batch;
  const Stream* stream = &stream_;
  if (const auto* conv = std::get_if<Convolution>(&bound)) return compile(step.name, *conv, y, chooser, handle);
  if (const auto* softmax = std::get_if<Softmax>(&bound)) {
    steps_.push_back([op = *softmax, y, batch, stream] {
      const auto bytes = static_cast<std::size_t>(op.x.image * batch) * static_cast<std::size_t>(bytes_of(y.type));
      stream->zero(y.data, bytes);
      launch_softmax(op, batch, y, stream->get());
    });
    return;
  }
  std::visit(
      [&](const auto& op) {
        using Op = std::decay_t<decltype(op)>;
        if constexpr (!std::is_same_v<Op, Softmax> && !std::is_same_v<Op, Convolution>) {
          steps_.push_back([op, y, batch, stream] { launch(op, batch, y, stream->get()); });
        }
      },
      bound);
}

// cuDNN or ours in one kernel; or its bare convolution and a kernel for the rest; or our plain kernel.
void Runner::compile(const std::string& name, const Convolution& op, Out y, KernelChooser& chooser,
                     const Handle& handle) {
  ChosenKernel chosen = chooser.choose(name, op, y);
  if (std::holds_alternative<PlainKernel>(chosen)) {
    kernels_.emplace_back();
    census_.plain.push_back(name);
    steps_.push_back([op, y, this] { launch(op, plan_.batch, y, stream_.get()); });
    return;
  }
  if (const auto* direct = std::get_if<Direct>(&chosen)) {
    kernels_.push_back(kDirectChoice);
    ++census_.direct;
    steps_.push_back([op = *direct, type = y.type, count = processors(), this] {
      launch_direct(op, plan_.batch, type, count, stream_.get());
    });
    return;
  }
  auto* plan = std::get_if<ConvolutionPlan>(&chosen);
  kernels_.push_back(plan->choice());
  const bool fused = plan->fused();
  ++(fused ? census_.fused : census_.bare);
  add_cudnn(std::move(*plan), op, y, handle);
  if (fused) return;
  steps_.push_back([rest = after_bare(op, y), y, this] { launch(rest, plan_.batch, y, stream_.get()); });
}

void Runner::add_cudnn(ConvolutionPlan plan, const Convolution& op, Out y, const Handle& handle) {
  scratch_bytes_ = std::max(scratch_bytes_, plan.workspace());
  const auto shared = std::make_shared<ConvolutionPlan>(std::move(plan));  // std::function wants to be copied
  std::byte* first = static_cast<std::byte*>(y.data) + op.y.first * bytes_of(y.type);
  place_.push_back([shared, op, first, this] { shared->place(op, first, scratch_.data()); });
  steps_.push_back([shared, &handle] { shared->run(handle); });
}

void Runner::quantise(std::span<const LayerFormat* const> formats) {
  packer_.pack(formats, packed_);
  upload({{0, packer_.fixed_words()}});
  launch_quantise(tasks_.as<const LayerTask>(), static_cast<int>(plan_.layers.size()), fixed_.as<const PackedLayer>(),
                  words_.as<const std::uint32_t>(), std::reduce(quantise_blocks_.begin(), quantise_blocks_.end()),
                  stream_.get());
  round_biases();
}

void Runner::quantise(std::size_t layer, const LayerFormat* format) {
  std::vector<const LayerFormat*> formats(plan_.layers.size(), nullptr);
  formats[layer] = format;
  packer_.pack(formats, packed_);
  constexpr std::size_t kHeader = sizeof(PackedLayer) / sizeof(std::uint32_t);
  const auto biases = static_cast<std::size_t>(plan_.layers[layer].padded_outputs);
  upload({{layer * kHeader, kHeader}, {packer_.bias(layer), biases}});
  take_levels(layer);
  round_biases();
}

void Runner::take_levels(std::size_t layer) const {
  launch_quantise(tasks_.as<const LayerTask>() + plan_.layers.size() + layer, 1, fixed_.as<const PackedLayer>() + layer,
                  words_.as<const std::uint32_t>(), quantise_blocks_[layer], stream_.get());
}

PackedLayer Runner::packed(std::size_t layer) const {
  PackedLayer packed;
  std::memcpy(static_cast<void*>(&packed), packed_.fixed.data() + layer * (sizeof packed / sizeof(std::uint32_t)),
              sizeof packed);
  return packed;
}

std::uint8_t* Runner::levels(std::size_t layer) const {
  return reinterpret_cast<std::uint8_t*>(words_.as<std::uint32_t>() + packed(layer).indices);
}

void Runner::upload(std::initializer_list<std::pair<std::size_t, std::size_t>> fixed) {
  const std::size_t all = fixed_.bytes(), bytes = packed_.words.size() * sizeof(std::uint32_t);
  stream_.synchronise();         // the copies of the genome before, which ran long ago as a rule
  if (bytes > words_.bytes()) {  // with room for larger genomes to come
    const std::size_t room = std::max<std::size_t>(2 * bytes, 4096);
    pinned_.reserve(all + room);
    words_.reserve(room);
  }
  if (all > 0) std::memcpy(pinned_.data(), packed_.fixed.data(), all);
  if (bytes > 0) std::memcpy(pinned_.data() + all, packed_.words.data(), bytes);
  for (const auto& [first, count] : fixed) {
    constexpr std::size_t kWord = sizeof(std::uint32_t);
    stream_.upload(fixed_.data() + first * kWord, pinned_, first * kWord, count * kWord);
  }
  stream_.upload(words_.data(), pinned_, all, bytes);
}

// To half precision.
void Runner::round_biases() const {
  if (plan_.type == Type::fp32) return;
  Affine round;
  const auto count = static_cast<std::int64_t>(packer_.fixed_words() - packer_.first_bias());
  round.y = layout_of({count}, 1);
  round.clamp = {-INFINITY, INFINITY};
  round.in[0] = In{fixed_.data() + packer_.first_bias() * sizeof(float), Type::fp32};
  launch(round, 1, Out{biases_.data(), plan_.type}, stream_.get());
}

void Runner::forward() const {
  for (const auto& step : steps_) step();
}

void Runner::run(std::size_t first, std::size_t last) const {
  for (std::size_t i = first == 0 ? 0 : ends_[first - 1]; i < (last == 0 ? 0 : ends_[last - 1]); ++i) steps_[i]();
}

Out Runner::array(const Place& place) const { return {address(place), plan_.type_of(place)}; }
Out Runner::input() const { return {address(plan_.input.place), plan_.type_of(plan_.input.place)}; }
In Runner::output() const { return {address(plan_.output.place), plan_.type_of(plan_.output.place)}; }

std::size_t Runner::bytes() const {
  std::size_t sum = 0;
  for (const DeviceBuffer* buffer :
       {&arena_, &constants_, &trained_, &weights_, &tasks_, &fixed_, &words_, &scratch_, &biases_}) {
    sum += buffer->bytes();
  }
  return sum;
}

}  // namespace vbq::cuda
