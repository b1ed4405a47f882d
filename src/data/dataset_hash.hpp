// The hash that tells one dataset from another: 128-bit XXH3 over extents, normalisation, pixels and labels.
// Class names and paths are not part of it.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/hash.hpp"
#include "vbq/dataset.hpp"

namespace vbq {

// For data that is never in memory as a whole.
class DatasetHasher {
 public:
  DatasetHasher(std::int64_t count, std::int64_t channels, std::int64_t height, std::int64_t width,
                const Normalisation& normalisation);
  // uint8 NCHW, in order, cut anywhere.
  void pixels(std::span<const std::uint8_t> piece);
  // Once, after all pixels. labels: [count]. 32 hexadecimal digits.
  std::string finish(std::span<const std::int32_t> labels);

 private:
  Hasher hasher_;
};

std::string dataset_hash(const Images& images, const Normalisation& normalisation);

// Reads every image, a few MiB at a time.
std::string dataset_hash(const ImageSource& source);

// Error when the images are not those that info().hash was made of.
void verify_hash(const ImageSource& source);

}  // namespace vbq
