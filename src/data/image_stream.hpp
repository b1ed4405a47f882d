// Photos, many at a time: read, decoded and preprocessed in parallel, given on in order. Memory stays bounded however
// many there are.
#pragma once

#include <cstdint>
#include <functional>

#include "data/image_list.hpp"
#include "data/preprocessing.hpp"
#include "vbq/dataset.hpp"

namespace vbq {

struct ImageStreamOptions {
  Preprocessing preprocessing;
  BadFiles bad_files = BadFiles::refuse;                                     // left out: named in a warning
  int threads = 0;                                                           // 0: as many as there are for this process
  std::function<void(std::int64_t done, std::int64_t total)> progress = {};  // in files; may be empty
};

// How many threads decode: as many as are asked for, or as this process may use.
int stream_threads(const ImageStreamOptions& options);

// Calls `sink` with pieces of a few tens of MB, in the list's order whatever the number of threads; all images have one
// size. Returns how many files were left out. Error when none is left.
std::int64_t stream_images(const ImageList& list, const ImageStreamOptions& options,
                           const std::function<void(const Images&)>& sink);

}  // namespace vbq
