// How a value lies in memory: what oneDNN chose, seen as one block size.
#pragma once

#include <optional>

#include "engine/cpu/onednn_api.hpp"
#include "vbq/network.hpp"

namespace vbq::cpu {

// A batch of images [n, C, plane] whose channels are cut into blocks: element (n, c, p) lies at
// ((n * blocks + c / block) * plane + p) * block + c % block. block 1 is NCHW, block C is NHWC; channels beyond C in
// the last block are zeros.
struct Layout {
  std::int64_t images = 1, channels = 1, plane = 1, block = 1;
  bool channels_last = false;  // NHWC by name; it tells NHWC of 16 channels from blocks of 16
  std::int64_t blocks() const { return (channels + block - 1) / block; }
  std::int64_t image_elements() const { return blocks() * block * plane; }
  std::int64_t channel_offset(std::int64_t c) const { return c / block * plane * block + c % block; }
};

// Row-major memory of n values of this shape: [n, shape...].
api::Desc row_major(std::int64_t n, const Shape& shape);

// Memory of n values [C, H, W] in blocks of 1, 8 or 16 channels, or with channels last.
api::Desc blocked(std::int64_t n, const Shape& shape, std::int64_t block);
api::Desc channels_last(std::int64_t n, const Shape& shape);

// The layout of n values of this shape that lie as md says; nothing when they are cut some other way. Shapes other than
// [C, H, W] have a layout only when row-major: axis 0 is the channel.
std::optional<Layout> layout_of(const api::Desc& md, std::int64_t n, const Shape& shape);

// True when memory like md, read in order, is row-major, whatever md calls it.
bool lies_row_major(const api::Desc& md, std::int64_t n, const Shape& shape);

}  // namespace vbq::cpu
