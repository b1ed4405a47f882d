#include "data/image_list.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <sstream>
#include <system_error>

#include "core/check.hpp"
#include "core/file.hpp"
#include "core/log.hpp"
#include "data/import_kinds.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kLongestList = std::uint64_t{1} << 30;  // bytes

bool is_image_name(const fs::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return ending == ".jpg" || ending == ".jpeg" || ending == ".png";
}

std::vector<std::string> sub_folders(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Sorted, relative to `root`; counts what is left out.
std::vector<std::string> images_below(const fs::path& root, const std::string& folder, std::int64_t& left_out) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
    if (!entry.is_regular_file()) continue;
    if (is_image_name(entry.path())) {
      files.push_back(entry.path().lexically_relative(root).string());
    } else {
      ++left_out;
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r"), last = text.find_last_not_of(" \t\r");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

// false where it is none.
bool parse_label(const std::string& text, std::int32_t& label) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), label);
  return code == std::errc() && end == text.data() + text.size() && label >= 0 && label < kMostClasses;
}

}  // namespace

ImageList list_image_folder(const fs::path& folder) try {
  if (!fs::is_directory(folder)) fail("image folder {} does not exist, or is not a folder", folder.string());
  ImageList list{folder, {}, {}, sub_folders(folder), 0, folder.string()};
  if (list.class_names.empty()) {
    fail("image folder {} has no sub-folders: one for each class was expected (for a list of files, the kind is list)",
         folder.string());
  }
  std::int64_t left_out = 0;
  for (const std::string& name : list.class_names) {
    const std::vector<std::string> files = images_below(folder, name, left_out);
    if (files.empty()) {
      fail("image folder {} has no image (.jpg, .jpeg, .png) for class \"{}\": at least one was expected",
           folder.string(), name);
    }
    list.files.insert(list.files.end(), files.begin(), files.end());
    list.labels.resize(list.files.size(), static_cast<std::int32_t>(list.classes++));
  }
  if (left_out != 0)
    log::warning("{}: {} files that end in none of .jpg, .jpeg, .png are left out", folder.string(), left_out);
  return list;
} catch (const fs::filesystem_error& error) {
  fail("cannot read image folder {}: {}", folder.string(), error.code().message());
}

ImageList read_image_list(const fs::path& file, const fs::path& root) {
  const std::string where = "image list " + file.string();
  std::istringstream text(read_file(file, "image list", kLongestList));
  ImageList list{root, {}, {}, {}, 0, file.string()};
  std::string line;
  for (std::int64_t number = 1; std::getline(text, line); ++number) {
    line = trimmed(line);
    if (line.empty()) continue;
    const auto comma = line.rfind(',');
    if (comma == std::string::npos)
      fail("{}: line {} is \"{}\": path,label was expected", where, number, line.substr(0, 200));
    std::int32_t label = 0;
    if (!parse_label(trimmed(line.substr(comma + 1)), label)) {
      if (list.files.empty() && number == 1) continue;  // a header
      fail("{}: line {} has label \"{}\": 0..{} was expected", where, number,
           trimmed(line.substr(comma + 1)).substr(0, 80), kMostClasses - 1);
    }
    const std::string path = trimmed(line.substr(0, comma));
    contained_path(root, path, fmt::format("{}: line {}", where, number));
    list.files.push_back(path);
    list.labels.push_back(label);
    list.classes = std::max<std::int64_t>(list.classes, label + 1);
  }
  if (list.files.empty()) fail("{} has no image: lines path,label were expected", where);
  return list;
}

void name_classes(ImageList& list, const fs::path& names) {
  std::istringstream text(read_file(names, "class names", kLongestList));
  std::vector<std::string> found;
  for (std::string line; std::getline(text, line);) {
    if (!trimmed(line).empty()) found.push_back(trimmed(line));
  }
  if (static_cast<std::int64_t>(found.size()) < list.classes) {
    fail("class names {} has {} lines: at least {} were expected, one for each class of {}", names.string(),
         found.size(), list.classes, list.origin);
  }
  list.class_names = std::move(found);
  list.classes = static_cast<std::int64_t>(list.class_names.size());
}

}  // namespace vbq
