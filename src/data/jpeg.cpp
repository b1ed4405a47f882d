// libjpeg (or libjpeg-turbo) reports errors by a function that must not return, called from C: a long jump it is. The
// functions that set the jump's target hold nothing that has a destructor.
#include <csetjmp>
#include <cstddef>
#include <cstdio>
// Needs the two above.
#include <jpeglib.h>
// Needs the one above.
#include <jerror.h>

#include <array>

#include "core/check.hpp"
#include "data/picture.hpp"

namespace vbq {
namespace {

struct Decoder {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  std::jmp_buf target{};
  std::array<char, JMSG_LENGTH_MAX> message{};

  Decoder() {
    info.err = jpeg_std_error(&errors);
    info.client_data = this;
    errors.error_exit = [](j_common_ptr common) {
      Decoder& self = *static_cast<Decoder*>(common->client_data);
      common->err->format_message(common, self.message.data());
      std::longjmp(self.target, 1);
    };
    // Level -1 is a warning. Stray bytes are common and harmless; the end of the file in mid-image is not.
    errors.emit_message = [](j_common_ptr common, int level) {
      if (level < 0 && common->err->msg_code == JWRN_JPEG_EOF) common->err->error_exit(common);
    };
    errors.output_message = [](j_common_ptr) {};
  }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  ~Decoder() { jpeg_destroy_decompress(&info); }
};

// false: `message` says why.
bool read_header(Decoder& decoder, const std::uint8_t* data, std::size_t size) {
  if (setjmp(decoder.target) != 0) return false;
  jpeg_create_decompress(&decoder.info);
  jpeg_mem_src(&decoder.info, data, size);
  jpeg_read_header(&decoder.info, TRUE);
  return true;
}

// CMYK and YCCK give four samples, all else three.
bool read_rows(Decoder& decoder, std::uint8_t* out, std::size_t row_bytes) {
  if (setjmp(decoder.target) != 0) return false;
  jpeg_start_decompress(&decoder.info);
  while (decoder.info.output_scanline < decoder.info.output_height) {
    JSAMPROW row = out + decoder.info.output_scanline * row_bytes;
    jpeg_read_scanlines(&decoder.info, &row, 1);
  }
  jpeg_finish_decompress(&decoder.info);
  return true;
}

// a * b / 255, rounded, as Pillow does it in integers.
int scaled(int a, int b) {
  const int product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

// Adobe stores 255 - ink. R = K - C K / 255 in stored values' complement.
Picture rgb_of_inverted_cmyk(const Picture& cmyk) {
  Picture rgb{cmyk.height, cmyk.width, 3, {}};
  rgb.pixels.reserve(cmyk.pixels.size() / 4 * 3);
  for (std::size_t i = 0; i + 3 < cmyk.pixels.size(); i += 4) {
    const int light = cmyk.pixels[i + 3];  // 255 - K
    for (std::size_t c = 0; c < 3; ++c) {
      const int value = light - scaled(255 - cmyk.pixels[i + c], light);
      rgb.pixels.push_back(static_cast<std::uint8_t>(value < 0 ? 0 : value));
    }
  }
  return rgb;
}

}  // namespace

Picture decode_jpeg(std::span<const std::uint8_t> file, const std::string& where) {
  Decoder decoder;
  if (!read_header(decoder, file.data(), file.size())) fail("{} is damaged: {}", where, decoder.message.data());
  const bool inks = decoder.info.jpeg_color_space == JCS_CMYK || decoder.info.jpeg_color_space == JCS_YCCK;
  decoder.info.out_color_space = inks ? JCS_CMYK : JCS_RGB;  // of grey too
  const std::int64_t channels = inks ? 4 : 3;
  Picture picture = empty_picture(decoder.info.image_height, decoder.info.image_width, channels, where);
  if (!read_rows(decoder, picture.pixels.data(), static_cast<std::size_t>(picture.width * channels))) {
    fail("{} is damaged: {}", where, decoder.message.data());
  }
  return inks ? rgb_of_inverted_cmyk(picture) : picture;
}

}  // namespace vbq
