#include "app/import.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "app/output_file.hpp"
#include "config/names.hpp"
#include "core/check.hpp"
#include "core/log.hpp"
#include "data/dataset_checks.hpp"
#include "data/image_stream.hpp"
#include "data/import_kinds.hpp"
#include "data/importers.hpp"
#include "report/progress.hpp"
#include "run/data_warnings.hpp"
#include "run/open_images.hpp"
#include "store/dataset_stream.hpp"
#include "vbq/dataset_file.hpp"
#include "vbq/label.hpp"

namespace vbq {
namespace {

Preprocessing preprocessing_of(const ImportArguments& arguments) {
  Preprocessing how;
  if (!arguments.resize.empty()) how.resize = parse_image_size(arguments.resize, "--resize");
  if (!arguments.crop.empty()) how.crop = parse_crop_size(arguments.crop, "--crop");
  if (!arguments.interpolation.empty()) {
    how.interpolation = value_of<Interpolation>(arguments.interpolation, kInterpolations, "--interpolation");
  }
  how.grey = arguments.grey;
  return how;
}

// What a stream's info is made of before the first image is known.
DatasetInfo info_of(const ImageList& list, const Preprocessing& how, Normalisation normalisation) {
  DatasetInfo info;
  info.count = static_cast<std::int64_t>(list.files.size());
  info.class_names = list.class_names;
  info.classes = list.classes;
  info.normalisation = std::move(normalisation);
  info.preprocessing = how.text();
  info.origin = list.origin;
  return info;
}

Existing existing_of(const ImportArguments& arguments) {
  return arguments.overwrite ? Existing::overwrite : Existing::refuse;
}

// All files that the import of photos reads.
std::vector<std::filesystem::path> inputs_of(const ImageList& list, const ImportArguments& arguments) {
  std::vector<std::filesystem::path> inputs{arguments.class_names};
  for (const std::string& file : list.files) inputs.push_back(list.root / file);
  return inputs;
}

// A folder stands for a class, whatever is in it; in a list of files a label may be passed over.
std::vector<bool> classes_expected(const ImageList& list, const std::string& kind) {
  std::vector<bool> expected(static_cast<std::size_t>(list.classes), kind == "folder");
  for (const std::int32_t label : list.labels) {
    if (label != kNoLabel) expected[static_cast<std::size_t>(label)] = true;
  }
  return expected;
}

// Takes photos in pieces, as they are read; of the first, info is whole but for its hash.
using TakePhotos = std::function<void(const Images& piece, const DatasetInfo& info)>;

// Photos stream from their files to whoever takes them.
DatasetInfo stream_photos(const ImportArguments& arguments, const CommonOptions& common,
                          std::vector<std::string>& warnings, const TakePhotos& take) {
  const BadFiles bad_files = arguments.skip_bad ? BadFiles::leave_out : BadFiles::refuse;
  ImageStreamOptions options{preprocessing_of(arguments), bad_files, common.engine.threads};
  ImageList list = list_images(arguments.kind, arguments.sources, arguments.root, bad_files);
  if (!arguments.class_names.empty()) name_classes(list, arguments.class_names);
  if (!arguments.output.empty()) check_output(arguments.output, inputs_of(list, arguments), existing_of(arguments));
  Progress progress(common.quiet, common.screen);
  options.progress = [&](std::int64_t done, std::int64_t total) {
    progress.show(fmt::format("{} of {} photos", thousands(done), thousands(total)));
  };
  DatasetInfo info = info_of(list, options.preprocessing, normalisation_of(arguments));
  std::vector<std::int64_t> images(static_cast<std::size_t>(list.classes));
  const std::int64_t left_out = list.left_out + stream_images(list, options, [&](const Images& piece) {
                                  info.channels = piece.channels;
                                  info.height = piece.height;
                                  info.width = piece.width;
                                  take(piece, info);
                                  for (const std::int32_t label : piece.labels) {
                                    if (label != kNoLabel) ++images[static_cast<std::size_t>(label)];
                                  }
                                });
  progress.end_line();
  if (left_out != 0) {
    const std::int64_t files = static_cast<std::int64_t>(list.files.size()) + list.left_out;
    add_warnings(warnings, {fmt::format("{} of {} files were left out", left_out, files)});
  }
  add_warnings(warnings, emptied_class_warnings(info, images, classes_expected(list, arguments.kind)));
  return info;
}

// As told, or none: the shape must tell.
std::optional<Layout> layout_of(const ImportArguments& arguments) {
  if (arguments.layout.empty()) return std::nullopt;
  if (arguments.kind != "npy") fail("--layout is for kind npy: kind {} was given", arguments.kind);
  return value_of<Layout>(arguments.layout, kLayouts, "--layout");
}

void refuse_unused_options(const ImportArguments& arguments) {
  const std::pair<bool, const char*> given[] = {{!arguments.resize.empty(), "--resize"},
                                                {!arguments.crop.empty(), "--crop"},
                                                {!arguments.interpolation.empty(), "--interpolation"},
                                                {arguments.grey, "--grey"},
                                                {!arguments.root.empty(), "--root"},
                                                {!arguments.class_names.empty(), "--class-names"},
                                                {arguments.skip_bad, "--skip-bad"}};
  const bool photos = is_photo_kind(arguments.kind);
  for (const auto& [is_given, option] : given) {
    if (is_given && !photos)
      fail("{} is for photos (kinds folder and list): kind {} was given", option, arguments.kind);
  }
  if (arguments.kind == "folder" && !(arguments.root.empty() && arguments.class_names.empty())) {
    fail("--root and --class-names are for kind list: kind folder was given, whose sub-folders name the classes");
  }
  if (!arguments.interpolation.empty() && arguments.resize.empty()) {
    fail("--interpolation is of --resize, which is not given");
  }
}

}  // namespace

Normalisation normalisation_of(const ImportArguments& arguments) {
  return {{arguments.mean.begin(), arguments.mean.end()}, {arguments.std.begin(), arguments.std.end()}};
}

std::string kind_of_source(const std::filesystem::path& source) {
  std::error_code code;
  if (!std::filesystem::exists(source, code)) fail("images {} do not exist", source.string());
  std::string kind = detect_kind(source);
  if (!kind.empty()) return kind;
  const std::string ending = source.extension().string();
  if (ending == ".csv" || ending == ".txt") return "list";
  fail("{} is none of what can be told by its content: --kind {} was expected", source.string(),
       "cifar10, cifar100, mnist, npy, folder or list");
}

void refuse_import_options(const ImportArguments& arguments, const std::filesystem::path& dataset) {
  const std::pair<bool, const char*> given[] = {{!arguments.mean.empty(), "--mean"},
                                                {!arguments.std.empty(), "--std"},
                                                {!arguments.layout.empty(), "--layout"},
                                                {!arguments.resize.empty(), "--resize"},
                                                {!arguments.crop.empty(), "--crop"},
                                                {!arguments.interpolation.empty(), "--interpolation"},
                                                {!arguments.root.empty(), "--root"},
                                                {!arguments.class_names.empty(), "--class-names"},
                                                {arguments.grey, "--grey"},
                                                {arguments.skip_bad, "--skip-bad"}};
  for (const auto& [is_given, option] : given) {
    if (is_given)
      fail("{} is for images that are imported: {} is a dataset file, which is taken as it is", option,
           dataset.string());
  }
}

void complete_photo_options(ImportArguments& arguments, const Shape& input) {
  if (!is_photo_kind(arguments.kind) || input.size() != 3) return;
  if (input[0] == 1 && !arguments.grey) {
    arguments.grey = true;
    log::info("photos    made grey, as the network takes one channel");
  }
  if (!arguments.resize.empty() || !arguments.crop.empty()) return;
  arguments.crop = fmt::format("{}x{}", input[1], input[2]);
  arguments.resize = input[1] == input[2] ? fmt::format("{}", input[1]) : arguments.crop;
  log::info("photos    --resize {} --crop {}, as the network takes {}x{}; give both where it was trained otherwise",
            arguments.resize, arguments.crop, input[1], input[2]);
}

std::unique_ptr<ImageSource> import_to_memory(const ImportArguments& arguments, const CommonOptions& common,
                                              std::vector<std::string>& warnings) {
  refuse_unused_options(arguments);
  const std::optional<Layout> layout = layout_of(arguments);
  if (!is_photo_kind(arguments.kind)) {
    check_import(arguments.sources);
    ImportedImages imported = import_images(arguments.kind, arguments.sources, normalisation_of(arguments), layout);
    add_warnings(warnings, imported.warnings);
    return memory_source(std::move(imported.images), std::move(imported.info));
  }
  Images images;
  DatasetInfo info = stream_photos(arguments, common, warnings, [&](const Images& piece, const DatasetInfo& of) {
    if (images.count == 0) {
      const std::int64_t one = image_bytes(of.channels, of.height, of.width, of.origin);
      const std::int64_t all = pixel_bytes(of.count, one, of.origin);
      check_imported(of.origin, all);
      images.pixels.reserve(static_cast<std::size_t>(all));
    }
    append_images(images, piece, of.origin);
  });
  info.count = images.count;  // without those left out
  complete_info(info, images, info.origin);
  return memory_source(std::move(images), std::move(info));
}

DatasetInfo import_dataset(const ImportArguments& arguments, const CommonOptions& common,
                           std::vector<std::string>& warnings) {
  refuse_unused_options(arguments);
  const std::optional<Layout> layout = layout_of(arguments);
  check_output(arguments.output, arguments.sources, existing_of(arguments));
  DatasetInfo info;
  if (is_photo_kind(arguments.kind)) {
    std::optional<DatasetStream> stream;
    stream_photos(arguments, common, warnings, [&](const Images& piece, const DatasetInfo& of) {
      if (!stream) stream.emplace(arguments.output, of);
      stream->append(piece);
    });
    info = stream->finish();
  } else {
    ImportedImages imported = import_images(arguments.kind, arguments.sources, normalisation_of(arguments), layout);
    add_warnings(warnings, imported.warnings);
    write_dataset(arguments.output, imported.images, imported.info);
    info = std::move(imported.info);
  }
  add_warnings(warnings, normalisation_warnings(info.normalisation, arguments.output.string()));
  add_warnings(warnings, class_warnings(info));
  return info;
}

}  // namespace vbq
