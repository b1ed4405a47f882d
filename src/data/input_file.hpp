// A file of someone else's, read in order, its size known before anything is read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

namespace vbq {

class InputFile {
 public:
  InputFile(std::filesystem::path path, std::string what);
  std::uint64_t size() const { return size_; }
  // Fills all of `out`; Error when the file ends before.
  void read(std::span<std::uint8_t> out);
  std::string name() const { return what_ + " " + path_.string(); }

 private:
  std::filesystem::path path_;
  std::string what_;
  std::uint64_t size_;
  std::ifstream stream_;
};

}  // namespace vbq
