#include "run/class_changes.hpp"

#include <algorithm>
#include <map>

#include "core/chance.hpp"
#include "core/check.hpp"
#include "core/text.hpp"
#include "run/scores.hpp"

namespace vbq {

std::vector<ClassChange> class_changes(std::span<const std::int32_t> labels, std::span<const std::int32_t> as_trained,
                                       std::span<const std::int32_t> quantised) {
  if (labels.size() != as_trained.size() || labels.size() != quantised.size()) {
    fail_internal("{} labels, but {} and {} classes", labels.size(), as_trained.size(), quantised.size());
  }
  std::map<std::int32_t, ClassChange> changes;
  std::map<std::int32_t, std::map<std::int32_t, std::int64_t>> became;  // of each class's lost images
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::int32_t label = labels[i] == kNoLabel ? as_trained[i] : labels[i];
    if (label == kNoLabel) continue;
    ClassChange& of = changes[label];
    const bool before = as_trained[i] == label, after = quantised[i] == label;
    of.label = label;
    of.images += 1;
    of.right_as_trained += before ? 1 : 0;
    of.right_quantised += after ? 1 : 0;
    of.gained += after && !before ? 1 : 0;
    if (!before || after) continue;
    of.lost += 1;
    became[label][quantised[i]] += 1;
  }
  std::vector<ClassChange> all;
  all.reserve(changes.size());
  for (auto& [label, of] : changes) {
    for (const auto& [other, images] : became[label]) {
      if (images <= of.taken_for_images) continue;
      of.taken_for = other;
      of.taken_for_images = images;
    }
    all.push_back(of);
  }
  return all;
}

double chance_of(std::int64_t lost, std::int64_t gained) {
  if (lost == gained) return 1;
  return std::min(1.0, 2 * fair_coin(std::min(lost, gained), lost + gained));
}

std::string held_out_classes(const Setup& setup, Evaluator& evaluator, const QuantisedNetwork& network) {
  const ImageSource& source = source_of(setup.problem, ImageSet::held_out);
  const std::vector<std::int32_t> all = source.labels();
  std::vector<std::int32_t> labels;
  for (const std::int64_t image : images_of(setup.problem, ImageSet::held_out)) {
    labels.push_back(all.at(static_cast<std::size_t>(image)));
  }
  const std::vector<std::int32_t> quantised = evaluator.classify(ImageSet::held_out, network);
  return classes_csv(class_changes(labels, evaluator.classify_as_trained(ImageSet::held_out), quantised),
                     labels_of(setup.problem, ImageSet::held_out), source.info().class_names);
}

std::string classes_csv(const std::vector<ClassChange>& changes, Labels labels, const std::vector<std::string>& names) {
  const bool given = labels == Labels::given;
  std::string text = "class,";
  if (!names.empty()) text += "name,";
  text += given ? "images,right_as_trained,right_quantised,lost,gained,p,taken_for,taken_for_images\n"
                : "images,agreement,lost,taken_for,taken_for_images\n";
  for (const ClassChange& of : changes) {
    text += fmt::format("{},", of.label);
    const auto k = static_cast<std::size_t>(of.label);
    if (!names.empty()) text += csv_field(k < names.size() ? names[k] : "") + ",";
    if (given) {
      text += fmt::format("{},{},{},{},{},{:.4g}", of.images, of.right_as_trained, of.right_quantised, of.lost,
                          of.gained, chance_of(of.lost, of.gained));
    } else {
      text += fmt::format("{},{},{}", of.images, of.right_quantised, of.lost);
    }
    text += fmt::format(",{},{}\n", of.taken_for, of.taken_for_images);
  }
  return text;
}

}  // namespace vbq
