#include "report/report_result.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "report/report_parts.hpp"
#include "report/score_json.hpp"

namespace vbq {

std::string tiles_html(const Json& summary) {
  const Json &before = summary.at("fp32").at("held_out"), &after = summary.at("quantised").at("held_out");
  std::string text = "<div class=\"tiles\">\n";
  if (after.at("images").get<double>() > 0) {
    text += html_tile(percent_of(top1_of(after)),
                      fmt::format("{} quantised, on images that the search never saw", share_name(labels_of(after))));
    if (const auto beginning = summary.find("beginning"); beginning != summary.end()) {
      const bool start = beginning->at("delivered") == "start";
      text += html_tile(
          percent_of(top1_of(beginning->at(start ? "searched" : "start").at("held_out"))),
          start ? "what the search found, not surely better: not delivered" : "the search's start, same images");
    }
    if (labels_of(after) == Labels::given) {
      text += html_tile(percent_of(top1_of(before)), "top-1 as trained (FP32), same images");
    }
  }
  const bool entropy = summary.value("coding", "fixed") == "entropy";  // runs of before do not say it
  const Json& size = entropy ? summary.at("sizes") : summary;
  text += html_tile(
      fmt::format("{:.2f}", size.at(entropy ? "entropy_coded_bits_per_weight" : "bits_per_weight").get<double>()),
      entropy ? "bits per weight, levels at their entropy, codebooks and scales counted"
              : "bits per weight, codebooks and scales counted");
  const double share =
      size.at(entropy ? "entropy_coded" : "bytes").get<double>() / (4 * summary.at("weights").get<double>());
  text += html_tile(fmt::format("{:.1f} %", 100 * share), "of the weights' size in FP32");
  return text + "</div>\n";
}

std::string accuracy_html(const Json& summary) {
  std::string text = fmt::format(
      "<h2>Accuracy</h2>\n<div class=\"scroll\"><table><tr><th></th><th>images</th><th>{} (95 % interval)</th>"
      "<th>top-5</th><th class=\"number\">loss</th><th class=\"number\">divergence</th></tr>\n",
      share_name(labels_of(summary.at("quantised").at("held_out"))));
  const auto number = [](const Json& score, const char* key) {
    return score.contains(key) ? fmt::format("{:.5f}", score.at(key).get<double>()) : "";
  };
  const auto rows = [&](const Json& scores, const char* network) {
    for (const auto& [images, images_name] :
         {std::pair{"held_out", "held out"}, {"search", "searched on"}, {"validation", "for validation"}}) {
      const auto score = scores.find(images);
      if (score == scores.end()) continue;
      text += fmt::format(
          "<tr><td>{}</td><td>{} {}</td><td>{}</td><td>{}</td><td class=\"number\">{}</td>"
          "<td class=\"number\">{}</td></tr>\n",
          network, thousands_of(score->at("images").get<double>()), images_name, percent_with_interval(top1_of(*score)),
          percent_of(top5_of(*score)), number(*score, "loss"), number(*score, "divergence"));
    }
  };
  rows(summary.at("fp32"), "as trained");
  const auto beginning = summary.find("beginning");
  if (beginning == summary.end()) {
    rows(summary.at("quantised"), "quantised");
    return text + "</table></div>\n";
  }
  const bool start = beginning->at("delivered") == "start";
  rows(beginning->at("start"), start ? "the search's start (delivered)" : "the search's start");
  rows(beginning->at("searched"), start ? "searched" : "searched (delivered)");
  text += "</table></div>\n";
  if (const auto gain = beginning->find("validation_gain"); gain != beginning->end()) {
    text += fmt::format("<p>{} (one-sided, over blocks of validation images: p = {:.2g})</p>\n",
                        start ? "The search's gain over its start may be chance, so the start is delivered."
                              : "The searched network is better than the search's start.",
                        gain->at("p").get<double>());
  }
  return text;
}

std::string sizes_html(const Json& summary) {
  const auto found = summary.find("sizes");
  if (found == summary.end()) return "";
  std::string text;
  const auto line = [&](const std::string& name, const Json& bytes) {
    text += html_row(name, bytes.is_number() ? thousands_of(bytes.get<double>()) + " bytes" : "not possible");
  };
  for (const auto& [key, name] : {std::pair{"weights_fp32_as_trained", "weights as trained (FP32)"},
                                  {"weights", "weights quantised"},
                                  {"codes", "of which codes"},
                                  {"codebooks", "codebooks"},
                                  {"scales", "scales"},
                                  {"shifts", "shifts of matching"},
                                  {"weights_left_fp32", "weights left in FP32"},
                                  {"beside_fp32", "beside the weights, in FP32"}}) {
    line(name, found->at(key));
  }
  const Json& files = found->at("files");
  if (files.is_object()) {
    for (const auto& [form, bytes] : files.items()) {
      line(form == "as_trained" ? "file as trained" : "file exported in form " + form, bytes);
    }
  }
  return "<h2>Size</h2>\n" + pairs_table(text);
}

std::string machine_html(const Json& summary) {
  std::string text;
  for (const char* key : {"ranks", "workers", "threads_per_worker", "engine", "precision", "device", "instruction_set",
                          "library", "evaluations", "images_inferred", "seed", "network_hash", "data_hash"}) {
    const auto found = summary.find(key);
    if (found == summary.end()) continue;
    std::string name = key;
    std::replace(name.begin(), name.end(), '_', ' ');
    text += html_row(name, found->is_string()      ? found->get<std::string>()
                           : found->is_primitive() ? found->dump()
                                                   : "-");
  }
  return "<h2>Machine</h2>\n" + pairs_table(text);
}

}  // namespace vbq
