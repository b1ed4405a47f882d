// The part of a layer's format that its genes and the network decide: codebooks, scales, bias.
#pragma once

#include "core/hash.hpp"
#include "vbq/format.hpp"

namespace vbq {

// Two layers of one node with equal hashes are quantised alike, by whatever assignment and matching there is.
inline void hash_genes(Hasher& hasher, const LayerFormat& layer) {
  hasher.value(layer.node);
  for (const Codebook& codebook : layer.codebooks) {
    hasher.array(codebook.levels());
    hasher.array(codebook.boundaries());
  }
  hasher.array(std::span(layer.scales));
  hasher.array(std::span(layer.bias));
  hasher.value(layer.rate);
}

}  // namespace vbq
