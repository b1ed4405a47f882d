#include "core/lock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "core/check.hpp"
#include "core/log.hpp"

namespace vbq {
namespace {

constexpr int kTries = 30;
constexpr useconds_t kPause = 100'000;  // microseconds

// POSIX record locks, which network file systems know; the open-file kind of them, so that a descriptor holds it and
// not whichever part of the process last closed the file.
bool try_lock(int descriptor) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return ::fcntl(descriptor, F_OFD_SETLK, &whole) == 0;
}

std::string content(int descriptor) {
  std::array<char, 256> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  std::string line(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return line.substr(0, line.find('\n'));
}

void write_holder(int descriptor) {
  std::array<char, 200> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  const std::string line = fmt::format("process {} on {}\n", ::getpid(), host.data());
  // Only for the sentence above: a full disk does not matter.
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, line.data(), line.size(), 0) < 0) return;
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / ".lock";
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail("cannot write {}: {}", path.string(), std::strerror(errno));
  for (int tried = 1; !try_lock(descriptor_); ++tried) {
    if (errno != EAGAIN && errno != EACCES) {
      log::warning("cannot lock {} ({}): make sure that no other run uses this folder", path.string(),
                   std::strerror(errno));
      return;
    }
    if (tried == kTries) {
      const std::string holder = content(descriptor_);
      ::close(std::exchange(descriptor_, -1));
      fail("folder {} is in use by another run ({}): only one at a time was expected", folder.string(),
           holder.empty() ? "unknown process" : holder);
    }
    ::usleep(kPause);
  }
  write_holder(descriptor_);
}

FolderLock::FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace vbq
