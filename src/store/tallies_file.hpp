// Tallies that several runs share, on disk: what became of genomes, by what they were scored under. Sealed like a
// checkpoint, HDF5 inside.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "search/run_state.hpp"

namespace vbq {

// key: 32 characters, what the tallies depend on (networks, images, settings, engine). Those of other keys are left
// alone. None where there is no such file. Error when the file is damaged, of another kind, or larger than 64 MiB.
std::vector<ScoredGenome> load_tallies(const std::filesystem::path& path, const std::string& key);

// Adds them to the file, which may be missing, and which other processes may be doing the same to. Half a million are
// kept: those of the keys that were last written. Error as above, or when it cannot be written or stays locked; the
// file then is as it was.
void add_tallies(const std::filesystem::path& path, const std::string& key, std::span<const ScoredGenome> scored);

}  // namespace vbq
