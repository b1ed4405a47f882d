#include "run/quantised_table.hpp"

#include <algorithm>

#include "config/names.hpp"
#include "report/progress.hpp"
#include "report/score_json.hpp"
#include "run/front_text.hpp"

namespace vbq {
namespace {

std::string row(const std::string& what, const Tally& tally) {
  return fmt::format("  {:<28} {}\n", what, percent_text(tally.top1, tally.seen));
}

// Without labels there is nothing to say of FP32: it agrees with itself.
std::string accuracy_rows(const SearchResult& result, Labels labels) {
  std::string text = labels == Labels::given ? row("FP32", result.as_trained.held_out) : std::string();
  if (!result.beginning) return text + row("quantised", result.quantised.held_out);
  text += row("quantised, start of search", result.beginning->start.held_out);
  text += row("quantised, searched", result.beginning->searched.held_out);
  if (result.beginning->delivered) {
    text += "  (the search's gain may be chance on its validation images: its start is delivered)\n";
  }
  return text;
}

std::string size_rows(const Sizes& sizes) {
  const WeightSize& weights = sizes.weights;
  std::string text = fmt::format("Weights     {} bytes -> {} ({:.2f} bits a weight)", thousands(4 * weights.weights),
                                 thousands(weights.bytes()), weights.bits_per_weight());
  if (sizes.entropy_coded) {
    text += fmt::format(", {} with levels at their entropy ({:.2f})", thousands((*sizes.entropy_coded + 7) / 8),
                        static_cast<double>(*sizes.entropy_coded) / static_cast<double>(weights.weights));
  }
  return text + "\n";
}

// Where even the coarsest steps take more.
std::string budget_row(const Setup& setup, const Sizes& sizes) {
  const std::int64_t bits = coded_bits(sizes.weights, setup.job.format.coding);
  if (!setup.budget_bits || bits <= *setup.budget_bits) return "";
  return fmt::format("The budget of {} is not kept: no network so small was found, and this one takes {} bytes\n",
                     budget_text(setup.job), thousands((bits + 7) / 8));
}

std::string file_rows(const Sizes& sizes, const std::filesystem::path& folder) {
  std::string text;
  if (!sizes.files.forms.empty()) {
    const ExportForm form = sizes.files.smallest_exact();
    const auto made = std::ranges::find(sizes.files.forms, form, &FileSizes::Form::form);
    text =
        fmt::format("{:<11} {} bytes -> {}, runs in onnxruntime (form {})\n", "ONNX file",
                    thousands(sizes.files.as_trained), thousands(made->bytes), name_of<ExportForm>(form, kExportForms));
  }
  const auto file = [&](const char* name) { return (folder / name).string(); };
  text += fmt::format("Results     {}, {}, {}\n", file("best.onnx"), file("report.html"), file("best.json"));
  return text + fmt::format("Again       vbq search {} --run ANOTHER_FOLDER, under mpirun too\n", file("job.toml"));
}

}  // namespace

std::string quantised_table(const Setup& setup, const JobOutcome& outcome, const std::filesystem::path& folder) {
  const SearchResult& result = outcome.result;
  std::string text = result.front ? front_text(setup, *result.front) + "The knee:\n" : std::string();
  const Labels labels = labels_of(setup.problem, ImageSet::held_out);
  text += fmt::format("{} on {} images that the search never saw:\n", share_title(labels),
                      thousands(result.as_trained.held_out.seen));
  return text + accuracy_rows(result, labels) + size_rows(outcome.sizes) + budget_row(setup, outcome.sizes) +
         file_rows(outcome.sizes, folder);
}

}  // namespace vbq
