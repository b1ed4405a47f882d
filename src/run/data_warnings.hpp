// Data that is likely to be wrong: each doubt is one sentence that says what was found and what to check.
#pragma once

#include <string>
#include <vector>

#include "evaluate/evaluator.hpp"
#include "evaluate/problem.hpp"
#include "vbq/dataset.hpp"
#include "vbq/tally.hpp"

namespace vbq {

// Of numbers that can hardly be a mean and a standard deviation of x/255 (those of x, say), and of images that are fed
// as x/255. `where` names the dataset.
std::vector<std::string> normalisation_warnings(const Normalisation& normalisation, const std::string& where);

// Of classes that are the parts of a dataset ("test", "train"): the folder above the one that was meant was imported.
std::vector<std::string> class_warnings(const DatasetInfo& info);

// Of classes that should have images but have none, because all of theirs were left out. images: of each class, in the
// dataset; expected: whether a class should have some.
std::vector<std::string> emptied_class_warnings(const DatasetInfo& info, const std::vector<std::int64_t>& images,
                                                const std::vector<bool>& expected);

// Of validation images in so few blocks that even a large gain would look like chance. images: 0 for none.
std::vector<std::string> validation_warnings(std::int64_t images, std::int64_t block);

// Of a network as trained that is hardly better than guessing.
std::vector<std::string> accuracy_warnings(const Problem& problem, ImageSet set, const Tally& as_trained);

// Of a network as trained that is clearly worse on the images that lead the search than on those that it never saw,
// which nothing but their preparation explains. (The other way round is what training does.)
std::vector<std::string> difference_warnings(const Tally& search, const Tally& held_out);

// Adds those that are not among `known` yet, and logs them.
void add_warnings(std::vector<std::string>& known, const std::vector<std::string>& more);

}  // namespace vbq
