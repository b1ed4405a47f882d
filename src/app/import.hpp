// Other people's image files become a dataset file: what `vbq data import` and `vbq quantise` have in common.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "app/commands.hpp"
#include "vbq/dataset.hpp"

namespace vbq {

// The kind of a source that nobody has named: a folder of photos, or what the file is by its content; a text file is a
// list. Error where it cannot be told.
std::string kind_of_source(const std::filesystem::path& source);

// Error where an option of an import is given beside a dataset file, which is taken as it is.
void refuse_import_options(const ImportArguments& arguments, const std::filesystem::path& dataset);

// Writes arguments.output. Warnings are logged, and added to `warnings`. Error on options that mean nothing to the
// kind, on sources that cannot be read, and where the output exists, unless it may be replaced.
DatasetInfo import_dataset(const ImportArguments& arguments, const CommonOptions& common,
                           std::vector<std::string>& warnings);

}  // namespace vbq
