// A calibration on disk: made once a run, used again at every start. Sealed like a checkpoint, HDF5 inside.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "vbq/calibration.hpp"

namespace vbq {

// key: what the calibration was made of (network, images, engine); the file is of use for the same key only.
void save_calibration(const std::filesystem::path& path, const Calibration& calibration, const std::string& key);

// None when there is no such file, it was made of something else, or it is damaged: that is told in a warning, and the
// calibration is to be made again.
std::optional<Calibration> load_calibration(const std::filesystem::path& path, const std::string& key);

}  // namespace vbq
