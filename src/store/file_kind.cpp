#include "store/file_kind.hpp"

#include <array>
#include <fstream>
#include <string_view>
#include <system_error>

#include "store/checkpoint_file.hpp"

namespace vbq {
namespace {

constexpr std::string_view kSignature("\x89HDF\r\n\x1a\n", 8);

}  // namespace

FileKind identify(const std::filesystem::path& path) {
  std::error_code code;
  if (!std::filesystem::is_regular_file(path, code)) return FileKind::other;
  std::ifstream file(path, std::ios::binary);
  std::array<char, 16> start{};
  // HDF5 lets a file begin with something else: its signature is at byte 0, 512, 1024, 2048, ...
  for (std::streamoff at = 0; at <= std::streamoff{1} << 30; at = at == 0 ? 512 : at * 2) {
    start = {};
    file.clear();
    if (!file.seekg(at)) break;
    file.read(start.data(), start.size());
    if (file.gcount() == 0) break;
    const std::string_view found(start.data(), static_cast<std::size_t>(file.gcount()));
    if (at == 0 && found.starts_with(kCheckpointMagic)) return FileKind::checkpoint;
    if (found.starts_with(kSignature)) return FileKind::dataset;
  }
  return FileKind::other;
}

bool looks_like_network(const std::filesystem::path& path) {
  std::error_code code;
  if (!std::filesystem::is_regular_file(path, code)) return false;
  std::array<char, 2> start{};
  std::ifstream(path, std::ios::binary).read(start.data(), start.size());
  // The first field is a small number, the version of the file's form.
  return (start[0] == 8 && start[1] > 0 && start[1] < 32) || path.extension() == ".onnx";
}

}  // namespace vbq
