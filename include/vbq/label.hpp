// What stands in the place of a label where an image has none (Images in dataset.hpp).
#pragma once

#include <cstdint>

namespace vbq {

// Of a dataset either all labels are this, and DatasetInfo::classes is 0, or none is. What is counted of such images is
// agreement: an image's class is the one that the network as trained takes it for.
inline constexpr std::int32_t kNoLabel = -1;

}  // namespace vbq
