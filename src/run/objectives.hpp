// What a search is told of a generation: scored whole, or by a race that drops those that cannot be among its survivors
// any more (search/race.hpp).
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "evaluate/scorer.hpp"
#include "run/setup.hpp"
#include "search/search.hpp"

namespace vbq {

// Of the genomes that the search asks for. Stopped as Scorer::tallies().
std::vector<Objectives> score_generation(const Setup& setup, Scorer& scorer, std::span<const Genome> asked);

// Whether the search's candidates race. Error where they are to, and engines of this kind (EngineInfo::kind) do not
// tell images apart.
bool races(const Setup& setup, const SearchMethod& search, std::string_view engine);

// The same of a race. One that was dropped is told the fitness that its portion foretells, but one
// below that of each survivor. Stopped as Scorer::race().
std::vector<Objectives> race_generation(const Setup& setup, const SearchMethod& search, Scorer& scorer,
                                        std::span<const Genome> asked);

}  // namespace vbq
