// Packs the formats of a network into words that travel to the GPU.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/cuda/plan/plan.hpp"
#include "engine/cuda/plan/weights.hpp"
#include "vbq/format.hpp"

namespace vbq::cuda {

// fixed: a PackedLayer for each layer, then each layer's biases [padded_outputs] where inference reads them; of one
// size for all genomes. words: codebooks, scales, factors, indices; PackedLayer tells where.
struct Packed {
  std::vector<std::uint32_t> fixed, words;
};

// Appends the format's codebooks and scales to the words; the result says where. Error when a codebook has more than
// kMostLevels levels.
PackedLayer pack_codebooks(const LayerFormat& format, std::vector<std::uint32_t>& words);

class Packer {
 public:
  explicit Packer(std::vector<Layer> layers);

  // Of Packed::fixed.
  std::size_t fixed_words() const { return fixed_; }
  // Where a layer's biases begin in it, and the first of all; multiples of 64 words.
  std::size_t bias(std::size_t layer) const { return biases_[layer]; }
  std::size_t first_bias() const { return biases_.empty() ? fixed_ : biases_.front(); }

  // formats: one a layer, nullptr for weights as trained. With s and t the folded batch norm's scale and shift, g and h
  // the format's gain and shift (1 and 0 where missing), b its bias: weights are multiplied by s g, the bias is (b g +
  // h) s + t. Error when a codebook has more than kMostLevels levels or indices do not fit.
  void pack(std::span<const LayerFormat* const> formats, Packed& packed) const;

 private:
  std::vector<Layer> layers_;
  std::vector<std::size_t> biases_;
  std::size_t fixed_ = 0;
};

}  // namespace vbq::cuda
