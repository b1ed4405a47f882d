// Labels that count from elsewhere than the network's outputs do.
#pragma once

#include <cstdint>
#include <memory>

#include "vbq/dataset.hpp"

namespace vbq {

// The same images with `offset` added to every label, as a network needs it that has a class more in front (a
// background class: 1) or lacks the first ones (below 0). Its hash is another one than the images' own; for 0 it is the
// source itself. Error when a label would fall below 0.
std::shared_ptr<const ImageSource> with_label_offset(std::shared_ptr<const ImageSource> source, std::int64_t offset);

}  // namespace vbq
