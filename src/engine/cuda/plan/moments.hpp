// Sums over the channels of a layer's outputs, and what moment matching makes of them. An operation here is run by
// thread blocks of kSumThreads: op(block, thread) is a thread's own sums, which are added up in fixed order over the
// block's lanes; op.finish(block, thread, sums) is called by its first `width` threads with what they have come to.
#pragma once

#include <cstdint>

#include "assign/channel.hpp"
#include "engine/cuda/plan/layout.hpp"

namespace vbq::cuda {

inline constexpr int kSumThreads = 256;

// A thread block works on `width` neighbouring channels; thread t on the (t % width)-th of them, as lane t / width.
struct ChannelBlocks {
  int channels = 1, width = 1;  // width: a power of two, at most kSumThreads
  VBQ_BOTH int tiles() const { return (channels + width - 1) / width; }
  VBQ_BOTH int lanes() const { return kSumThreads / width; }
  VBQ_BOTH int channel(int tile, int thread) const { return tile * width + thread % width; }
  VBQ_BOTH int lane(int thread) const { return thread / width; }
};

// Adds up the thread blocks' sums: halves onto each other until each channel has one, in sums[0..width-1]. each(count,
// work) calls work(t) for t = 0..count-1, all done before it returns.
template <typename Each>
VBQ_BOTH void sum_lanes(ChannelSums* sums, int width, Each each) {
  for (int half = kSumThreads / 2; half >= width; half /= 2) {
    each(half, [&](int t) { sums[t] += sums[t + half]; });
  }
}

// First stage: values of a layer's outputs, [rows, padded] with channels innermost, by parts of the rows.
struct SumRows {
  In y;
  ChannelSums* out = nullptr;  // device, [parts, channels]
  std::int64_t rows = 0;       // images times positions
  int padded = 1;              // places of a row; those beyond the channels are not read
  int parts = 1;
  ChannelBlocks tiling;

  VBQ_BOTH int blocks() const { return parts * tiling.tiles(); }
  VBQ_BOTH ChannelSums operator()(int block, int thread) const {
    ChannelSums own;
    const int c = tiling.channel(block / parts, thread);
    if (c >= tiling.channels) return own;
    const std::int64_t some = (rows + parts - 1) / parts, first = block % parts * some;
    const std::int64_t last = first + some < rows ? first + some : rows;
    for (std::int64_t row = first + tiling.lane(thread); row < last; row += tiling.lanes()) {
      const double v = y[row * padded + c];
      own.sum += v;
      own.square += v * v;
    }
    return own;
  }
  VBQ_BOTH void finish(int block, int thread, const ChannelSums& sums) const {
    const int c = tiling.channel(block / parts, thread);
    if (c < tiling.channels) out[static_cast<std::int64_t>(block % parts) * tiling.channels + c] = sums;
  }
};

// Second stage: the sums of all parts, and what becomes of them. Arrays are device memory, [channels].
struct MatchChannels {
  const ChannelSums* in = nullptr;  // [parts, channels]
  int parts = 1;
  double count = 1;  // values of a channel
  ChannelBlocks tiling;
  const float *norm_scale = nullptr, *norm_shift = nullptr;  // of the batch norm folded into the layer, or 1 and 0
  bool record = false;  // the network is as trained: keeps the moments of the layer's own outputs, matches nothing
  ChannelMoments* trained = nullptr;
  float *gain = nullptr, *shift = nullptr;  // of the layer's own outputs
  float* add = nullptr;                     // gain * y' + add: what that is after the batch norm

  VBQ_BOTH int blocks() const { return tiling.tiles(); }
  VBQ_BOTH ChannelSums operator()(int block, int thread) const {
    ChannelSums own;
    const int c = tiling.channel(block, thread);
    if (c >= tiling.channels) return own;
    for (int part = tiling.lane(thread); part < parts; part += tiling.lanes()) {
      own += in[static_cast<std::int64_t>(part) * tiling.channels + c];
    }
    return own;
  }
  VBQ_BOTH void finish(int block, int thread, const ChannelSums& sums) const {
    const int c = tiling.channel(block, thread);
    if (c >= tiling.channels) return;
    const double s = norm_scale[c], t = norm_shift[c];
    const ChannelMoments now = before_norm(moments_of(sums, count), s, t);
    if (record) {
      trained[c] = now;
      return;
    }
    const ChannelMatching matching = matching_of(now, trained[c]);
    gain[c] = matching.gain;
    shift[c] = matching.shift;
    add[c] = shift_after_norm(matching, s, t);
  }
};

}  // namespace vbq::cuda
