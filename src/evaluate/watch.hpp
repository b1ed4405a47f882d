// What is timed and watched of a worker's calls to its engine.
#pragma once

#include "core/clock.hpp"
#include "core/device_call.hpp"
#include "vbq/engine.hpp"

namespace vbq {

// Only a GPU is a device of its own, which can hang while this process is well.
inline DeviceCall::Kind watched_kind(const Engine& engine, DeviceCall::Kind kind) {
  return engine.info().kind == "cuda" ? kind : DeviceCall::Kind::host;
}

}  // namespace vbq
