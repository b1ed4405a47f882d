// Engines that choose kernels by measuring them would each choose others: here all ranks get the same ones.
#pragma once

#include <functional>

#include "cluster/communicator.hpp"
#include "vbq/engine.hpp"

namespace vbq {

using MeasuresKernels = std::function<bool(const EngineOptions&)>;  // as measures_kernels()

// Of a rank that computes.
struct FirstEngine {
  MeasuresKernels measures;
  std::function<Kernels()> make;  // its engine; gives what that has chosen
};

// Collective, before engines are made, on two ranks or more. The same everywhere: the kernels of the options, where
// there are any; those of rank 1's engine, which is made in here, while the others wait, if it measures kernels; else
// none. AgreedError on all when it cannot be made. Only rank 1 uses `first`. The options' kind, tune and kernels are
// the same on all ranks.
Kernels share_kernels(Communicator& world, const EngineOptions& options, const FirstEngine& first);

// Collective: rank 0's everywhere.
void broadcast(Communicator& world, Kernels& kernels);

}  // namespace vbq
