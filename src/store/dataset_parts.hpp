// The pieces of a dataset file that its two writers share: the one for images in memory, the one for a stream of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "store/hdf5.hpp"
#include "vbq/dataset.hpp"

namespace vbq::hdf5 {

enum class Compression { none, deflate };

// Chunked along the first axis, compressed as asked where this HDF5 can, each chunk with a checksum.
Properties chunked(const std::vector<hsize_t>& extents, std::uint64_t row_bytes, Compression compression,
                   const std::string& where);

// Extents of `count` images, [N, C, H, W].
std::vector<hsize_t> pixel_extents(std::int64_t count, std::int64_t channels, std::int64_t height, std::int64_t width);

// What pays, tried on the first images: drawings and digits shrink to a fraction, small photographs hardly.
Compression compression_of(const Images& images, const std::string& where);

// Attributes of the root but for the hash; mean and std of the pixels; labels and class names.
void write_root(hid_t file, const DatasetInfo& info, const std::string& where);
void write_normalisation(hid_t pixels, const Normalisation& normalisation, const std::string& where);
// Nothing of images without labels.
void write_labels(hid_t file, std::span<const std::int32_t> labels, const std::vector<std::string>& class_names,
                  const std::string& where);

}  // namespace vbq::hdf5
