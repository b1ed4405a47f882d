// The kernels that engines run in, on disk: chosen once a run, used again at every start. Sealed like a checkpoint,
// HDF5 inside.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "vbq/engine.hpp"

namespace vbq {

// key: what they were chosen for; the file is of use for the same key only.
void save_kernels(const std::filesystem::path& path, const Kernels& kernels, const std::string& key);

// None when there is no such file, they were chosen for something else, or it is damaged or larger than 16 MiB: that is
// told in a warning, and kernels are to be chosen again.
std::optional<Kernels> load_kernels(const std::filesystem::path& path, const std::string& key);

}  // namespace vbq
