// A dataset file that is written piece by piece, for images that do not fit into memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "vbq/dataset.hpp"

namespace vbq {

// HDF5 writes to a temporary file beside `path`; finish() reads it back, compares hashes and gives it its name. HDF5
// does not survive a full disk, so free space is looked at before anything is written. Without finish(), nothing is
// left.
class DatasetStream {
 public:
  // info: extents of an image, classes and their names, normalisation (missing: 0 and 1), preprocessing; count: the
  // most images that will come. Error when the disk has not enough room for them.
  DatasetStream(const std::filesystem::path& path, DatasetInfo info);
  DatasetStream(const DatasetStream&) = delete;
  DatasetStream& operator=(const DatasetStream&) = delete;
  ~DatasetStream();

  // Behind those before; of the size that was stated.
  void append(const Images& images);
  // The whole: count and hash of what came. Error when nothing came, or when what is read back is not what was written.
  DatasetInfo finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vbq
