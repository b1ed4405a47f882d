// A network at the end of a run, scored.
#pragma once

#include <string>
#include <vector>

#include "core/hash.hpp"
#include "evaluate/scorer.hpp"
#include "report/score_json.hpp"
#include "run/setup.hpp"
#include "vbq/quantised_network.hpp"
#include "vbq/tally.hpp"

namespace vbq {

struct Scores {
  Tally search, held_out;
  Tally validation = {};  // seen == 0 where there are no such images
};

struct ScoredNetwork {
  QuantisedNetwork network;
  Scores scores;
  std::vector<Tally> validated;  // of each block of validation images; empty where there are none
};

// Whether a tally, from a file that may hold anything, can be one of so many images.
bool is_tally(const Tally& tally, std::int64_t images);

// Adds all that a genome's tally over the search's images depends on, but the genome. identity: the engine's
// (ComputeInfo).
void hash_scoring(Hasher& hasher, const Setup& setup, const std::string& identity);

// Whose labels tallies of a set are counted by.
Labels labels_of(const Problem& problem, ImageSet set);

// Over the search's images. scorer: knows what was run over them already.
Tally search_tally(Evaluator& evaluator, const Scorer& scorer, const QuantisedNetwork& network);

// Of each block of validation images; empty where there are none.
std::vector<Tally> validate(const Setup& setup, Evaluator& evaluator, const QuantisedNetwork& network);

// Over the held-out images too. search: the network's tally over the search's images; validated: see validate().
ScoredNetwork scored(Evaluator& evaluator, QuantisedNetwork network, const Tally& search, std::vector<Tally> validated);

}  // namespace vbq
