// vbq data import: other people's files become a dataset file.
#include <algorithm>

#include "app/commands.hpp"
#include "app/import.hpp"
#include "config/unused.hpp"
#include "core/log.hpp"
#include "data/importers.hpp"
#include "json/json.hpp"
#include "report/output.hpp"

namespace vbq {
namespace {

// "10 classes: 0 airplane, 1 automobile, 2 bird, ..."
std::string classes_text(const DatasetInfo& info) {
  constexpr std::size_t kShown = 5;
  if (info.classes == 0) return "no labels: what is counted is agreement with the network as trained";
  std::string text = fmt::format("{} class{}", info.classes, info.classes == 1 ? "" : "es");
  for (std::size_t c = 0; c < std::min(kShown, info.class_names.size()); ++c) {
    text += fmt::format("{} {} {}", c == 0 ? ":" : ",", c, info.class_names[c]);
  }
  return text + (info.class_names.size() > kShown ? ", ..." : "");
}

}  // namespace

int command_import(const ImportArguments& arguments, const CommonOptions& common) {
  std::vector<std::string> warnings;
  const DatasetInfo info = import_dataset(arguments, common, warnings);
  EngineOptions unused = common.engine;
  if (is_photo_kind(arguments.kind)) unused.threads = 0;
  warn_unused_engine_options(unused, "data import " + arguments.kind);
  log::info("{} images of {}x{}x{} written to {}", info.count, info.channels, info.height, info.width,
            arguments.output.string());
  log::info("{}", classes_text(info));
  if (common.json) {
    print_json({{"output", arguments.output.string()},
                {"images", info.count},
                {"channels", info.channels},
                {"height", info.height},
                {"width", info.width},
                {"classes", info.classes},
                {"class_names", info.class_names},
                {"hash", info.hash},
                {"warnings", warnings}});
  }
  return 0;
}

}  // namespace vbq
