// Engine on the processor, by oneDNN.
#pragma once

#include <memory>

#include "vbq/engine.hpp"

namespace vbq {

std::unique_ptr<Engine> make_cpu_engine(const Network& network, const EngineOptions& options);

// See engine_bytes(); without the network's own copy.
std::int64_t cpu_engine_bytes(const Network& network, const EngineOptions& options, std::int64_t opened);

}  // namespace vbq
