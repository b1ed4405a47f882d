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

// Makes the file and locks it; -1 where the file system has no locks. in_use: "folder NAME is in use by another run".
int hold(const std::filesystem::path& path, const std::string& in_use) {
  int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) fail("cannot write {}: {}", path.string(), std::strerror(errno));
  for (int tried = 1; !try_lock(descriptor); ++tried) {
    if (errno != EAGAIN && errno != EACCES) {
      log::warning("cannot lock {} ({}): make sure that no other run uses it", path.string(), std::strerror(errno));
      return descriptor;
    }
    if (tried == kTries) {
      const std::string holder = content(descriptor);
      ::close(std::exchange(descriptor, -1));
      fail("{} ({}): only one at a time was expected", in_use, holder.empty() ? "unknown process" : holder);
    }
    ::usleep(kPause);
  }
  write_holder(descriptor);
  return descriptor;
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder)
    : descriptor_(hold(folder / ".lock", fmt::format("folder {} is in use by another run", folder.string()))) {}

FileLock::FileLock(const std::filesystem::path& file)
    : descriptor_(hold(file.parent_path() / fmt::format(".{}.lock", file.filename().string()),
                       fmt::format("file {} is in use by another run", file.string()))) {}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

FolderLock::FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace vbq
