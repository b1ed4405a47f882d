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
  std::int64_t classes = 0;
  std::string origin;  // for messages
};

// One class a sub-folder, labelled in the order of their names; images in any depth below, in order of their paths: as
// torchvision's ImageFolder. Images end in .jpg, .jpeg or .png; other files are left out. Error when there are no
// sub-folders, or one has no images.
ImageList list_image_folder(const std::filesystem::path& folder);

// Lines "path,label", paths relative to `root`, inside it; a first line that has no number for a label is a header.
// Error, naming the line.
ImageList read_image_list(const std::filesystem::path& file, const std::filesystem::path& root);

// One name a line, in the order of labels. Error when there are fewer than the list has classes.
void name_classes(ImageList& list, const std::filesystem::path& names);

}  // namespace vbq
