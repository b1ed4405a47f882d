// What every dataset must satisfy, wherever it comes from. `where` names the file in messages.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "vbq/dataset.hpp"
#include "vbq/label.hpp"

namespace vbq {

// Bytes of one image / of `count` images. Error when an extent is < 1 or the product does not fit 63 bits.
std::int64_t image_bytes(std::int64_t channels, std::int64_t height, std::int64_t width, const std::string& where);
std::int64_t pixel_bytes(std::int64_t count, std::int64_t bytes_an_image, const std::string& where);

// Missing mean: 0, missing std: 1, for every channel. Error when a length is not the number of channels, a mean is not
// finite or a std is not finite and > 0.
Normalisation complete_normalisation(Normalisation given, std::int64_t channels, const std::string& where);

// Labels are 0..classes-1; of no classes, all kNoLabel. The error names the image, counted from 0.
void check_labels(std::span<const std::int32_t> labels, std::int64_t classes, const std::string& where);

// None, or one a class.
void check_class_names(const DatasetInfo& info, const std::string& where);

// Strictly ascending and inside 0..count-1.
void check_indices(std::span<const std::int64_t> indices, std::int64_t count, const std::string& where);

// Makes `info` whole from the images: extents, missing normalisation, hash, and, where 0, classes (names, else the
// largest label + 1, which is 0 of images without labels). Error when images and info contradict each other or
// themselves.
void complete_info(DatasetInfo& info, const Images& images, const std::string& where);

}  // namespace vbq
