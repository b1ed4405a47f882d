#include <algorithm>
#include <mutex>

#include "core/check.hpp"
#include "core/log.hpp"
#include "engine/cpu/cpu_engine.hpp"
#include "engine/cuda/plan/plan.hpp"
#include "engine/reference/reference_engine.hpp"
#include "vbq/engine.hpp"
#ifdef VBQ_HAS_CUDA
#include "engine/cuda/cuda_engine.hpp"
#endif

namespace vbq {
namespace {

std::unique_ptr<Engine> make_host_engine(const Network& network, const EngineOptions& options) {
  if (options.precision != Precision::fp32 && options.precision != Precision::best) {
    fail("a precision below fp32 was asked for, but engines cpu and reference compute in fp32 only");
  }
  if (options.kind == EngineKind::reference) return make_reference_engine(network, options);
  return make_cpu_engine(network, options);
}

}  // namespace

std::int64_t engine_bytes(const Network& network, const EngineOptions& options, std::int64_t opened) {
  validate(network);
  std::int64_t weights = 0, values = 0;
  for (const int k : weight_layers(network)) {
    weights += elements(weight_of(network.nodes[static_cast<std::size_t>(k)])->shape);
  }
  for (const Shape& shape : network.shapes) values += elements(shape);
  constexpr auto kFloat = static_cast<std::int64_t>(sizeof(float));
  bool on_cpu = options.kind == EngineKind::cpu || options.kind == EngineKind::automatic;
#ifdef VBQ_HAS_CUDA
  const bool on_gpu = options.kind != EngineKind::reference && options.kind != EngineKind::cpu && why_no_cuda().empty();
  if (on_gpu && !cuda_leaves_layers(network, opened)) {
    std::int64_t largest = 0;  // value, which is shown on the host
    for (const Shape& shape : network.shapes) largest = std::max(largest, elements(shape));
    return (weights + opened * largest) * kFloat;
  }
  on_cpu = on_cpu || on_gpu;
#endif
  if (on_cpu) return cpu_engine_bytes(network, options, opened) + weights * kFloat;
  return (2 * weights + (opened > 0 ? weights : 0) + (opened + 1) * values) * kFloat;
}

// Both by rule, so that a rank without a GPU knows it of those that have one.

// On a GPU blocks are summed up where they are counted, and several copies keep it busy with a block each.
bool tells_images(std::string_view kind) { return kind != "cuda"; }

std::int64_t passes_at_once(std::string_view kind, const Network& network, std::int64_t images) {
  return kind == "cuda" && cuda::fits_one_batch(network, images) ? cuda::kPassesAtOnce : 1;
}

bool measures_kernels([[maybe_unused]] const EngineOptions& options) {
#ifdef VBQ_HAS_CUDA
  const bool on_gpu = options.kind == EngineKind::cuda || options.kind == EngineKind::automatic;
  return on_gpu && cuda_measures_kernels(options) && why_no_cuda().empty();
#else
  return false;
#endif
}

std::unique_ptr<Engine> make_engine(const Network& network, const EngineOptions& options) {
  if (options.block < 1) fail("a block of {} images was asked for, expected at least 1", options.block);
  if (options.threads < 0) fail("{} threads were asked for, expected 0 (all) or more", options.threads);
  validate(network);
#ifdef VBQ_HAS_CUDA
  if (options.kind == EngineKind::cuda || options.kind == EngineKind::automatic) {
    const std::string reason = why_no_cuda();
    if (options.kind == EngineKind::cuda && !reason.empty()) fail("engine cuda cannot be used here: {}", reason);
    if (reason.empty()) {
      EngineOptions host = options;
      host.precision = Precision::fp32;
      return make_cuda_engine(network, options, [network, host] { return make_cpu_engine(network, host); });
    }
    static std::once_flag said;  // a calibration makes many engines
    std::call_once(said, [&] { log::info("no GPU for engine cuda ({}): engine cpu", reason); });
  }
#else
  if (options.kind == EngineKind::cuda) {
    fail("engine cuda was asked for, but this build of vbq has only cpu and reference");
  }
#endif
  return make_host_engine(network, options);
}

}  // namespace vbq
