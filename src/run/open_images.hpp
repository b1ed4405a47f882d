// Where a job's or a command's images come from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "vbq/dataset.hpp"

namespace vbq {

// A dataset file, or a source that `vbq data import` knows, imported into memory with this normalisation.
// "cifar10:FILE" names the kind where it cannot be told from the content; "mnist:IMAGES,LABELS" gives both files.
// Error where a dataset file has another normalisation than the given one (empty: none is given).
std::shared_ptr<const ImageSource> open_images(const std::filesystem::path& path, const Normalisation& normalisation);

// All images of a source that is imported on the fly stay in the memory of every process: Error where these files, or
// so many bytes of `origin`, are too much for that.
void check_import(const std::vector<std::filesystem::path>& sources);
// copies: how often they are in memory at most on the way.
void check_imported(const std::string& origin, std::int64_t bytes, int copies = 2);

// "A,B": both, in this folder.
std::vector<std::filesystem::path> split_paths(const std::string& text, const std::filesystem::path& folder);

// "mean [0.5] and standard deviation [0.25]".
std::string normalisation_text(const Normalisation& normalisation);

}  // namespace vbq
