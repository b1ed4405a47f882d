#include "run/open_images.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>

#include "cluster/launcher.hpp"
#include "core/check.hpp"
#include "core/log.hpp"
#include "data/dataset_checks.hpp"
#include "data/importers.hpp"
#include "evaluate/memory.hpp"
#include "store/file_kind.hpp"
#include "vbq/dataset_file.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace {

// What a file holds, unpacked where it is gzipped: its last four bytes say so (modulo 2^32). 0 for what is no file.
std::int64_t unpacked_size(const fs::path& path) {
  std::error_code code;  // a missing file is told by its reader
  const std::uintmax_t size = fs::is_regular_file(path, code) ? fs::file_size(path, code) : 0;
  if (code) return 0;
  std::array<unsigned char, 4> last{};
  std::ifstream file(path, std::ios::binary);
  if (path.extension() != ".gz" || size < 18 || !file.seekg(-4, std::ios::end) ||
      !file.read(reinterpret_cast<char*>(last.data()), 4)) {
    return static_cast<std::int64_t>(size);
  }
  return std::max(static_cast<std::int64_t>(size), last[0] + (std::int64_t{last[1]} << 8) +
                                                       (std::int64_t{last[2]} << 16) + (std::int64_t{last[3]} << 24));
}

// A dataset file says how its images are normalised: what is given besides may only say the same.
void check_given(const Normalisation& given, const DatasetInfo& info) {
  if (given.mean.empty() && given.std.empty()) return;
  const Normalisation wanted = complete_normalisation(given, info.channels, "the given mean and standard deviation");
  if (wanted == info.normalisation) return;
  fail("{} were given: dataset {} has {} of its own; leave them out, or import its images anew with others",
       normalisation_text(wanted), info.origin, normalisation_text(info.normalisation));
}

}  // namespace

std::string normalisation_text(const Normalisation& normalisation) {
  return fmt::format("mean [{}] and standard deviation [{}]", fmt::join(normalisation.mean, ", "),
                     fmt::join(normalisation.std, ", "));
}

void check_imported(const std::string& origin, std::int64_t bytes, int copies) {
  check_reading(origin, bytes, copies, launcher_local_size(),
                "`vbq data import` makes a dataset file of it, of which a worker reads its own images only");
}

void check_import(const std::vector<fs::path>& sources) {
  std::int64_t bytes = 0;
  for (const fs::path& source : sources) bytes += unpacked_size(source);
  check_imported(sources.front().string(), bytes, 3);  // a .npy of floats: itself, turned around, and its pixels
}

std::vector<fs::path> split_paths(const std::string& text, const fs::path& folder) {
  std::vector<fs::path> paths;
  std::size_t start = 0;
  for (;;) {
    const auto comma = text.find(',', start);
    paths.push_back(folder / text.substr(start, comma - start));
    if (comma == std::string::npos) return paths;
    start = comma + 1;
  }
}

std::shared_ptr<const ImageSource> open_images(const fs::path& path, const Normalisation& normalisation) {
  const std::string text = path.filename().string();
  const auto colon = text.find(':');
  std::string kind;
  std::vector<fs::path> sources{path};
  if (colon != std::string::npos && !fs::exists(path)) {
    // The kind came before the path, so that the folder of the whole holds it: DIR/cifar10:FILE.
    kind = text.substr(0, colon);
    sources = split_paths(text.substr(colon + 1), path.parent_path());
  } else {
    if (!fs::exists(path)) fail("dataset {} does not exist", path.string());
    const FileKind found = identify(path);
    if (found == FileKind::dataset) {
      std::shared_ptr<const ImageSource> dataset = open_dataset(path);
      check_given(normalisation, dataset->info());
      return dataset;
    }
    if (found == FileKind::checkpoint)
      fail("{} is a checkpoint, or another sealed file of a run: a dataset was expected", path.string());
    kind = detect_kind(path);
    if (kind.empty()) {
      fail("{} is neither a dataset file nor a source that can be told: `vbq data import` makes a dataset of it",
           path.string());
    }
  }
  check_import(sources);
  ImportedImages imported = import_images(kind, sources, normalisation);
  for (const std::string& warning : imported.warnings) log::warning("{}", warning);
  return memory_source(std::move(imported.images), std::move(imported.info));
}

}  // namespace vbq
