// Which importer fits a file, by what is in it.
#include <algorithm>
#include <fstream>
#include <system_error>

#include "data/import_kinds.hpp"
#include "data/importers.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kRecordsLookedAt = 1000;

// Whole records, and labels in range in the first of them.
bool is_cifar(const fs::path& path, std::uint64_t size, const CifarFormat& format) {
  if (size % format.record() != 0) return false;
  std::ifstream file(path, std::ios::binary);
  const std::uint64_t looked = std::min(kRecordsLookedAt, size / format.record());
  for (std::uint64_t i = 0; i < looked; ++i) {
    file.seekg(static_cast<std::streamoff>(i * format.record()));
    for (std::size_t b = 0; b < format.label_bytes; ++b) {
      const int label = file.get();
      if (!file || label >= format.classes[b]) return false;
    }
  }
  return true;
}

}  // namespace

std::string detect_kind(const fs::path& path) try {
  std::error_code code;
  if (fs::is_directory(path, code)) return "folder";
  if (!fs::is_regular_file(path, code)) return "";
  const std::uint64_t size = fs::file_size(path, code);
  if (code || size == 0) return "";
  const std::vector<std::uint8_t> start = GzipFile(path, "file").read(6);  // inflated, where gzipped
  if (start.size() >= 4 && (big_endian(start) == kIdxImages || big_endian(start) == kIdxLabels)) return "mnist";
  if (std::string(start.begin(), start.end()) == "\x93NUMPY") return "npy";
  if (is_cifar(path, size, kCifar10)) return "cifar10";
  if (is_cifar(path, size, kCifar100)) return "cifar100";
  return "";
} catch (const Error&) {
  return "";
}

}  // namespace vbq
