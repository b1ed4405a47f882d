// What quantising does to each class of images: which it loses, which it gains, and what lost ones are taken for.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "evaluate/evaluator.hpp"
#include "report/score_json.hpp"
#include "run/setup.hpp"
#include "vbq/label.hpp"

namespace vbq {

// Of a class that has images.
struct ClassChange {
  std::int32_t label = 0;
  std::int64_t images = 0, right_as_trained = 0, right_quantised = 0;
  std::int64_t lost = 0, gained = 0;  // images that the network as trained alone has right; the quantised one alone
  std::int32_t taken_for = kNoLabel;  // by the quantised network, most of those lost; of as many the lowest.
                                      // kNoLabel: none is lost, or most outputs are not finite
  std::int64_t taken_for_images = 0;  // of those lost
};

// By ascending class. A class an image each: its label (kNoLabel: what the network as trained takes it for; where that
// is none either, it is left out), and what the network takes it for, as trained and quantised.
std::vector<ClassChange> class_changes(std::span<const std::int32_t> labels, std::span<const std::int32_t> as_trained,
                                       std::span<const std::int32_t> quantised);

// How often so many or more of lost + gained images would fall on one side where each is as likely to fall on either:
// the exact form of McNemar's test, two-sided.
double chance_of(std::int64_t lost, std::int64_t gained);

// classes.csv of the held-out images. Runs both networks over them, the one as trained once for all formats.
std::string held_out_classes(const Setup& setup, Evaluator& evaluator, const QuantisedNetwork& network);

// names: of the dataset's classes; may be empty. Of Labels::of_fp32 nothing can be gained, and no chance is told.
std::string classes_csv(const std::vector<ClassChange>& changes, Labels labels, const std::vector<std::string>& names);

}  // namespace vbq
