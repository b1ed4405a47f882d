// Photos in a folder of folders. Nothing in it is passed over without a word: what is no image, is hidden, or cannot be
// read is counted or named.
#include <algorithm>
#include <cctype>
#include <system_error>

#include "core/check.hpp"
#include "core/log.hpp"
#include "data/image_list.hpp"
#include "vbq/dataset.hpp"
#include "vbq/label.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace {

bool is_image_name(const fs::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return ending == ".jpg" || ending == ".jpeg" || ending == ".png";
}

class Walk {
 public:
  Walk(fs::path root, BadFiles bad_files) : root_(std::move(root)), bad_files_(bad_files) {
    std::error_code code;
    above_.push_back(fs::canonical(root_, code));
  }

  // Names of the folders in the root, in order.
  std::vector<std::string> classes() {
    std::vector<std::string> names;
    for (const fs::path& path : entries(root_)) {
      const fs::file_type type = type_of(path);
      if (type == fs::file_type::directory) {
        names.push_back(path.filename().string());
      } else if (type != fs::file_type::none && is_image_name(path)) {
        beside_.push_back(path.filename().string());
      }
    }
    return names;
  }

  // Images in any depth below the root's folder of this name, relative to the root, in the order of their paths.
  std::vector<std::string> images(const std::string& name) {
    found_.clear();
    visit(root_ / name);
    std::sort(found_.begin(), found_.end());
    return std::move(found_);
  }

  // Images in the root itself, in the order of their names; of classes().
  const std::vector<std::string>& beside() const { return beside_; }

  std::int64_t left_out() const { return bad_; }

  enum class Beside { left_out, taken };
  void report(Beside beside) const {
    const std::string root = root_.string();
    if (!beside_.empty() && beside == Beside::left_out)
      log::warning("{}: {} images beside the folders of the classes are left out: they have no class", root,
                   beside_.size());
    if (others_ != 0) log::warning("{}: {} files that end in none of .jpg, .jpeg, .png are left out", root, others_);
    if (hidden_ != 0)
      log::warning("{}: {} hidden files and folders are left out, such as {}", root, hidden_, first_hidden_);
  }

 private:
  // Without those that are hidden. None, and bad, when the folder cannot be read.
  std::vector<fs::path> entries(const fs::path& folder) {
    std::vector<fs::path> paths;
    std::error_code code;
    fs::directory_iterator next(folder, code);
    for (; !code && next != fs::directory_iterator(); next.increment(code)) {
      if (next->path().filename().string().front() == '.') {
        if (hidden_++ == 0) first_hidden_ = next->path().lexically_relative(root_).string();
      } else {
        paths.push_back(next->path());
      }
    }
    if (code && folder == root_) fail("cannot read image folder {}: {}", root_.string(), code.message());
    if (code) reject(folder, code.message());
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  // Links are followed. none: it is bad.
  fs::file_type type_of(const fs::path& path) {
    std::error_code code;
    const fs::file_type type = fs::status(path, code).type();
    if (type == fs::file_type::not_found) {
      reject(path, "it is a link to nothing");
    } else if (type == fs::file_type::none) {
      reject(path, code.message());
    } else {
      return type;
    }
    return fs::file_type::none;
  }

  void visit(const fs::path& folder) {
    std::error_code code;
    const fs::path real = fs::canonical(folder, code);
    if (code) return reject(folder, code.message());
    if (std::ranges::find(above_, real) != above_.end()) return reject(folder, "it leads back to a folder above it");
    above_.push_back(real);
    for (const fs::path& path : entries(folder)) {
      const fs::file_type type = type_of(path);
      if (type == fs::file_type::directory) {
        visit(path);
      } else if (type == fs::file_type::regular && is_image_name(path)) {
        found_.push_back(path.lexically_relative(root_).string());
      } else if (type != fs::file_type::none && is_image_name(path)) {
        reject(path, "it is not a file");
      } else if (type != fs::file_type::none) {
        ++others_;
      }
    }
    above_.pop_back();
  }

  void reject(const fs::path& path, const std::string& why) {
    if (bad_files_ == BadFiles::refuse)
      fail("{} in image folder {} cannot be read: {} (--skip-bad leaves such entries out)",
           path.lexically_relative(root_).string(), root_.string(), why);
    log::warning("left out: {}: {}", path.string(), why);
    ++bad_;
  }

  fs::path root_;
  BadFiles bad_files_;
  std::vector<std::string> found_;
  std::vector<fs::path> above_;  // the folders that are being visited, links resolved
  std::string first_hidden_;
  std::vector<std::string> beside_;
  std::int64_t others_ = 0, hidden_ = 0, bad_ = 0;
};

}  // namespace

ImageList list_image_folder(const fs::path& folder, BadFiles bad_files) {
  std::error_code code;
  if (!fs::is_directory(folder, code)) {
    fail("image folder {} does not exist, or is not a folder", folder.string());
  }
  Walk walk(folder, bad_files);
  ImageList list;
  list.root = folder;
  list.origin = folder.string();
  list.class_names = walk.classes();
  if (list.class_names.empty()) {
    if (walk.beside().empty()) {
      fail("image folder {} has neither sub-folders, one for each class, nor images (.jpg, .jpeg, .png) without labels",
           folder.string());
    }
    list.files = walk.beside();
    list.labels.assign(list.files.size(), kNoLabel);
    list.left_out = walk.left_out();
    walk.report(Walk::Beside::taken);
    return list;
  }
  for (const std::string& name : list.class_names) {
    const std::int64_t before = walk.left_out();
    const std::vector<std::string> files = walk.images(name);
    if (files.empty() && walk.left_out() == before) {
      fail("image folder {} has no image (.jpg, .jpeg, .png) for class \"{}\": at least one was expected",
           folder.string(), name);
    }
    list.files.insert(list.files.end(), files.begin(), files.end());
    list.labels.resize(list.files.size(), static_cast<std::int32_t>(list.classes++));
  }
  if (list.files.empty()) fail("image folder {} has no image that can be read", folder.string());
  list.left_out = walk.left_out();
  walk.report(Walk::Beside::left_out);
  return list;
}

}  // namespace vbq
