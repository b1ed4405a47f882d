#include "core/check.hpp"
#include "engine/cpu/cpu_engine.hpp"
#include "engine/reference/reference_engine.hpp"
#include "vbq/engine.hpp"

namespace vbq {

std::unique_ptr<Engine> make_engine(const Network& network, const EngineOptions& options) {
  if (options.block < 1) fail("a block of {} images was asked for, expected at least 1", options.block);
  if (options.threads < 0) fail("{} threads were asked for, expected 0 (all) or more", options.threads);
  validate(network);
  if (options.kind == EngineKind::cuda)
    fail("engine cuda was asked for, but this build of vbq has only cpu and reference");
  if (options.precision != Precision::fp32 && options.precision != Precision::best) {
    fail("a precision below fp32 was asked for, but engines cpu and reference compute in fp32 only");
  }
  if (options.kind == EngineKind::reference) return make_reference_engine(network, options);
  return make_cpu_engine(network, options);
}

}  // namespace vbq
