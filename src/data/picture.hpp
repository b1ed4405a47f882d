// A decoded photo, and the codecs that give one. Each codec's library is included in its own file only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace vbq {

// Interleaved, [height, width, channels], row-major.
struct Picture {
  std::int64_t height = 0, width = 0, channels = 3;
  std::vector<std::uint8_t> pixels;
};

// Nothing larger is decoded.
inline constexpr std::int64_t kMostPicturePixels = std::int64_t{1} << 26;

// A JPEG or PNG file, told by its content, as RGB: grey is repeated, transparency is left out, 16 bits are cut to their
// upper 8, CMYK is taken as Adobe writes it (inverted): what Pillow's convert("RGB") gives, but for grey of 16 bits,
// which Pillow (9.5 to 12.0) clips at 255, so that all but the darkest 255 of its 65,536 shades become white.
// Orientation tags are not applied.
// Error, naming `where`, when the file is neither, damaged, cut off, or larger than kMostPicturePixels.
Picture decode_picture(std::span<const std::uint8_t> file, const std::string& where);

// ---- behind it
// -------------------------------------------------------------------------------------------------------
Picture decode_jpeg(std::span<const std::uint8_t> file, const std::string& where);
Picture decode_png(std::span<const std::uint8_t> file, const std::string& where);

// Sizes and makes an image of 8-bit samples; Error when an extent is < 1 or there are too many pixels.
Picture empty_picture(std::int64_t height, std::int64_t width, std::int64_t channels, const std::string& where);

// RGB to luma (ITU-R 601-2, rounded as Pillow does: (19595 R + 38470 G + 7471 B + 2^15) >> 16), one channel.
Picture grey_of(const Picture& rgb);

}  // namespace vbq
