// NumPy's .npy files: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1, 2 and 3.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace vbq {

enum class NpyType { float32, float64, uint8, int32, int64 };

const char* npy_type_name(NpyType type);  // "float32", as NumPy spells it

// Row-major (C order), little endian.
struct NpyArray {
  std::vector<std::int64_t> shape;  // empty for a scalar
  NpyType type = NpyType::float32;
  std::vector<std::uint8_t> bytes;
  std::string origin;  // for messages

  std::int64_t elements() const;
  // Converted; float64 is rounded, integers beyond 2^24 too.
  std::vector<float> as_floats() const;
  // Error for a floating-point array.
  std::vector<std::int64_t> as_integers() const;
};

// Error, naming the file, when it is not such an array: another type, byte order or Fortran order, or a size other than
// the header promises.
NpyArray read_npy(const std::filesystem::path& path);

// Whole or not at all (core/file.hpp). data: as many elements as shape says, row-major.
void write_npy(const std::filesystem::path& path, std::span<const std::int64_t> shape, std::span<const float> data);

}  // namespace vbq
