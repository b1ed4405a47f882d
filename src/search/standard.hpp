// Numbers that the standard search is tuned by; docs/method.md says how they were found. Users do not set them.
#pragma once

#include "search/recipe.hpp"

namespace vbq {

struct StandardTuning {
  double first_step = 0.1;  // in gaps between neighbouring genes
  double least_step = 1e-3, greatest_step = 0.5;
  double share_of_pairs = 0.5;  // of newborns: mirrored steps around the centre; the others are children
  double learning_rate = 1.5;   // how far the centre follows the weighted mean of its better half
  double crossover = 0.7;       // share of children with two parents
  double moved = 0.2;           // share of a child's chromosomes that move
  double step_spread = 0.5;     // of a child's own step, in natural logarithms
  double widths = 0.5;          // share of children whose chromosomes change in length, where they may
};

std::unique_ptr<Recipe> standard_recipe(const SearchOptions& options, const GeneSpace& space,
                                        const StandardTuning& tuning);

}  // namespace vbq
