// QuantisedNetwork: what a genome becomes. A value: made once, never changed, cheap to copy; what is run, sent, kept
// and written to files.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "vbq/codebook.hpp"
#include "vbq/format.hpp"
#include "vbq/network.hpp"

namespace vbq {

// 128-bit XXH3 over a quantised network's content: equal networks, equal ids.
using NetworkId = std::array<std::uint64_t, 2>;

// Levels of a layer's weights, [O, ...] row-major: `width` bits each, the first in the lowest bits of the first byte.
struct PackedLevels {
  int width = 1;  // 1..8: ceil(log2 of the levels of the layer's largest codebook), at least 1
  std::int64_t count = 0;
  std::vector<std::uint8_t> bytes = {};
  bool operator==(const PackedLevels&) const = default;
};

// One layer, with every level taken by some weight: those that nobody takes are dropped.
struct QuantisedLayer {
  int node = 0;                     // index in Network::nodes
  std::vector<Codebook> codebooks;  // [1] or [O], as LayerFormat's
  std::vector<float> scales;        // none, [1] or [O]
  PackedLevels levels;
  std::vector<float> gain, shift;  // moment matching, [O] or none
  std::vector<float> bias;         // [O] or none: takes the place of the layer's own
  LevelValues level_values = LevelValues::floating;
  bool operator==(const QuantisedLayer&) const = default;
};

// What the levels of all weights take, in bits; codebooks, scales and what is not quantised are not counted here (see
// weight_size(), vbq/size.hpp).
struct LevelBits {
  std::int64_t fixed = 0;  // ceil(log2 n) a weight, n = levels of its layer's largest codebook; 0 where that is 1
  double entropy = 0;      // each layer's levels coded at their first-order entropy in that layer
  bool operator==(const LevelBits&) const = default;
};

class QuantisedNetwork {
 public:
  QuantisedNetwork() = default;  // no layer is quantised: the network as trained

  // Of layers whose weights all have their level (LayerFormat::indices). Error when a layer has none, or one is beyond
  // its codebook, or the nodes do not ascend.
  explicit QuantisedNetwork(const NetworkFormat& formats);
  // Of layers as layers() gives them.
  explicit QuantisedNetwork(std::vector<QuantisedLayer> layers);

  bool as_trained() const { return layers().empty(); }
  const std::vector<QuantisedLayer>& layers() const;  // ascending by node
  const NetworkId& id() const;                        // zeros as trained
  const LevelBits& level_bits() const;

  // What engines take, the levels unpacked.
  NetworkFormat formats() const;

  // Both have the same layers with the same content.
  bool operator==(const QuantisedNetwork& other) const { return id() == other.id() && layers() == other.layers(); }

 private:
  struct Content;
  std::shared_ptr<const Content> content_;  // null: as trained
};

// Weights of layers that have no levels yet take the nearest.
void take_nearest(const Network& network, NetworkFormat& formats);
// The network under these formats, after that.
QuantisedNetwork quantise(const Network& network, NetworkFormat formats);

// Levels in `width` bits (1..8) each, and back.
PackedLevels pack_levels(std::span<const std::uint8_t> levels, int width);
std::vector<std::uint8_t> unpack_levels(const PackedLevels& packed);

}  // namespace vbq
