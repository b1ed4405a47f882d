// Files whose images have their channels last ([N, H, W, C], as TensorFlow's exporters write them): how they are told,
// and how they become a network over [C, H, W].
#pragma once

#include "model/draft.hpp"
#include "vbq/layout.hpp"

namespace vbq {

// Of a network as the file has it, identities taken out. By what reads the image: a Transpose to channels first, or a
// Reshape that is one; a convolution, pool or batch norm has its channels where they are. Where neither tells, by the
// image's shape: a last extent of 1, 3 or 4 that the first could not be. Images of other than three axes are nchw.
Layout input_layout(const Network& network);

// Pass: the network takes [C, H, W] and begins with the Transpose to [H, W, C], which is then moved on through what
// treats every channel alike until it meets its opposite and both are gone. Transposes further inside go the same way.
void put_channels_first(Draft& draft);

}  // namespace vbq
