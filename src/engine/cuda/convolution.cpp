#include "engine/cuda/convolution.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <vector>

#include "core/check.hpp"

namespace vbq::cuda {

bool clamp_fits(const Convolution& op) { return !op.clamped || (op.clamp.low == 0 && op.clamp.high > 0); }

Affine after_bare(const Convolution& op, const Out& y) {
  Affine rest;
  rest.y = op.y;
  rest.clamp = op.clamped ? op.clamp : Clamp{-INFINITY, INFINITY};
  rest.in[0] = In{y.data, y.type};
  rest.in[1] = op.in[1];
  rest.in[3] = op.in[3];
  return rest;
}

KernelChoice ConvolutionPlan::choice() const {
  KernelChoice choice = offer_.choice;
  if (!fused_) choice.insert(choice.begin(), kBare);
  return choice;
}

void ConvolutionPlan::place(const Convolution& op, void* y, void* scratch) {
  std::vector<std::int64_t> ids{kX, kWeights, kY};
  std::vector<const void*> data{op.in[0].data, op.in[2].data, y};
  if (fused_) {
    ids.push_back(kBias);
    data.push_back(op.in[3].data);
    if (op.in[1]) {
      ids.push_back(kResidual);
      data.push_back(op.in[1].data);
    }
  }
  arrays_.emplace(*api_, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  arrays_->set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, ids);
  arrays_->set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, std::ssize(data), data.data());
  arrays_->set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &scratch);
  arrays_->finalise();
}

void ConvolutionPlan::run(const Handle& handle) const {
  api_->check(api_->execute(handle.get(), offer_.plan.get(), arrays_->get()), "running a convolution");
}

// As a search runs it: recorded, one run after another. What disturbs it makes it longer, never shorter.
double microseconds(const Stream& stream, const std::function<void()>& run, double hopeless) {
  const auto timed = [&](const auto& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    stream.synchronise();
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  };
  timed(run);                                   // what is loaded at the first call
  constexpr double kMost = 2000, kLaunch = 50;  // kLaunch: what a run alone takes beside its kernel, at most
  const double alone = timed(run);
  if (alone > hopeless + kLaunch) return alone;
  const int runs = static_cast<int>(std::clamp(kMost / alone, 1.0, 20.0));
  const Graph recorded(stream, [&] {
    for (int i = 0; i < runs; ++i) run();
  });
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 5 && (i == 0 || least / runs <= hopeless); ++i) {
    least = std::min(least, timed([&] { recorded.launch(stream); }));
  }
  return least / runs;
}

}  // namespace vbq::cuda
