#include "report/results_folder.hpp"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

#include "config/job.hpp"

namespace vbq {
namespace fs = std::filesystem;

bool there(const fs::path& path) {
  std::error_code code;
  return fs::exists(path, code);
}

bool is_folder(const fs::path& path) {
  std::error_code code;
  return fs::is_directory(path, code);
}

FolderKind folder_kind(const fs::path& folder) {
  if (!is_folder(folder)) return FolderKind::none;
  if (there(folder / "compare.csv")) return FolderKind::comparison;
  if (there(folder / "history.csv")) return FolderKind::run;
  if (!runs_of_sweep(folder).empty()) return FolderKind::sweep;
  return there(folder / "job.toml") ? FolderKind::run : FolderKind::none;
}

std::vector<fs::path> runs_of_sweep(const fs::path& folder) {
  std::vector<std::pair<int, fs::path>> found;
  std::error_code code;
  for (fs::directory_iterator entry(folder, code), end; entry != end && !code; entry.increment(code)) {
    const int levels = levels_of_width(entry->path().filename().string());
    if (levels != 0 && there(entry->path() / "job.toml")) found.emplace_back(levels, entry->path());
  }
  std::sort(found.begin(), found.end());
  std::vector<fs::path> paths;
  paths.reserve(found.size());
  for (auto& [levels, path] : found) paths.push_back(std::move(path));
  return paths;
}

}  // namespace vbq
