// vbq evaluate: accuracy of a network, as trained or quantised by a found format.
#include <charconv>
#include <chrono>
#include <utility>

#include "app/commands.hpp"
#include "app/import.hpp"
#include "config/unused.hpp"
#include "core/check.hpp"
#include "core/clock.hpp"
#include "data/label_offset.hpp"
#include "report/output.hpp"
#include "report/score_json.hpp"
#include "run/data_warnings.hpp"
#include "run/fit.hpp"
#include "run/not_finite.hpp"
#include "run/open_images.hpp"
#include "run/ranks.hpp"
#include "run/scores.hpp"
#include "run/setup.hpp"
#include "store/file_kind.hpp"
#include "vbq/format_file.hpp"
#include "vbq/onnx.hpp"

namespace vbq {
namespace {

// One end of "A:B"; empty text gives the default.
std::int64_t read_end(const std::string& text, std::int64_t otherwise, const std::string& whole) {
  if (text.empty()) return otherwise;
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) fail("--images is \"{}\": A:B was expected", whole);
  return value;
}

std::vector<std::int64_t> read_range(const std::string& text, std::int64_t count) {
  std::int64_t first = 0, last = count;
  if (!text.empty()) {
    const auto colon = text.find(':');
    if (colon == std::string::npos) fail("--images is \"{}\": A:B was expected", text);
    first = read_end(text.substr(0, colon), 0, text);
    last = read_end(text.substr(colon + 1), count, text);
  }
  if (first < 0 || first >= last || last > count)
    fail("--images is \"{}\": a range within 0:{} was expected", text, count);
  std::vector<std::int64_t> indices;
  for (std::int64_t i = first; i < last; ++i) indices.push_back(i);
  return indices;
}

// What is scored, and on what.
struct Scored {
  Problem problem;
  QuantisedNetwork network;
  std::vector<std::string> warnings;  // logged already
};

// What is counted of images without labels is agreement, for which FP32's answers are kept.
void count_agreement(Problem& problem, const EvaluateArguments& arguments) {
  if (!arguments.format) {
    fail("{} has no labels: --format was expected, whose network's agreement with FP32 is counted then",
         problem.search_source->info().origin);
  }
  problem.with_divergence = true;
}

// A dataset file, or a source whose kind stands before its path, as they are; other images are imported.
std::shared_ptr<const ImageSource> open_data(const EvaluateArguments& arguments, const Shape& input,
                                             const CommonOptions& common, std::vector<std::string>& warnings) {
  ImportArguments import = arguments.import;
  import.sources = {arguments.data};
  const std::string text = arguments.data.string();
  const auto colon = text.find(':');
  if (import.kind.empty() && colon != std::string::npos && !std::filesystem::exists(arguments.data)) {
    import.kind = text.substr(0, colon);
    import.sources = split_paths(text.substr(colon + 1), "");
  }
  for (const std::filesystem::path& source : import.sources) {
    if (!std::filesystem::exists(source)) fail("dataset {} does not exist", source.string());
  }
  if (import.kind.empty() && identify(arguments.data) != FileKind::other) {
    const Normalisation given = normalisation_of(import);
    import.mean = import.std = {};  // which may only say what the dataset says
    refuse_import_options(import, arguments.data);
    return open_images(std::filesystem::absolute(arguments.data), given);
  }
  if (import.kind.empty()) import.kind = kind_of_source(arguments.data);
  complete_photo_options(import, input);
  return import_to_memory(import, common, warnings);
}

Scored make_scored(const EvaluateArguments& arguments, std::string network, const CommonOptions& common) {
  const EngineOptions& engine = common.engine;
  Scored scored;
  Problem& problem = scored.problem;
  problem.network = parse_onnx(std::move(network), arguments.network, arguments.output_name);
  problem.search_source = with_label_offset(
      open_data(arguments, problem.network.input_shape(), common, scored.warnings), arguments.label_offset.value_or(0));
  const DatasetInfo& info = problem.search_source->info();
  check_fit(info, problem.network, arguments.network.string());
  std::vector<std::string>& warnings = scored.warnings;
  add_warnings(warnings, unused_engine_options(engine));
  add_warnings(warnings, class_warnings(info));
  add_warnings(warnings, normalisation_warnings(info.normalisation, info.origin));
  add_warnings(warnings, label_offset_warnings(info, problem.network, arguments.label_offset));
  problem.split.search = read_range(arguments.images, info.count);
  problem.engine = engine;
  problem.population = 1;
  if (info.classes == 0) count_agreement(problem, arguments);
  if (arguments.format) {
    FoundNetwork read = read_found_network(*arguments.format, problem.network);
    scored.network = std::move(read.found.network);
    problem.engine.block = read.found.block;
    if (!read.found.activations.empty()) problem.trained = std::exchange(problem.network, std::move(read.network));
  }
  return scored;
}

void print_tally(const Tally& tally, Labels labels, const EngineInfo& engine, double seconds,
                 const std::vector<std::string>& warnings, const CommonOptions& common) {
  const double rate = static_cast<double>(tally.seen) / seconds;
  const Divergence divergence = labels == Labels::given ? Divergence::left_out : Divergence::told;
  if (common.json) {
    auto json = score_json(tally, divergence, labels);
    json["seconds"] = seconds;
    json["images_per_second"] = rate;
    json["engine"] = engine.kind;
    json["device"] = engine.device;
    json["instruction_set"] = engine.isa;
    json["library"] = engine.library;
    json["precision"] = engine.precision;
    json["threads"] = engine.threads;
    json["warnings"] = warnings;
    print_json(json);
    return;
  }
  const std::string scores =
      labels == Labels::given ? fmt::format("top-1 {}\ntop-5 {}\nloss  {:8.4f}\n", percent_text(tally.top1, tally.seen),
                                            percent_text(tally.top5, tally.seen), mean_loss(tally))
                              : fmt::format("agreement with FP32 {}\ndivergence {:8.4f}\n",
                                            percent_text(tally.top1, tally.seen), mean_divergence(tally));
  const std::string text = scores + fmt::format("{} images in {:.2f} s, {:.0f} images/s ({} engine)\n", tally.seen,
                                                seconds, rate, engine.kind);
  print(text);
}

}  // namespace

int command_evaluate(const EvaluateArguments& arguments, const CommonOptions& common) {
  return on_all_ranks([&](Communicator& world) {
    std::string network = share_network(world, arguments.network);
    const Scored scored = agree(world, [&] { return make_scored(arguments, std::move(network), common); });
    return with_evaluator(world, scored.problem, [&](Evaluator& evaluator, const ComputeInfo& compute) {
      const auto start = std::chrono::steady_clock::now();
      const Tally tally = evaluator.score(ImageSet::search, scored.network);
      const double seconds = seconds_since(start);
      std::vector<std::string> warnings = scored.warnings;
      if (!arguments.format) add_warnings(warnings, accuracy_warnings(scored.problem, ImageSet::search, tally));
      if (!scored.problem.with_divergence) {  // else such images were refused at the start
        add_warnings(warnings, warn_of_not_finite(evaluator, ImageSet::search, tally));
      }
      print_tally(tally, labels_of(scored.problem, ImageSet::search), compute.engine, seconds, warnings, common);
      return 0;
    });
  });
}

}  // namespace vbq
