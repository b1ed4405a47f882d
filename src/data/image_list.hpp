// Which photos there are, and the label of each.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace vbq {

struct ImageList {
  std::filesystem::path root;
  std::vector<std::string> files;  // relative to root
  std::vector<std::int32_t> labels;
  std::vector<std::string> class_names;  // may be empty
  std::int64_t classes = 0;              // 0: there are no labels, and `labels` is all kNoLabel
  std::string origin;                    // for messages
  std::int64_t left_out = 0;             // entries that cannot be read
};

// What is done about an entry or a file that cannot be read.
enum class BadFiles { refuse, leave_out };

// One class a sub-folder, labelled in the order of their names; images in any depth below, in order of their paths,
// links followed: as torchvision's ImageFolder. Images end in .jpg, .jpeg or .png; other files, and hidden ones and
// hidden folders (.ipynb_checkpoints), are left out, with a warning. An entry that cannot be read (a link to nothing or
// to a folder above it, a folder without permission, an image that is no file) is an Error, or named and counted; a
// class of which nothing else is there keeps its number, without images. Images in a
// folder without sub-folders have no labels. Error when there are neither, a sub-folder has
// no images for another reason, or all have none.
ImageList list_image_folder(const std::filesystem::path& folder, BadFiles bad_files = BadFiles::refuse);

// Lines "path,label" (UTF-8, with or without a byte-order mark; ends of either kind), paths relative to `root`, inside
// it; a first line that has no number for a label is a header; or lines of paths alone, without labels. Error, naming
// the line.
ImageList read_image_list(const std::filesystem::path& file, const std::filesystem::path& root);

// One name a line, in the order of labels. Error when there are fewer than the list has classes.
void name_classes(ImageList& list, const std::filesystem::path& names);

}  // namespace vbq
