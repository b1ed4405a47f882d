// Format: how genes become codebooks (encoding, scope, symmetry), what weights are divided by (scale), and how they take
// levels (assignment). A genome under a format gives each layer a LayerFormat.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vbq/codebook.hpp"
#include "vbq/genome.hpp"
#include "vbq/network.hpp"

namespace vbq {

enum class Encoding { values, boundaries, companded };
enum class Scope { network, layer };            // who shares a codebook
enum class ScaleScope { none, layer, channel };  // who shares a scale; channel = output channel
enum class ScaleBy { rms, maximum };             // root mean square or largest magnitude of the weights it divides
enum class Assignment { nearest, compensated };
// When a quantised layer's outputs are given the mean and variance that they had in FP32: not at all, once for the
// network that is delivered, or for every network that is evaluated.
enum class Matching { never, end, always };

// "b bits" means at most 2^b levels.
struct Format {
  int levels = 8;  // 2..256
  Encoding encoding = Encoding::values;
  bool symmetric = false;  // values only: genes are the positive half, mirrored at zero; levels is even
  Scope scope = Scope::layer;
  ScaleScope scale = ScaleScope::none;
  ScaleBy scale_by = ScaleBy::rms;
  Assignment assignment = Assignment::nearest;
  Matching matching = Matching::never;
  int matching_images = 200;      // images of the search that moments are taken over, evenly spaced
  std::vector<std::string> skip;  // node names left in FP32
};

// What one layer needs to be quantised.
struct LayerFormat {
  int node = 0;               // index in Network::nodes
  Codebook codebook;          // of weights divided by their scale
  std::vector<float> scales;  // empty: none; [1]: the layer's; [O]: one an output channel. > 0 and finite
  std::vector<std::uint8_t> indices = {};  // level of each weight, [O, ...] row-major; empty: each takes the nearest
  // Moment matching, [O] or empty: the layer's output y (bias included, before any batch norm) becomes gain * y +
  // shift.
  std::vector<float> gain = {}, shift = {};
};
using NetworkFormat = std::vector<LayerFormat>;  // ascending by node; layers that are absent stay FP32

// The layers that `format` quantises: weight_layers() without format.skip. Error when a skipped name is not a layer
// (naming the nearest), or when none is left.
std::vector<int> quantised_layers(const Network& network, const Format& format);

// Scale of each quantised layer (see LayerFormat::scales). Sums in double, in weight order; a channel of zeros has scale 1.
std::vector<std::vector<float>> layer_scales(const Network& network, const Format& format);

// Number of chromosomes (1 for the network, or one a layer), and genes in each.
int chromosome_count(const Format& format, int layers);
int gene_count(const Format& format);

// Genes -> codebook. Error when there are not gene_count() genes, or they are unsorted or not finite.
Codebook decode(const Chromosome& genes, const Format& format);

// weight and out: the layer's FP32 weights, [O, ...] row-major, host. out = s * codebook(weight / s), all in float;
// format.indices are not looked at.
void quantise_nearest(std::span<const float> weight, std::int64_t channels, const LayerFormat& format,
                      std::span<float> out);

// out: as above. out = s * level[format.indices]. Error when there are not as many indices, or one is beyond the
// codebook.
void apply_indices(std::int64_t channels, const LayerFormat& format, std::span<float> out);

// Turns genomes into layer formats for one network; made once, holds the scales. Assignment other than nearest is
// still to come (quant/compensated.hpp).
class Decoder {
 public:
  Decoder(const Network& network, const Format& format);
  NetworkFormat operator()(const Genome& genome) const;
  const std::vector<int>& layers() const { return layers_; }

 private:
  Format format_;
  std::vector<int> layers_;
  std::vector<std::vector<float>> scales_;
};

}  // namespace vbq
