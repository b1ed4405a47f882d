// A layer's weights as trained or quantised.
#pragma once

#include <span>
#include <vector>

#include "vbq/engine.hpp"
#include "vbq/format.hpp"
#include "vbq/network.hpp"

namespace vbq {

// Error when a format's node is not a layer of the network, or the nodes do not ascend, or its codebook is empty, or
// its scales are not 0, 1 or one an output channel, or a weight has no level.
void check_formats(const Network& network, const NetworkFormat& formats);

// The formats as inference takes them: checked, and biases whole where they are to be (whole_biases()).
NetworkFormat formats_to_run(const Network& network, const NetworkFormat& formats);

// For each of `layers` (ascending, see weight_layers()): its format, or nullptr when it stays as trained.
std::vector<const LayerFormat*> formats_of(std::span<const int> layers, const NetworkFormat& formats);

// The layer's weights under the format, [O, ...] row-major, host: its trained weights themselves when format is
// nullptr, else `room`, filled. room: at least as many elements as the layer's weights.
std::span<const float> weights_under(const Node& node, const LayerFormat* format, std::span<float> room);

// Elements of the largest weight tensor; 0 without layers.
std::size_t largest_layer(const Network& network);

}  // namespace vbq
