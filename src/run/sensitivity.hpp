// How sensitive a network is to the number of levels of each layer, and how a budget is best shared out under the
// additive model: of jobs in which each layer has its own number of levels.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "evaluate/evaluator.hpp"
#include "json/json_fwd.hpp"
#include "report/progress.hpp"
#include "run/search_run.hpp"
#include "run/setup.hpp"
#include "search/allocate.hpp"
#include "search/sensitivity.hpp"

namespace vbq {

// SearchSpace::choices, or grid_choices(): of each layer, FP32 (the empty one) last.
using Choices = std::vector<std::vector<Chromosome>>;

// Each layer alone at each of its choices: one network each, evaluated over all workers. What `folder`/sensitivity.h5
// holds of the same network, images, format, engine and choices is used; the rest is measured, and left there every few
// networks. Stopped when a wish to stop came first: what was measured by then is in the file.
Sensitivity find_sensitivity(const Setup& setup, const Choices& choices, Evaluator& evaluator,
                             const ComputeInfo& compute, const std::filesystem::path& folder, Progress& progress);

// Genomes for the budget, the best allocation first, then those for a little less of it: sizes and harms add up only
// nearly. None where there is no budget, or it is less than the smallest choices take.
std::vector<Genome> allocated_genomes(const Setup& setup, const Choices& choices, const Sensitivity& sensitivity,
                                      const std::optional<std::int64_t>& budget);

// The best allocations (of a front, those of sizes all over its range) become the first of the space's seeds, and what
// choices cost its prices.
void add_allocations(const Setup& setup, const Sensitivity& sensitivity, SearchSpace& space);

// Networks that were measured for a table of sensitivities, in this start or before.
std::int64_t measured(const Sensitivity& sensitivity);

// The table and the allocation, for people and as an object.
std::string sensitivity_text(const Setup& setup, const Choices& choices, const Sensitivity& sensitivity);
Json sensitivity_json(const Setup& setup, const Choices& choices, const Sensitivity& sensitivity);

}  // namespace vbq
