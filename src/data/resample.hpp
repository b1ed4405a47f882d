// Resizing with antialiasing, to the bit as Pillow does on 8-bit images, which is what torchvision's Resize calls.
#pragma once

#include <cstdint>

#include "data/picture.hpp"

namespace vbq {

enum class Interpolation { bilinear, bicubic };

// Separable: across, rounded to 8 bits, then down. A pass whose extent does not change is left out.
Picture resample(const Picture& picture, std::int64_t height, std::int64_t width, Interpolation interpolation);

}  // namespace vbq
