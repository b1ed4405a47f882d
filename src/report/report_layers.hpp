// The part of a run's page that is about its layers.
#pragma once

#include <string>
#include <vector>

#include "report/layer_facts.hpp"
#include "search/fitness.hpp"

namespace vbq {

// A table of all layers, and each one's codebook over the histogram of its weights. fitness: what harm is counted in.
std::string layers_html(const std::vector<LayerFacts>& layers, Fitness fitness);

}  // namespace vbq
