// A run's kernels on disk: which of a library's kernels its engines run in, so that a resume computes as it did.
#pragma once

#include <filesystem>

#include "cluster/communicator.hpp"
#include "run/setup.hpp"

namespace vbq {

// Collective. Sets problem.engine.kernels on all ranks: from `folder`/kernels.h5, if that is of the same network, block
// and precision; else to none, and keep_kernels says where they are to be left once they are chosen.
void find_kernels(Communicator& world, Setup& setup, const std::filesystem::path& folder);

// Leaves them there (rank 0; the folder must exist by now), if that is still to be done and there are any.
void keep_kernels(Setup& setup, const Kernels& kernels);

}  // namespace vbq
