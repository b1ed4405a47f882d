// Format: how genes become codebooks (encoding, scope, symmetry), what weights are divided by (scale), and how they
// take levels (assignment). A genome under a format gives each layer a LayerFormat.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vbq/codebook.hpp"
#include "vbq/genome.hpp"
#include "vbq/network.hpp"

namespace vbq {

enum class Encoding { values, boundaries, companded, uniform, floating, power_of_two, grid };
enum class Scope { network, layer, channel };    // who shares a codebook; channel = output channel
enum class ScaleScope { none, layer, channel };  // who shares a scale; channel = output channel
enum class ScaleBy { rms, maximum };             // root mean square or largest magnitude of the weights it divides
enum class Assignment { nearest, compensated, sequential };
// When a quantised layer's outputs are given the mean and variance that they had in FP32: not at all, once for the
// network that is delivered, or for every network that is evaluated.
enum class Matching { never, end, always };

// How a size is counted: every weight of a layer in as many bits as tell its levels apart, or at the first-order
// entropy of the layer's levels. Codebooks, scales and what is not quantised are counted in both.
enum class Coding { fixed, entropy };

inline constexpr int kMostRefit = 3;  // rounds

// What a refit may move: levels that an encoding ties to each other, or that layers share, stay.
enum class Movable { scales, levels };

// What a level may be: any number, or a whole one, -127 to 127, times the scale, which then takes the codebook's step
// into itself: weights that int8 kernels and look-up tables of int8 take as they are.
enum class LevelValues { floating, int8 };

// Who says how many levels a codebook has: the format; or, of encoding values (not symmetric, a codebook a layer), each
// layer's chromosome for itself: 2 to Format::levels genes, or none, which leaves the layer FP32.
enum class Widths { same, own };

// "b bits" means at most 2^b levels.
struct Format {
  int levels = 8;  // 2..256
  Encoding encoding = Encoding::values;
  // values: genes are the positive half, mirrored at zero. uniform: integers without a zero point. levels is even.
  bool symmetric = false;
  // floating, of b bits: a sign, this many bits of exponent (1 to b - 1; 0: (b + 1) / 2, as in FP4, FP6 and FP8) and
  // the rest of mantissa. Its bias is the gene's matter unless it is set.
  int exponent_bits = 0;
  std::optional<double> exponent_bias;
  // What telling a weight's level costs in compensated and sequential assignment (LayerFormat::rate); none: a gene of
  // each grid.
  std::optional<double> rate = 0;
  int refit = 0;  // rounds, at most kMostRefit, of compensated and sequential assignment (LayerFormat::refit)
  LevelValues level_values = LevelValues::floating;
  int activations = 0;  // bits of what quantised layers see (quantise_activations()): 4..8, or 0: FP32
  Coding coding = Coding::fixed;
  Widths widths = Widths::same;  // own: levels is the most that a layer may have
  Scope scope = Scope::layer;
  ScaleScope scale = ScaleScope::none;
  ScaleBy scale_by = ScaleBy::rms;
  Assignment assignment = Assignment::nearest;
  Matching matching = Matching::never;
  int matching_images = 200;      // images of the search that moments are taken over, evenly spaced
  int delivery_images = 0;        // the same for the network that is delivered; 0: matching_images
  std::vector<std::string> skip;  // node names left in FP32
  bool biases = false;            // biases of quantised layers take levels of their codebook too
};

// What one layer needs to be quantised.
struct LayerFormat {
  int node = 0;                     // index in Network::nodes
  std::vector<Codebook> codebooks;  // of weights divided by their scale. [1]: the layer's; [O]: one an output channel
  std::vector<float> scales;        // empty: none; [1]: the layer's; [O]: one an output channel. > 0 and finite
  std::vector<std::uint8_t> indices = {};  // level of each weight, [O, ...] row-major; empty: each takes the nearest
  // Moment matching, [O] or empty: the layer's output y (bias included, before any batch norm) becomes gain * y +
  // shift.
  std::vector<float> gain = {}, shift = {};
  std::vector<float> bias = {};  // [O]: takes the place of the layer's bias; empty: as trained
  // Of assignment that is not the nearest: what telling a weight's level costs, see assign/rate.hpp; 0: nothing.
  float rate = 0;
  // Likewise: rounds in which levels (with `movable` levels) and scales are fitted to the levels that weights have
  // taken, and these are taken again (assign/refit.hpp).
  int refit = 0;
  Movable movable = Movable::scales;
  LevelValues level_values = LevelValues::floating;  // what the codebooks' levels are

  // Levels of the largest codebook.
  int levels() const {
    int most = 0;
    for (const Codebook& one : codebooks) most = std::max(most, one.size());
    return most;
  }
  // Of one output channel: its codebook and its scale (1 without scales).
  const Codebook& codebook(std::size_t channel) const { return codebooks[codebooks.size() == 1 ? 0 : channel]; }
  float scale(std::size_t channel) const { return scales.empty() ? 1.0F : scales[scales.size() == 1 ? 0 : channel]; }
};
using NetworkFormat = std::vector<LayerFormat>;  // ascending by node; layers that are absent stay FP32

// The layers that `format` quantises: weight_layers() without format.skip. Error when a skipped name is not a layer
// (naming the nearest), or when none is left.
std::vector<int> quantised_layers(const Network& network, const Format& format);

// Scale of each quantised layer (see LayerFormat::scales). Sums in double, in weight order; a channel of zeros has
// scale 1.
std::vector<std::vector<float>> layer_scales(const Network& network, const Format& format);

// Number of chromosomes (1 for the network, or one a quantised layer or output channel), genes in each, and whether
// those must be above zero, or ascend. Under Widths::own the genes are the most that a chromosome may have.
int chromosome_count(const Network& network, const Format& format);
int gene_count(const Format& format);
bool positive_genes(const Format& format);
bool ascending_genes(const Format& format);

// Genes -> codebook. Error when there are not gene_count() genes (Widths::own: 2 to gene_count()), or they are unsorted
// or not finite.
Codebook decode(const Chromosome& genes, const Format& format);

// weight: the layer's FP32 weights, [O, ...] row-major, host. out: the level that each takes, codebook.index(weight /
// s) in float, [O, ...]; format.indices are not looked at. Error for more than 256 levels.
void nearest_levels(std::span<const float> weight, std::int64_t channels, const LayerFormat& format,
                    std::span<std::uint8_t> out);

// out: the weights, [O, ...]: s * level[format.indices]. Error when there are not as many indices, or one is beyond the
// codebook.
void apply_indices(std::int64_t channels, const LayerFormat& format, std::span<float> out);

// Turns genomes into layer formats for one network; made once, holds scales and biases. Where each layer has a
// chromosome of its own, an empty one leaves its layer FP32. The levels that compensated and sequential assignment find
// are not part of what it gives: an Assigner (assign/compensated.hpp) or a pass through the network
// (assign/sequential.hpp) adds them.
class Decoder {
 public:
  Decoder(const Network& network, const Format& format);
  NetworkFormat operator()(const Genome& genome) const;
  const std::vector<int>& layers() const { return layers_; }

 private:
  Format format_;
  std::vector<int> layers_;
  std::vector<std::vector<float>> scales_;
  std::vector<std::int64_t> channels_;      // of each layer
  std::vector<std::vector<float>> biases_;  // of each layer, where biases are quantised
};

}  // namespace vbq
