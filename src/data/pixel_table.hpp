// From pixels to what a network is fed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "vbq/dataset.hpp"

namespace vbq {

// What a byte becomes, per channel: (x / 255 - mean[c]) / std[c], computed in double, rounded once.
using PixelTable = std::vector<std::array<float, 256>>;
PixelTable pixel_table(const Normalisation& normalisation);

// One image: pixels uint8 [C, H, W] -> out FP32 [C, H, W], host, row-major; plane = H * W.
void normalise(const PixelTable& table, const std::uint8_t* pixels, std::size_t plane, float* out);

}  // namespace vbq
