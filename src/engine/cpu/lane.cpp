#include "engine/cpu/lane.hpp"

#include "core/check.hpp"

namespace vbq::cpu {

Lane::Lane(const Plan& plan, std::size_t largest_layer, const Buffer& scratch)
    : plan_(&plan), stream_(plan.engine), arena_(plan.arena_bytes), scratch_(scratch.bytes()), room_(largest_layer) {
  const auto find = [&](const Place& place) { return plan.find(place, arena_.bytes(), scratch_); };
  for (const Step& step : plan.steps) {
    Bound bound;
    bound.step = &step;
    if (const auto* primitive = std::get_if<PrimitiveStep>(&step.action)) {
      bound.memories.reserve(primitive->arguments.size());
      for (const Argument& a : primitive->arguments) {
        bound.memories.emplace_back(a.md, plan.engine, find(a.place));
        bound.arguments.push_back({a.key, bound.memories.back().get()});
      }
    } else {
      for (const Place& p : std::get<LoopStep>(step.action).places) {
        bound.pointers.push_back(reinterpret_cast<float*>(find(p)));
      }
    }
    bound_.push_back(std::move(bound));
  }
  input_ = reinterpret_cast<float*>(find(plan.input));
  output_ = reinterpret_cast<float*>(find(plan.output));
}

void Lane::run(std::size_t first, std::size_t last) {
  for (std::size_t k = first; k < last; ++k) {
    const Bound& b = bound_[k];
    if (const auto* loop = std::get_if<LoopStep>(&b.step->action)) {
      loop->loop(b.pointers);
      continue;
    }
    const auto& primitive = std::get<PrimitiveStep>(b.step->action).primitive;
    const auto status = dnnl_primitive_execute(primitive.get(), stream_.get(), static_cast<int>(b.arguments.size()),
                                               b.arguments.data());
    if (status != dnnl_success) {
      fail_internal("oneDNN could not run node '{}' (status {})", b.step->name, static_cast<int>(status));
    }
  }
}

}  // namespace vbq::cpu
