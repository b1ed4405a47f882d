#include "core/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "core/check.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace {

// Owns a POSIX descriptor.
class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  // close() reports a write that a network file system could not finish.
  bool close() {
    const int fd = fd_;
    fd_ = -1;
    return ::close(fd) == 0;
  }

 private:
  int fd_;
};

void sync_folder(const fs::path& file) {
  const fs::path folder = file.parent_path().empty() ? fs::path(".") : file.parent_path();
  const Descriptor handle(folder, O_RDONLY | O_DIRECTORY);
  if (handle.get() >= 0) ::fsync(handle.get());  // some file systems refuse it; the rename itself has happened
}

[[noreturn]] void fail_write(const fs::path& temporary, const fs::path& path, int code) {
  std::error_code ignored;
  fs::remove(temporary, ignored);
  throw WriteError(fmt::format("cannot write {}: {}", path.string(), std::strerror(code)));
}

}  // namespace

std::string read_file(const fs::path& path, const std::string& what, std::uint64_t limit) {
  std::error_code code;
  const auto status = fs::status(path, code);
  if (!fs::exists(status)) fail("{} {} does not exist", what, path.string());
  if (!fs::is_regular_file(status)) fail("{} {} is not a file", what, path.string());
  const auto size = fs::file_size(path, code);
  if (code) fail("cannot read {} {}: {}", what, path.string(), code.message());
  if (size > limit) fail("{} {} has {} bytes: at most {} were expected", what, path.string(), size, limit);
  std::ifstream file(path, std::ios::binary);
  std::string content(size, '\0');
  if (!file || !file.read(content.data(), static_cast<std::streamsize>(size))) {
    fail("cannot read {} {}: {}", what, path.string(), std::strerror(errno));
  }
  return content;
}

fs::path temporary_path(const fs::path& path) {
  return path.parent_path() / ("." + path.filename().string() + ".vbq-part");
}

fs::path write_temporary(const fs::path& path, std::string_view content) {
  fs::path temporary = temporary_path(path);
  Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
  if (file.get() < 0) {
    throw WriteError(fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
  }
  while (!content.empty()) {
    const ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_write(temporary, path, errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0 || !file.close()) fail_write(temporary, path, errno);
  return temporary;
}

void write_file(const fs::path& path, std::string_view content) {
  const fs::path temporary = write_temporary(path, content);
  if (::rename(temporary.c_str(), path.c_str()) != 0) fail_write(temporary, path, errno);
  sync_folder(path);
}

void commit_file(const fs::path& from, const fs::path& to) {
  {
    Descriptor file(from, O_RDONLY);
    if (file.get() < 0 || ::fsync(file.get()) != 0 || !file.close()) fail_write(from, to, errno);
  }
  if (::rename(from.c_str(), to.c_str()) != 0) fail_write(from, to, errno);
  sync_folder(to);
}

fs::path contained_path(const fs::path& base, const std::string& relative, const std::string& where) {
  std::error_code code;
  const fs::path root = fs::weakly_canonical(base.empty() ? fs::path(".") : base, code);
  const fs::path full = fs::weakly_canonical(root / relative, code);
  const fs::path inside = full.lexically_relative(root);
  if (code || inside.empty() || *inside.begin() == "..") {
    fail("{} names \"{}\": a path inside {} was expected", where, relative, root.string());
  }
  return full;
}

}  // namespace vbq
