// 3x3 convolutions of few channels as vbq's own kernel for tensor cores makes them (direct.cu), where cuDNN's are far
// from what memory allows. An image's rows are cut into strips; a thread block brings the part of x that a strip of y
// sees, with the border's zeros, into shared memory, where its warps multiply it, 16 pixels at a time, by the weights
// that they hold in registers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "engine/cuda/plan/operators.hpp"

namespace vbq::cuda {

inline constexpr int kOctet = 8;                // channels that move at once: 16 bytes
inline constexpr int kStripOctets = 1535;       // of x, that a strip sees at most: two strips fit 48 KiB
inline constexpr int kDirectPixels = 32;        // that a warp multiplies at once
inline constexpr int kDirectWarps = 8;          // of a thread block
inline constexpr int kDirectSide = 3;           // of the window
inline constexpr int kMostDirectOutputs = 64;   // that a thread block makes
inline constexpr int kReciprocalOne = 1 << 20;  // 1, in fixed point

// Warps share out the outputs: so many each, of so many octets of x's channels.
constexpr int direct_outputs(int octets) { return octets < 8 ? 16 : 8; }
// A strip's first octets of all pixels lie together, then all second ones: so many pixels have room. 8 pixels in a row
// then lie in different banks of shared memory, and so do 8 octets that come side by side.
constexpr int direct_room(int octets) {
  const int room = kStripOctets / octets, bank = 8 / octets % 8;
  return octets == 1 ? room : room - (room - bank) % 8;
}

struct Direct {
  Layout x, y;
  int octets = 1;   // of x's channels
  int outputs = 1;  // y's channels, with their padding
  int stride = 1, pad[2] = {};
  int rows = 1;        // of y in a strip
  int strips = 1;      // of an image
  int across = 1;      // pixels of x that a row of a strip sees
  int reciprocal = 1;  // of y's width, in fixed point, rounded up
  Clamp clamp{};
  const void *in = nullptr, *residual = nullptr, *weights = nullptr, *bias = nullptr;  // as Convolution's
  void* out = nullptr;

  VBQ_BOTH int width() const { return y.extent[2]; }
  // Of y in a thread block, and thread blocks that share a strip's outputs.
  VBQ_BOTH int slice() const { return outputs < kMostDirectOutputs ? outputs : kMostDirectOutputs; }
  VBQ_BOTH int slices() const { return outputs / slice(); }
  // Rows of y in a strip that begins at row `first`, and of x that they see.
  VBQ_BOTH int rows_from(int first) const { return y.extent[1] - first < rows ? y.extent[1] - first : rows; }
  VBQ_BOTH int seen_by(int some) const { return (some - 1) * stride + kDirectSide; }
  // The row of a strip's pixel, and the column.
  VBQ_BOTH Divided place_of(int pixel) const {
    const auto row = static_cast<std::uint32_t>(pixel) * static_cast<std::uint32_t>(reciprocal) / kReciprocalOne;
    return {row, pixel - static_cast<int>(row) * width()};
  }
};

// Nothing where it is no such convolution.
inline std::optional<Direct> direct_of(const Convolution& op, const Out& y) {
  const Window& w = op.window;
  const int octets = op.x.padded / kOctet;
  const bool window = w.kernel[0] == kDirectSide && w.kernel[1] == kDirectSide && w.dilation[0] == 1 &&
                      w.dilation[1] == 1 && w.stride[0] == w.stride[1];
  const bool clamp = !op.clamped || (op.clamp.low <= 0 && op.clamp.high >= 0);  // or padding would not stay 0
  const bool channels = (octets == 1 || octets == 2 || octets == 4 || octets == 8) && op.x.padded == octets * kOctet &&
                        op.inner == op.x.padded &&
                        (op.y.padded == 16 || op.y.padded == 32 || op.y.padded % kMostDirectOutputs == 0);
  const bool rows = op.x.first == 0 && op.y.stride[1] == op.y.extent[2] * op.y.stride[2];  // of y: without gaps
  if (y.type == Type::fp32 || op.groups != 1 || !rows || !window || !clamp || !channels) return std::nullopt;
  Direct direct;
  direct.x = op.x;
  direct.y = op.y;
  direct.octets = octets;
  direct.outputs = op.y.padded;
  direct.stride = w.stride[0];
  std::copy_n(w.pad, 2, direct.pad);
  direct.across = direct.seen_by(1) + (direct.width() - 1) * direct.stride;
  direct.reciprocal = (kReciprocalOne + direct.width() - 1) / direct.width();
  const int held = direct_room(octets) / direct.across;  // rows of x
  if (held < kDirectSide) return std::nullopt;
  const int height = op.y.extent[1], most = (held - kDirectSide) / direct.stride + 1;
  direct.strips = (height + most - 1) / most;
  direct.rows = (height + direct.strips - 1) / direct.strips;
  direct.strips = (height + direct.rows - 1) / direct.rows;
  direct.clamp = op.clamped ? op.clamp : Clamp{-INFINITY, INFINITY};
  direct.in = op.in[0].data;
  direct.residual = op.in[1].data;
  direct.weights = op.in[2].data;
  direct.bias = op.in[3].data;
  direct.out = y.data;
  return direct;
}

}  // namespace vbq::cuda
