// What a folder of results is.
#pragma once

#include <filesystem>
#include <vector>

namespace vbq {

enum class FolderKind {
  none,
  run,         // of one search
  sweep,       // of vbq search over several widths: a run's folder for each
  comparison,  // of vbq compare
};
FolderKind folder_kind(const std::filesystem::path& folder);

// The runs of a sweep, the smallest width first.
std::vector<std::filesystem::path> runs_of_sweep(const std::filesystem::path& folder);

// Of an exploring look: what cannot be read is not there.
bool there(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);

}  // namespace vbq
