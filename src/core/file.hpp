// Files as users need them: bounded reads, whole-or-nothing writes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "vbq/error.hpp"

namespace vbq {

// Error, naming `what` ("network", "job file"), when the path is missing, not a regular file, unreadable, or larger
// than `limit` bytes.
std::string read_file(const std::filesystem::path& path, const std::string& what, std::uint64_t limit);

// What cannot be written: a full disk, a folder that is not ours.
class WriteError : public Error {
 public:
  using Error::Error;
};

// Where a file is written before it is renamed to `path`: beside it, hidden, under a name that no user chooses
// (".NAME.vbq-part"). What is left there of a killed process is written over.
std::filesystem::path temporary_path(const std::filesystem::path& path);

// Writes that file and flushes it to disk, for commit_file() to rename; returns temporary_path(path). WriteError as of
// write_file().
std::filesystem::path write_temporary(const std::filesystem::path& path, std::string_view content);

// Writes a temporary file beside `path`, flushes it to disk, renames it: `path` is the old or the new content, never a
// mixture. WriteError (naming path and the system's reason) when it cannot; nothing is left behind then.
void write_file(const std::filesystem::path& path, std::string_view content);

// Flushes a file that a library has written and closed, then renames it onto `to` and flushes the folder.
void commit_file(const std::filesystem::path& from, const std::filesystem::path& to);

// base / relative, when that stays inside base (symbolic links resolved); Error otherwise. `where` is named in it.
std::filesystem::path contained_path(const std::filesystem::path& base, const std::string& relative,
                                     const std::string& where);

}  // namespace vbq
