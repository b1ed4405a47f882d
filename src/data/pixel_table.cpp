#include "data/pixel_table.hpp"

namespace vbq {

PixelTable pixel_table(const Normalisation& normalisation) {
  PixelTable table(normalisation.mean.size());
  for (std::size_t c = 0; c < table.size(); ++c) {
    const double mean = normalisation.mean[c], std = normalisation.std[c];
    for (std::size_t x = 0; x < 256; ++x) {
      table[c][x] = static_cast<float>((static_cast<double>(x) / 255.0 - mean) / std);
    }
  }
  return table;
}

void normalise(const PixelTable& table, const std::uint8_t* pixels, std::size_t plane, float* out) {
  for (const auto& row : table) {
    for (std::size_t i = 0; i < plane; ++i) out[i] = row[pixels[i]];
    pixels += plane;
    out += plane;
  }
}

}  // namespace vbq
