// How large a file of someone else's is, before anything of it is read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace vbq {

// Nothing larger is imported: it has to fit into memory.
inline constexpr std::uint64_t kLargestSource = std::uint64_t{1} << 34;  // bytes

// Bytes of a regular file. Error, naming `what`, when the path is missing, not a regular file, empty, or larger than
// kLargestSource.
std::uint64_t source_size(const std::filesystem::path& path, const std::string& what);

}  // namespace vbq
