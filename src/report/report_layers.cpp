#include "report/report_layers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "report/chart.hpp"
#include "report/progress.hpp"

namespace vbq {
namespace {

std::string bar_svg(double share, double most) {
  return fmt::format(
      "<svg class=\"bar\" viewBox=\"0 0 70 10\"><rect class=\"weights\" x=\"0\" y=\"1\" width=\"{:.1f}\" "
      "height=\"8\"/></svg>",
      most > 0 ? 70 * share / most : 0);
}

// Harm in what the fitness is in: nats an image, or points of accuracy.
std::string harm_text(const LayerFacts& layer, Fitness fitness) {
  if (!layer.harm) return "";
  return fitness == Fitness::top1 ? fmt::format("{:.2f}", 100 * *layer.harm) : fmt::format("{:.6f}", *layer.harm);
}

std::string levels_text(const LayerFacts& layer) {
  if (layer.codebooks == 0) return "FP32";
  return layer.codebooks == 1 ? std::to_string(layer.levels)
                              : fmt::format("{} codebooks of {}", thousands(layer.codebooks), layer.levels);
}

// Columns that only some tables have.
struct Columns {
  bool harm, outputs;
  Fitness fitness;
};

std::string share_text(std::optional<double> share) { return share ? fmt::format("{:.2f} %", 100 * *share) : ""; }

std::string row_html(const LayerFacts& layer, double share, double most, const Columns& columns) {
  const bool quantised = layer.codebooks > 0;
  const auto cell = [](const std::string& text) { return "<td class=\"number\">" + text + "</td>"; };
  return "<tr><td class=\"name\">" + html_text(layer.name) + "</td>" + cell(thousands(layer.weights)) +
         cell(levels_text(layer)) + cell(quantised ? std::to_string(layer.index_bits) : "32") +
         cell(quantised ? fmt::format("{:.3f}", layer.entropy) : "") +
         cell(quantised ? share_text(layer.weight_error) : "") +
         (columns.outputs ? cell(share_text(layer.output_error)) : "") +
         (columns.harm ? cell(harm_text(layer, columns.fitness)) : "") + cell(thousands((layer.bits + 7) / 8)) +
         cell(fmt::format("{:.1f} %", 100 * share)) + "<td>" + bar_svg(share, most) + "</td></tr>\n";
}

// Of a harm, behind a comma.
const char* unit(Fitness fitness) {
  if (fitness == Fitness::top1) return ", %";
  return fitness == Fitness::outputs ? ", squared" : ", nats";
}

std::string table_html(const std::vector<LayerFacts>& layers, Fitness fitness) {
  std::int64_t all = 0, most = 0;
  for (const LayerFacts& layer : layers) {
    all += layer.bits;
    most = std::max(most, layer.bits);
  }
  const auto share = [&](std::int64_t bits) {
    return all > 0 ? static_cast<double>(bits) / static_cast<double>(all) : 0.0;
  };
  const Columns columns{std::ranges::any_of(layers, [](const LayerFacts& of) { return of.harm.has_value(); }),
                        std::ranges::any_of(layers, [](const LayerFacts& of) { return of.output_error.has_value(); }),
                        fitness};
  std::string text =
      "<div class=\"scroll\"><table><tr><th>layer</th><th class=\"number\">weights</th><th class=\"number\">levels</th>"
      "<th class=\"number\">bits</th><th class=\"number\">entropy</th><th class=\"number\">weight error</th>";
  if (columns.outputs) text += "<th class=\"number\">output error</th>";
  if (columns.harm) {
    text += fmt::format("<th class=\"number\">alone costs{}</th>", unit(fitness));
  }
  text += "<th class=\"number\">bytes</th><th class=\"number\">share</th><th></th></tr>\n";
  for (const LayerFacts& layer : layers) text += row_html(layer, share(layer.bits), share(most), columns);
  text +=
      "</table></div>\n<p class=\"note\">Bits: of a weight's index. Entropy: of the layer's levels, bits a weight. "
      "Bytes and share of all layers: in the job's coding, with codebook, scales and shifts. Weight error: the square "
      "of what the levels are off by, of the weights' own; error compensation moves weights to make up for others, so "
      "that it may be above 100 %.";
  if (columns.outputs) {
    text += " Output error: the same of what the layer gives for the inputs that it sees as trained (calibration.h5).";
  }
  if (columns.harm) {
    text += fmt::format(
        " Alone costs: {} on the search's images when this layer alone is quantised: to about this "
        "size, or a grid with the step that all layers had when they were measured (sensitivity.h5).",
        fitness == Fitness::top1 ? "accuracy lost" : fmt::format("{} added", fitness_name(fitness)));
  }
  return text + "</p>\n";
}

std::string card_html(const LayerFacts& layer) {
  const LevelsAs shown = layer.codebooks == 1 && layer.levels <= 64 ? LevelsAs::counted : LevelsAs::ticks;
  return "<figure><figcaption>" + html_text(layer.name) + ", " +
         (layer.codebooks == 1 ? fmt::format("{} level{}", layer.levels, layer.levels == 1 ? "" : "s")
                               : levels_text(layer)) +
         "</figcaption>" + codebook_chart(layer.histogram, layer.drawn, shown) + "</figure>\n";
}

}  // namespace

std::string layers_html(const std::vector<LayerFacts>& layers, Fitness fitness) {
  std::string text = "<h2>Layers</h2>\n" + table_html(layers, fitness);
  text +=
      "<h2>Codebooks</h2>\n<p>Grey: how often a trained weight, divided by its scale, has this value. A line with a "
      "dot: a level, as high as the number of weights that take it. (Ticks alone: of many codebooks or many levels, "
      "where they lie.)</p>\n<div class=\"cards\">\n";
  for (const LayerFacts& layer : layers) {
    if (layer.codebooks > 0) text += card_html(layer);
  }
  return text + "</div>\n";
}

}  // namespace vbq
