// Engine on one GPU: our own kernels and cuDNN.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "vbq/engine.hpp"

namespace vbq {

// Empty when a GPU and cuDNN are there; else why not, in one sentence.
std::string why_no_cuda();

// host: makes the engine that does calibrate() and match() where there is an assigner, or too many images for one batch
// (matches_in_one_batch()); called when first needed.
// Error when there is no GPU of compute capability 8.0 or later, or no cuDNN 9.
std::unique_ptr<Engine> make_cuda_engine(const Network& network, const EngineOptions& options,
                                         std::function<std::unique_ptr<Engine>()> host);

}  // namespace vbq
