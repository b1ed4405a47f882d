// Other people's image files become images in memory.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "vbq/dataset.hpp"

namespace vbq {

struct ImportedImages {
  Images images;
  DatasetInfo info;  // whole: hash, classes, names where the kind has them
};

// kind: "cifar10", "cifar100": one or more binary files, joined in order; "mnist", "npy": IMAGES LABELS, or several
// such pairs, or IMAGES alone where the labels lie beside it under the same name with "labels" for "images" (and "idx1"
// for "idx3"). npy: uint8 [N, C, H, W] or [N, H, W], labels [N] of integers. Normalisation: empty means mean 0, empty
// std 1. Error: one sentence with file, what was found, what was expected.
ImportedImages import_images(const std::string& kind, const std::vector<std::filesystem::path>& sources,
                             Normalisation normalisation);

// The kind that `path` is by its content and size; empty when it is none, or cannot be read.
std::string detect_kind(const std::filesystem::path& path);

}  // namespace vbq
