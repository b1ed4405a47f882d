// A calibration on disk: made once a run, used again at every start. Sealed like a checkpoint, HDF5 inside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "vbq/calibration.hpp"

namespace vbq {

// key: what the calibration was made of (network, images, engine); the file is of use for the same key only.
void save_calibration(const std::filesystem::path& path, const Calibration& calibration, const std::string& key);

// None when there is no such file, it was made of something else, or it is damaged or far larger than `bytes`, which is
// what the factors' numbers take: that is told in a warning, and the calibration is to be made again. Whether the
// factors fit a network is for check_calibration() to say.
std::optional<Calibration> load_calibration(const std::filesystem::path& path, const std::string& key,
                                            std::int64_t bytes);

// The same whatever it was made of, up to 2 GiB: for who only shows it. None, with a warning, likewise.
std::optional<Calibration> read_calibration(const std::filesystem::path& path);

// What is inside the seal: the bytes of an HDF5 file. None for another key (nullptr: any); Error, beginning with
// `where`, when it is not a calibration.
std::optional<Calibration> decode_calibration(std::string_view image, const std::string* key, const std::string& where);

}  // namespace vbq
