#include "store/checkpoint_file.hpp"

#include "core/check.hpp"
#include "core/hash.hpp"

namespace vbq {
namespace {

constexpr std::size_t kBlock = 512;
constexpr int kSealVersion = 1;

std::string header_of(std::string_view image) {
  Hasher hasher;
  hasher.bytes(image.data(), image.size());
  std::string header =
      fmt::format("{}{}\nsize {}\nhash {}\n", kCheckpointMagic, kSealVersion, image.size(), hasher.hex());
  header.resize(kBlock, '\0');
  return header;
}

}  // namespace

std::string seal_checkpoint(std::string_view image) { return header_of(image) + std::string(image); }

std::string_view unseal_checkpoint(std::string_view file, const std::string& where) {
  if (!file.starts_with(kCheckpointMagic))
    fail("{} is not a checkpoint, nor another sealed file of a run: its first bytes are others", where);
  const std::string version = fmt::format("{}{}\n", kCheckpointMagic, kSealVersion);
  if (file.size() >= kBlock && !file.starts_with(version))
    fail("{} is damaged, or not of version {}", where, kSealVersion);
  if (file.size() < kBlock) fail("{} is cut off: it ends after {} bytes", where, file.size());
  const std::string_view image = file.substr(kBlock);
  const std::string_view text = file.substr(0, kBlock);
  if (text != header_of(image)) {
    const std::string_view stated = text.substr(version.size(), text.find('\n', version.size()) - version.size());
    fail("{} is cut off or damaged: its {} bytes do not have the size and hash that it states (\"{}\")", where,
         image.size(), stated.substr(0, 32));
  }
  return image;
}

}  // namespace vbq
