#include "engine/cuda/offers.hpp"

#include <algorithm>
#include <array>

namespace vbq::cuda {
namespace {

// Engine configurations of cuDNN for the graph, best first; none where the heuristics do not know it.
std::vector<Descriptor> configurations(const Target& target, const Descriptor& graph, cudnnBackendHeurMode_t mode) {
  Descriptor heuristics(*target.api, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
  if (target.properties != nullptr) heuristics.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *target.properties);
  std::vector<Descriptor> result;
  if (!heuristics.try_finalise()) return result;
  const std::int64_t count = heuristics.get(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, nullptr);
  std::vector<cudnnBackendDescriptor_t> raw;
  for (std::int64_t i = 0; i < count; ++i) {
    result.emplace_back(*target.api, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    raw.push_back(result.back().get());
  }
  if (count == 0) return result;
  const std::int64_t got =
      heuristics.get(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, count, raw.data());
  result.erase(result.begin() + std::min(got, count), result.end());
  return result;
}

// The kernel behind a configuration.
Descriptor engine_of(const Cudnn& api, const Descriptor& configuration) {
  Descriptor engine(api, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  cudnnBackendDescriptor_t raw = engine.get();
  configuration.get(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &raw);
  return engine;
}

template <typename Note>
std::vector<std::int64_t> notes_of(const Descriptor& engine, cudnnBackendAttributeName_t name,
                                   cudnnBackendAttributeType_t type) {
  std::array<Note, 32> notes;
  const std::int64_t count = std::min(engine.get(name, type, std::ssize(notes), notes.data()), std::ssize(notes));
  return {notes.begin(), notes.begin() + count};
}

// Whether a kernel of these notes always gives the same bits, and no fewer of them than asked for.
bool keeps_to(std::span<const std::int64_t> numerical, Arithmetic arithmetic) {
  for (const std::int64_t note : numerical) {
    switch (note) {
      case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
      case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
      case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS:  // to fp16
        return false;
      case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
        if (arithmetic == Arithmetic::fp32) return false;  // tf32
        break;
      case CUDNN_NUMERICAL_NOTE_WINOGRAD:
      case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4:
      case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6:
      case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13:
      case CUDNN_NUMERICAL_NOTE_FFT:
        if (arithmetic == Arithmetic::half) return false;  // transformed inputs would be rounded, too
        break;
      default:
        break;
    }
  }
  return true;
}

KernelChoice choice_of(const Cudnn& api, const Descriptor& engine, const Descriptor& configuration) {
  KernelChoice choice(1);
  engine.get(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, choice.data());
  std::vector<Descriptor> knobs;
  std::vector<cudnnBackendDescriptor_t> raws;
  for (int i = 0; i < CUDNN_KNOB_TYPE_COUNTS; ++i) {
    knobs.emplace_back(api, CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
    raws.push_back(knobs.back().get());
  }
  const std::int64_t count = configuration.get(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                               std::ssize(raws), raws.data());
  for (std::int64_t i = 0; i < std::min<std::int64_t>(count, std::ssize(knobs)); ++i) {
    cudnnBackendKnobType_t type{};
    std::int64_t value = 0;
    knobs[static_cast<std::size_t>(i)].get(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1, &type);
    knobs[static_cast<std::size_t>(i)].get(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64, 1, &value);
    choice.push_back(static_cast<std::int64_t>(type));
    choice.push_back(value);
  }
  return choice;
}

}  // namespace

Offers::Offers(const Target& target, const Convolution& op, std::int64_t batch, Type type, Arithmetic arithmetic,
               bool fused, std::size_t workspace, std::span<const cudnnBackendHeurMode_t> modes)
    : target_(target),
      graph_(convolution_graph(target, op, batch, type, fused)),
      arithmetic_(arithmetic),
      workspace_(workspace),
      modes_(modes) {
  if (!graph_) modes_ = {};
  if (!modes_.empty()) configurations_ = configurations(target_, *graph_, modes_.front());
}

std::optional<Offer> Offers::next(const KernelChoice* wanted) {
  const Cudnn& api = *target_.api;
  while (!modes_.empty()) {
    if (place_ == configurations_.size()) {
      modes_ = modes_.subspan(1);
      place_ = 0;
      if (!modes_.empty()) configurations_ = configurations(target_, *graph_, modes_.front());
      continue;
    }
    const auto place = static_cast<std::int64_t>(place_);
    const Descriptor& configuration = configurations_[place_++];
    const Descriptor engine = engine_of(api, configuration);
    std::vector<std::int64_t> numerical =
        notes_of<cudnnBackendNumericalNote_t>(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE);
    if (!keeps_to(numerical, arithmetic_)) continue;
    KernelChoice choice = choice_of(api, engine, configuration);
    if (wanted != nullptr && choice != *wanted) continue;
    if (std::ranges::find(seen_, choice) != seen_.end()) continue;
    seen_.push_back(choice);
    Descriptor plan(api, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration);
    if (target_.handle != nullptr) plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &target_.handle);
    if (target_.properties != nullptr) plan.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, *target_.properties);
    if (!plan.try_finalise()) continue;
    std::int64_t bytes = 0;
    plan.get(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &bytes);
    if (bytes < 0 || static_cast<std::size_t>(bytes) > workspace_) continue;
    return Offer{
        std::move(plan),
        static_cast<std::size_t>(bytes),
        std::move(choice),
        modes_.front(),
        place,
        std::move(numerical),
        notes_of<cudnnBackendBehaviorNote_t>(engine, CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE, CUDNN_TYPE_BEHAVIOR_NOTE)};
  }
  return std::nullopt;
}

}  // namespace vbq::cuda
