// vbq data import: other people's files become a dataset file.
#include "app/commands.hpp"
#include "core/log.hpp"
#include "data/importers.hpp"
#include "store/dataset_file.hpp"

namespace vbq {

int command_import(const ImportArguments& arguments, const CommonOptions&) {
  Normalisation normalisation{{arguments.mean.begin(), arguments.mean.end()}, {arguments.std.begin(), arguments.std.end()}};
  const ImportedImages imported = import_images(arguments.kind, arguments.sources, std::move(normalisation));
  write_dataset(arguments.output, imported.images, imported.info);
  log::info("{} images of {}x{}x{}, {} classes, written to {}", imported.info.count, imported.info.channels,
            imported.info.height, imported.info.width, imported.info.classes, arguments.output.string());
  return 0;
}

}  // namespace vbq
