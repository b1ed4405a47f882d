// Images as numbers that a network is fed become pixels of 8 bits, which is what vbq keeps images as.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vbq/dataset.hpp"

namespace vbq {

struct FloatPixels {
  std::vector<std::uint8_t> pixels;  // as many as there are values, in their order
  Normalisation normalisation;       // that makes values of them again
  double rounding = 0;               // root mean square of what that is off by, in steps of a pixel: 0 to 0.5
};

// values: [count, channels, plane], row-major, count >= 1. given: what they were normalised with, (x / 255 - mean) /
// std; empty: nobody knows, so that each channel's range is cut into 255 steps (exact for images of 8 bits in which
// each channel has its least and its greatest pixel somewhere). Error, naming the file `where` and the image, for a
// value that is not finite or that no pixel becomes.
FloatPixels pixels_of(std::span<const float> values, std::int64_t channels, std::int64_t plane, Normalisation given,
                      const std::string& where);

}  // namespace vbq
