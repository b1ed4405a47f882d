// Engine on one GPU: our own kernels and cuDNN.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "vbq/engine.hpp"

namespace vbq {

// Empty when a GPU and cuDNN are there; else why not, in one sentence.
std::string why_no_cuda();

// Whether a runner over so many images is the host's: they are too many for one batch (fits_one_batch()).
bool cuda_leaves_layers(const Network& network, std::int64_t images);

// Whether the engine measures kernels, as far as options and environment say.
bool cuda_measures_kernels(const EngineOptions& options);

// host: makes the engine that does what is left to the host; called when first needed.
// Error when there is no GPU of compute capability 8.0 or later, or no cuDNN 9.
std::unique_ptr<Engine> make_cuda_engine(const Network& network, const EngineOptions& options,
                                         std::function<std::unique_ptr<Engine>()> host);

}  // namespace vbq
