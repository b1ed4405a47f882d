// A lock that a process holds on a folder, over all hosts that see it, for as long as the process lives.
#pragma once

#include <filesystem>

namespace vbq {

class FolderLock {
 public:
  // Makes `folder`/.lock. Error, naming who holds it (host and process), when another process does, still after a few
  // seconds: the last one may just be ending. A file system without locks is warned of.
  explicit FolderLock(const std::filesystem::path& folder);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  int descriptor_ = -1;
};

// The same on a file that several runs write, held by each for as long as that takes.
class FileLock {
 public:
  // Makes .NAME.lock beside the file NAME. Error as above.
  explicit FileLock(const std::filesystem::path& file);
  FileLock(const FileLock&) = delete;
  ~FileLock();

 private:
  int descriptor_ = -1;
};

}  // namespace vbq
