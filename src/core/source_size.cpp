#include "core/source_size.hpp"

#include <system_error>

#include "core/check.hpp"

namespace vbq {
namespace fs = std::filesystem;

std::uint64_t source_size(const fs::path& path, const std::string& what) {
  std::error_code code;
  const auto status = fs::status(path, code);
  if (!fs::exists(status)) fail("{} {} does not exist", what, path.string());
  if (!fs::is_regular_file(status)) fail("{} {} is not a file", what, path.string());
  const std::uint64_t size = fs::file_size(path, code);
  if (code) fail("cannot read {} {}: {}", what, path.string(), code.message());
  if (size == 0) fail("{} {} is empty", what, path.string());
  if (size > kLargestSource)
    fail("{} {} has {} bytes: at most {} were expected", what, path.string(), size, kLargestSource);
  return size;
}

}  // namespace vbq
