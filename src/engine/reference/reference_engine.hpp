// Engine of plain loops: slow, obvious, what the others are held against.
#pragma once

#include <memory>

#include "vbq/engine.hpp"

namespace vbq {

std::unique_ptr<Engine> make_reference_engine(const Network& network, const EngineOptions& options);

}  // namespace vbq
