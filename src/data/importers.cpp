#include "data/importers.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "core/check.hpp"
#include "core/source_size.hpp"
#include "core/text.hpp"
#include "data/dataset_checks.hpp"
#include "data/image_stream.hpp"
#include "data/import_kinds.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace {

using Names = std::vector<std::string>;
using AppendPair = std::function<void(const fs::path&, const fs::path&)>;

// Replaces the last occurrence.
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.rfind(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

void append_pairs(const std::string& kind, std::vector<fs::path> sources, const AppendPair& append) {
  if (sources.size() == 1) {
    const std::string name = sources[0].filename().string();
    const std::string labels = replaced(replaced(name, "images", "labels"), "idx3", "idx1");
    if (labels == name || !fs::exists(sources[0].parent_path() / labels)) {
      if (kind == "npy") return append(sources[0], {});
      fail("{} takes images and labels: only {} was given, and no labels lie beside it", kind, sources[0].string());
    }
    sources.push_back(sources[0].parent_path() / labels);
  }
  if (sources.size() % 2 != 0) fail("{} takes pairs of images and labels: {} files were given", kind, sources.size());
  for (std::size_t i = 0; i < sources.size(); i += 2) append(sources[i], sources[i + 1]);
}

void append_all(Images& images, const std::vector<fs::path>& sources, const CifarFormat& format) {
  for (const fs::path& source : sources) append_cifar(images, source, format);
}

void append_photos(ImportedImages& out, const std::string& kind, const std::vector<fs::path>& sources) {
  ImageList list = list_images(kind, sources);
  const auto keep = [&](const Images& piece) { append_images(out.images, piece, list.origin); };
  stream_images(list, {}, keep);
  out.info.class_names = std::move(list.class_names);
  out.info.classes = list.classes;
}

}  // namespace

void append_images(Images& images, Images more, const std::string& where) {
  if (images.count == 0) {
    images = std::move(more);
    return;
  }
  if (more.channels != images.channels || more.height != images.height || more.width != images.width) {
    fail("{} holds images of {}x{}x{} (channels, height, width): {}x{}x{} was expected, as in the files before it",
         where, more.channels, more.height, more.width, images.channels, images.height, images.width);
  }
  if (images.pixels.size() + more.pixels.size() > kLargestSource) {
    fail("{} makes more than {} bytes of pixels with the files before it", where, kLargestSource);
  }
  images.count += more.count;
  images.pixels.insert(images.pixels.end(), more.pixels.begin(), more.pixels.end());
  images.labels.insert(images.labels.end(), more.labels.begin(), more.labels.end());
}

bool is_photo_kind(const std::string& kind) { return kind == "folder" || kind == "list"; }

ImageList list_images(const std::string& kind, const std::vector<fs::path>& sources, const fs::path& root,
                      BadFiles bad_files) {
  if (sources.size() != 1) fail("import of a {} takes one {}: {} were given", kind, kind, sources.size());
  if (kind == "folder") return list_image_folder(sources[0], bad_files);
  return read_image_list(sources[0], root.empty() ? sources[0].parent_path() : root);
}

ImportedImages import_images(const std::string& kind, const std::vector<fs::path>& sources, Normalisation normalisation,
                             std::optional<Layout> layout) {
  static const Names kinds{"cifar10", "cifar100", "mnist", "npy", "folder", "list"};
  ImportedImages out;
  const bool known = std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  if (!known) {
    const std::string nearest = nearest_name(kind, kinds);
    if (nearest.empty()) fail("import kind \"{}\" is not known: one of {} was expected", kind, fmt::join(kinds, ", "));
    fail("import kind \"{}\" is not known, did you mean \"{}\"? One of {} was expected", kind, nearest,
         fmt::join(kinds, ", "));
  }
  if (sources.empty()) fail("import of {} was given no file", kind);
  if (kind == "cifar10") {
    append_all(out.images, sources, kCifar10);
    out.info.class_names = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
    out.info.classes = 10;
  } else if (kind == "cifar100") {
    append_all(out.images, sources, kCifar100);
    out.info.classes = 100;
  } else if (kind == "mnist") {
    append_pairs(kind, sources,
                 [&](const fs::path& images, const fs::path& labels) { append_mnist(out.images, images, labels); });
    out.info.class_names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    out.info.classes = 10;
  } else if (is_photo_kind(kind)) {
    append_photos(out, kind, sources);
  } else {
    NpyImages all;
    append_pairs(kind, sources,
                 [&](const fs::path& images, const fs::path& labels) { append_npy(all, images, labels, layout); });
    normalisation = finish(all, std::move(normalisation), sources[0].string(), out.warnings);
    out.images = std::move(all.images);
  }
  out.info.origin = sources[0].string();
  out.info.normalisation = std::move(normalisation);
  complete_info(out.info, out.images, out.info.origin);
  return out;
}

}  // namespace vbq
