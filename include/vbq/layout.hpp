// Layout: where an image's channels are, in a file of others. vbq's own images, and what it feeds a network, are NCHW.
#pragma once

#include <cstdint>

namespace vbq {

enum class Layout : std::uint8_t { nchw, nhwc };

}  // namespace vbq
