// What a source of images keeps in memory.
#pragma once

#include <cstdint>

#include "vbq/dataset.hpp"

namespace vbq {

// Bytes of pixels and labels: all of a memory_source()'s images, none of a file's.
std::int64_t bytes_in_memory(const ImageSource& source);

}  // namespace vbq
