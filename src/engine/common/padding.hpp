// Where padded elements come from: one rule for all engines.
#pragma once

#include <cstdint>

#include "core/both.hpp"
#include "vbq/network.hpp"

namespace vbq {

// The element of an axis of `extent` that stands at place i of it, which may lie outside; -1 where it is the constant.
// Reflection goes on to and fro, however far outside.
VBQ_BOTH inline std::int64_t padded_from(Pad::Mode mode, std::int64_t i, std::int64_t extent) {
  if (i >= 0 && i < extent) return i;
  if (mode == Pad::Mode::constant) return -1;
  if (mode == Pad::Mode::edge) return i < 0 ? 0 : extent - 1;
  if (extent == 1) return 0;
  const std::int64_t period = 2 * (extent - 1);
  std::int64_t at = i % period;
  if (at < 0) at += period;
  return at < extent ? at : period - at;
}

}  // namespace vbq
