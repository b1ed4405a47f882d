// Other people's image files become a dataset file: what `vbq data import` and `vbq quantise` have in common.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "app/commands.hpp"
#include "vbq/dataset.hpp"
#include "vbq/network.hpp"

namespace vbq {

// The kind of a source that nobody has named: a folder of photos, or what the file is by its content; a text file is a
// list. Error where it cannot be told.
std::string kind_of_source(const std::filesystem::path& source);

// --mean and --std, empty where they are not given.
Normalisation normalisation_of(const ImportArguments& arguments);

// Error where an option of an import is given beside a dataset file, which is taken as it is.
void refuse_import_options(const ImportArguments& arguments, const std::filesystem::path& dataset);

// What is done to photos so that they become what the network takes, where nobody has said it. input: its input's
// shape.
void complete_photo_options(ImportArguments& arguments, const Shape& input);

// The images in memory, of every process. Warnings and errors as import_dataset(); Error where they take more memory
// than there is.
std::unique_ptr<ImageSource> import_to_memory(const ImportArguments& arguments, const CommonOptions& common,
                                              std::vector<std::string>& warnings);

// Writes arguments.output. Warnings are logged, and added to `warnings`. Error on options that mean nothing to the
// kind, on sources that cannot be read, and where the output exists, unless it may be replaced.
DatasetInfo import_dataset(const ImportArguments& arguments, const CommonOptions& common,
                           std::vector<std::string>& warnings);

}  // namespace vbq
