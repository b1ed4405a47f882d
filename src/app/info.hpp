// The parts of vbq info, a file each where they are long.
#pragma once

#include <filesystem>
#include <string>

#include "app/commands.hpp"

namespace vbq {

// Versions, engines, devices.
int build_info(const CommonOptions& common);
// Error where no engine as asked for can be had here: what a search's workers would say.
void check_engine(const EngineOptions& options);
// What such an engine is here; the same Error.
EngineInfo probe_engine(const EngineOptions& options);

// A folder of a run, a sweep or a comparison; Error where it is none.
int folder_info(const std::filesystem::path& folder, const CommonOptions& common);
// A best.json.
int format_info(const std::filesystem::path& file, const CommonOptions& common);

// A network's file. output: one of its several; empty: the first.
int network_info(const std::filesystem::path& file, const std::string& output, const CommonOptions& common);

}  // namespace vbq
