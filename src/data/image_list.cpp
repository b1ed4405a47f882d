#include "data/image_list.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "core/check.hpp"
#include "core/file.hpp"
#include "data/import_kinds.hpp"
#include "vbq/dataset.hpp"
#include "vbq/label.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kLongestList = std::uint64_t{1} << 30;  // bytes

// Some editors and spreadsheets begin UTF-8 text with a byte-order mark.
std::string read_text(const fs::path& path, const std::string& what) {
  std::string text = read_file(path, what, kLongestList);
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    fail("{} {} is UTF-16 text: UTF-8 was expected", what, path.string());
  }
  return text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
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

ImageList read_image_list(const fs::path& file, const fs::path& root) {
  const std::string where = "image list " + file.string();
  std::istringstream text(read_text(file, "image list"));
  ImageList list;
  list.root = root;
  list.origin = file.string();
  std::string line;
  for (std::int64_t number = 1; std::getline(text, line); ++number) {
    line = trimmed(line);
    if (line.empty()) continue;
    const auto comma = line.rfind(',');
    if (comma == std::string::npos && list.classes == 0) {
      contained_path(root, line, fmt::format("{}: line {}", where, number));
      list.files.push_back(line);
      list.labels.push_back(kNoLabel);
      continue;
    }
    if (list.classes == 0 && !list.files.empty()) {
      fail("{}: line {} is \"{}\": a path alone was expected, as in the lines before it", where, number,
           line.substr(0, 200));
    }
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
  if (list.files.empty()) fail("{} has no image: lines path,label (or path alone) were expected", where);
  return list;
}

void name_classes(ImageList& list, const fs::path& names) {
  if (list.classes == 0) fail("class names {} are given: {} has no labels", names.string(), list.origin);
  std::istringstream text(read_text(names, "class names"));
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
