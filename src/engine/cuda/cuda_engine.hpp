// Engine on one GPU: our own kernels and cuDNN.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "vbq/engine.hpp"

namespace vbq {

// Empty when a GPU and cuDNN are there; else why not, in one sentence.
std::string why_no_cuda();

// Whether calibrate() and match() over so many images are left to the host: with an assigner, or where the images are
// too many for one batch (matches_in_one_batch()).
bool cuda_leaves_pass(const Network& network, std::int64_t images, bool with_assigner);

// host: makes the engine that does what is left to the host; called when first needed.
// Error when there is no GPU of compute capability 8.0 or later, or no cuDNN 9.
std::unique_ptr<Engine> make_cuda_engine(const Network& network, const EngineOptions& options,
                                         std::function<std::unique_ptr<Engine>()> host);

}  // namespace vbq
