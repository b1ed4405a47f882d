// Work on an engine's threads.
#pragma once

#include "vbq/engine.hpp"

namespace vbq {

// engine outlives it.
inline Parallel parallel_on(Engine& engine) {
  return [&engine](std::int64_t items, const std::function<void(std::int64_t)>& work) { engine.parallel(items, work); };
}

}  // namespace vbq
