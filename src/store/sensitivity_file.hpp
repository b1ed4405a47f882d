// Sensitivities on disk: measured once a run, used again at every start. Sealed like a checkpoint, HDF5 inside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "search/sensitivity.hpp"

namespace vbq {

// key: what was measured on (network, images, format, engine, choices); the file is of use for the same key only.
void save_sensitivity(const std::filesystem::path& path, const Sensitivity& sensitivity, const std::string& key);

// None when there is no such file, it was measured on something else, or it is damaged or far larger than `choices` of
// them are: that is told in a warning, and sensitivities are to be measured again. Whether they fit a problem is for
// the caller to say.
std::optional<Sensitivity> load_sensitivity(const std::filesystem::path& path, const std::string& key,
                                            std::int64_t choices);

// Whatever it was measured on, for a report of the run that it lies with. None when there is no such file; what is
// damaged or larger than 64 MiB is told in a warning.
std::optional<Sensitivity> read_sensitivity(const std::filesystem::path& path);

// What is inside the seal: the bytes of an HDF5 file. None for another key; Error, beginning with `where`, when it
// holds no sensitivities.
std::optional<Sensitivity> decode_sensitivity(std::string_view image, const std::string& key, const std::string& where);

}  // namespace vbq
