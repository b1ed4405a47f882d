// Engine on the processor, by oneDNN.
#pragma once

#include <memory>

#include "vbq/engine.hpp"

namespace vbq {

std::unique_ptr<Engine> make_cpu_engine(const Network& network, const EngineOptions& options);

}  // namespace vbq
