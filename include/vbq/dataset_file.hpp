// Datasets as HDF5 files; docs/formats.md says what is in one.
#pragma once

#include <filesystem>
#include <memory>

#include "vbq/dataset.hpp"

namespace vbq {

// Whole or not at all: a temporary file, read back and compared by its hash, flushed, renamed. What `info` leaves out
// (extents, classes, normalisation, hash) is made from the images. Error when images and info contradict each other, or
// when the file cannot be written; what was at `path` is untouched then.
void write_dataset(const std::filesystem::path& path, const Images& images, const DatasetInfo& info);

// Reads labels and attributes now, pixels only as they are asked for, by runs of consecutive indices. Any number of
// processes may read one file, on a file system without locks or writing. One thread at a time. Error, one sentence,
// when it is not a dataset, is cut off or contradicts itself; verify_hash() (data) compares all pixels with the stored
// hash.
std::unique_ptr<ImageSource> open_dataset(const std::filesystem::path& path);

}  // namespace vbq
