#include "store/checkpoint.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "core/check.hpp"
#include "core/file.hpp"
#include "core/log.hpp"
#include "store/checkpoint_file.hpp"
#include "store/run_state_image.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kKept = 3;
constexpr std::uint64_t kLargestCheckpoint = std::uint64_t{1} << 32;  // bytes
constexpr std::string_view kPrefix = "checkpoint-", kSuffix = ".h5";

struct Found {
  std::int64_t generation;
  fs::path path;
};

// The number in "checkpoint-NNNNNN.h5"; -1 when the name is another.
std::int64_t generation_of(const std::string& name) {
  const bool alike = name.starts_with(kPrefix) && name.ends_with(kSuffix);
  if (!alike || name.size() <= kPrefix.size() + kSuffix.size()) return -1;
  const char* begin = name.data() + kPrefix.size();
  const char* end = name.data() + name.size() - kSuffix.size();
  std::int64_t generation = -1;
  const auto [stopped, code] = std::from_chars(begin, end, generation);
  return code == std::errc() && stopped == end ? generation : -1;
}

// Newest first.
std::vector<Found> checkpoints_in(const fs::path& folder) {
  std::vector<Found> found;
  std::error_code code;
  fs::directory_iterator entries(folder, code);
  if (code == std::errc::no_such_file_or_directory) return found;
  for (; !code && entries != fs::directory_iterator(); entries.increment(code)) {
    const std::int64_t generation = generation_of(entries->path().filename().string());
    if (generation >= 0) found.push_back({generation, entries->path()});
  }
  if (code) fail("cannot read folder {}: {}", folder.string(), code.message());
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return std::pair(a.generation, a.path) > std::pair(b.generation, b.path);
  });
  return found;
}

// What a killed run has left of a checkpoint that it was writing.
std::vector<fs::path> unfinished_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code code;
  for (fs::directory_iterator entry(folder, code), end; entry != end && !code; entry.increment(code)) {
    const std::string name = entry->path().filename().string();
    const std::string whole = name.substr(1, name.rfind('.') - 1);
    if (generation_of(whole) >= 0 && temporary_path(whole) == name) found.push_back(entry->path());
  }
  return found;
}

void remove_outdated(const fs::path& folder, std::int64_t generation) {
  std::size_t kept = 0;
  std::error_code ignored;  // a file too many does no harm
  for (const Found& found : checkpoints_in(folder)) {
    if (found.generation > generation || ++kept > kKept) fs::remove(found.path, ignored);
  }
  for (const fs::path& found : unfinished_in(folder)) fs::remove(found, ignored);
}

}  // namespace

void save_checkpoint(const fs::path& folder, const RunState& state) {
  const fs::path path = folder / fmt::format("{}{:06}{}", kPrefix, state.search.generation, kSuffix);
  const std::string content = seal_checkpoint(encode_run_state(state));
  const fs::path temporary = write_temporary(path, content);
  try {
    const std::string back = read_file(temporary, "checkpoint", kLargestCheckpoint);
    if (back != content)
      fail("checkpoint {} was read back otherwise than it was written: is the disk faulty?", path.string());
    decode_run_state(unseal_checkpoint(back, path.string()), path.string());
    commit_file(temporary, path);
  } catch (...) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw;
  }
  remove_outdated(folder, state.search.generation);
}

bool is_checkpoint_name(const std::string& name) { return generation_of(name) >= 0; }

RunState read_checkpoint(const fs::path& path) {
  const std::string where = "checkpoint " + path.string();
  const std::string content = read_file(path, "checkpoint", kLargestCheckpoint);
  return decode_run_state(unseal_checkpoint(content, where), where);
}

std::optional<RunState> load_checkpoint(const fs::path& folder) {
  const std::vector<Found> found = checkpoints_in(folder);
  std::string newest_reason;
  for (const Found& candidate : found) {
    try {
      return read_checkpoint(candidate.path);
    } catch (const Error& error) {
      log::warning("{}; going back to the one before", error.what());
      if (newest_reason.empty()) newest_reason = error.what();
    }
  }
  if (found.empty()) return std::nullopt;
  fail("none of the {} checkpoints in {} can be used: {}", found.size(), folder.string(), newest_reason);
}

}  // namespace vbq
