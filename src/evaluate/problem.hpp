// Problem: all that an evaluator must know; every rank makes the same one.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/augment.hpp"
#include "evaluate/evaluator.hpp"
#include "vbq/calibration.hpp"
#include "vbq/dataset.hpp"
#include "vbq/engine.hpp"
#include "vbq/format.hpp"
#include "vbq/network.hpp"
#include "vbq/tally.hpp"

namespace vbq {

// A block is engine.block consecutive entries of the split's list; the last may be short.
struct Problem {
  Network network;
  // Where the network's activations are quantised: it as trained, which all that is called FP32 is of.
  std::optional<Network> trained = {};
  Format format;
  EngineOptions engine;
  std::shared_ptr<const ImageSource> search_source;    // indexed by split.search and split.validation
  std::shared_ptr<const ImageSource> held_out_source;  // indexed by split.held_out; null: there is no held-out set
  Split split;
  std::vector<std::int64_t> fitness_images = {};   // of split.search, that candidates are run over; empty: all
  bool races = false;                              // candidates: the search images' blocks are drawn (read_drawn())
  bool with_divergence = false;                    // tallies carry the divergence from the FP32 network
  Comparison comparison = {};                      // the search images' divergence; that of held-out ones is plain
  Augment augment = Augment::none;                 // of the search images that networks are run over
  std::shared_ptr<const Calibration> calibration;  // of compensated assignment; null: made by whoever evaluates
  int population = 50;  // genomes that a call usually has; 1: a network is scored, not searched for
  // Bytes of what a worker keeps of networks that it made, at most (memory_to_keep()); results do not depend on it.
  std::int64_t memory = 0;
};

// Images of a set, at most: each adds up to kLossLimit nats to a tally, and more of them could exceed its 64 bits.
inline constexpr std::int64_t kMostImages =
    std::numeric_limits<std::int64_t>::max() / static_cast<std::int64_t>(kLossLimit * kLossUnit);

// Error where the parts do not fit together: no search images, an index beyond its source, a block of 0 images, more
// than kMostImages in a set.
void validate(const Problem& problem);

// From now on the network's activations are quantised so; nothing changes without ranges.
void quantise_activations(Problem& problem, const ActivationRanges& ranges);

// Indices of a set's images, and how many blocks they make. Error for a held-out set that is not there.
const std::vector<std::int64_t>& images_of(const Problem& problem, ImageSet set);
const ImageSource& source_of(const Problem& problem, ImageSet set);
std::int64_t block_count(const Problem& problem, ImageSet set);

// Blocks of held-out images that pass through an engine at a time.
std::int64_t blocks_in_piece(const DatasetInfo& info, std::int64_t block);

// Bytes of pixels in a block of so many images.
std::int64_t block_bytes(const DatasetInfo& info, std::int64_t block);

// A network as the search evaluates it, or as it is delivered: another one where matching is left to the end, or is
// done on more images then.
enum class Stage { evaluated, delivered };

// Of the search's images, so many, evenly spaced: all at most.
std::vector<std::int64_t> spaced_images(const Problem& problem, std::int64_t count);

// Images of the search, evenly spaced, that a pass is made over.
std::int64_t pass_images(const Problem& problem, Stage stage);

// Whether making a network takes a pass over calibration images: of some networks (those that are delivered), or of
// every candidate.
bool needs_pass(const Format& format);
bool passes(const Format& format);

// Genomes whose networks are made together, in this format: where their levels are found at once, enough to fill a GPU,
// and soon done on a CPU. At most 16, and 16 MiB of levels (a byte a weight), unless one genome's are more; where each
// takes a pass, no more than the engines take through one at once. engine: their kind (EngineInfo).
std::size_t made_at_once(const Problem& problem, const Format& format, std::string_view engine);

// What it costs about to hand a network over to another worker: its packed levels at 10 Gbit/s, and as long again to
// take them apart.
double hand_over_seconds(const Network& network, const Format& format);

// Bytes of levels that compensated assignment remembers: those of four populations, and 256 MiB at most.
std::int64_t assignments_remembered(const Problem& problem);

// 32 hexadecimal digits over the images of both sets and the split.
std::string data_hash(const Problem& problem);
// The same over what genomes become and what is counted of them: format, block, precision, divergence.
std::string evaluation_hash(const Problem& problem);
// That and the population: ranks that read another job differ here.
std::string settings_hash(const Problem& problem);

// What results may depend on, in one line: "cpu, avx2, oneDNN 2.6.3, fp32". Device and threads are not part of it.
std::string engine_identity(const EngineInfo& info);

}  // namespace vbq
