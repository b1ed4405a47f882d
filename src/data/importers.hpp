// Other people's image files become images in memory.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/image_list.hpp"
#include "vbq/dataset.hpp"
#include "vbq/layout.hpp"

namespace vbq {

struct ImportedImages {
  Images images;
  DatasetInfo info;  // whole: hash, classes, names where the kind has them
  std::vector<std::string> warnings = {};
};

// kind: "cifar10", "cifar100": one or more binary files, joined in order; "mnist", "npy": IMAGES LABELS, or several
// such pairs, or IMAGES alone where the labels lie beside it under the same name with "labels" for "images" (and "idx1"
// for "idx3"); npy alone without them has no labels. npy: uint8 [N, C, H, W], [N, H, W, C] (layout says which; without
// it, the shape must) or [N, H, W], labels [N] of integers; or as many values of float32 or float64 as the network is
// fed, whose normalisation it then is (float_pixels.hpp). "folder", "list": photos as they are, which must have one
// size (image_stream.hpp resizes and needs no memory for all of them). Normalisation: empty means mean 0, empty std 1.
// Error: one sentence with file, what was found, what was expected.
ImportedImages import_images(const std::string& kind, const std::vector<std::filesystem::path>& sources,
                             Normalisation normalisation, std::optional<Layout> layout = std::nullopt);

// Kinds of photos: "folder", "list".
bool is_photo_kind(const std::string& kind);
// Of a photo kind, which takes one source. root: where a list's paths start; empty: the list's own folder.
ImageList list_images(const std::string& kind, const std::vector<std::filesystem::path>& sources,
                      const std::filesystem::path& root = {}, BadFiles bad_files = BadFiles::refuse);

// The kind that `path` is by its content and size; empty when it is none, or cannot be read.
std::string detect_kind(const std::filesystem::path& path);

}  // namespace vbq
