// libpng reports errors by a function that must not return, called from C: a long jump it is. The functions that set
// the jump's target hold nothing that has a destructor.
#include <png.h>

#include <array>
#include <csetjmp>
#include <cstring>

#include "core/check.hpp"
#include "data/picture.hpp"

namespace vbq {
namespace {

struct Decoder {
  std::span<const std::uint8_t> rest;  // of the file
  std::array<char, 200> message{};
  png_structp png = nullptr;
  png_infop info = nullptr;

  explicit Decoder(std::span<const std::uint8_t> file) : rest(file) {
    png = png_create_read_struct(
        PNG_LIBPNG_VER_STRING, this,
        [](png_structp failed, png_const_charp text) {
          Decoder& self = *static_cast<Decoder*>(png_get_error_ptr(failed));
          std::strncpy(self.message.data(), text, self.message.size() - 1);
          png_longjmp(failed, 1);
        },
        [](png_structp, png_const_charp) {});
    if (png != nullptr) info = png_create_info_struct(png);
  }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  ~Decoder() { png_destroy_read_struct(&png, &info, nullptr); }
};

void give_bytes(png_structp png, png_bytep out, std::size_t size) {
  Decoder& self = *static_cast<Decoder*>(png_get_io_ptr(png));
  if (size > self.rest.size()) png_error(png, "the file is cut off");
  std::memcpy(out, self.rest.data(), size);
  self.rest = self.rest.subspan(size);
}

// false: `message` says why.
bool read_header(Decoder& decoder) {
  if (setjmp(png_jmpbuf(decoder.png)) != 0) return false;
  png_set_read_fn(decoder.png, &decoder, give_bytes);
  png_read_info(decoder.png, decoder.info);
  png_set_palette_to_rgb(decoder.png);
  png_set_expand_gray_1_2_4_to_8(decoder.png);
  png_set_strip_16(decoder.png);
  png_set_strip_alpha(decoder.png);
  png_set_gray_to_rgb(decoder.png);
  png_set_interlace_handling(decoder.png);
  png_read_update_info(decoder.png, decoder.info);
  return true;
}

// rows: one pointer a row.
bool read_rows(Decoder& decoder, png_bytepp rows) {
  if (setjmp(png_jmpbuf(decoder.png)) != 0) return false;
  png_read_image(decoder.png, rows);
  png_read_end(decoder.png, nullptr);
  return true;
}

}  // namespace

Picture decode_png(std::span<const std::uint8_t> file, const std::string& where) {
  Decoder decoder(file);
  if (decoder.png == nullptr || decoder.info == nullptr) fail_internal("libpng cannot start");
  if (!read_header(decoder)) fail("{} is damaged: {}", where, decoder.message.data());
  Picture picture = empty_picture(png_get_image_height(decoder.png, decoder.info),
                                  png_get_image_width(decoder.png, decoder.info), 3, where);
  const auto row_bytes = static_cast<std::size_t>(picture.width * 3);
  if (png_get_rowbytes(decoder.png, decoder.info) != row_bytes) fail("{} has an unknown layout of pixels", where);
  std::vector<png_bytep> rows;
  for (std::int64_t y = 0; y < picture.height; ++y) rows.push_back(picture.pixels.data() + y * picture.width * 3);
  if (!read_rows(decoder, rows.data())) fail("{} is damaged: {}", where, decoder.message.data());
  return picture;
}

}  // namespace vbq
