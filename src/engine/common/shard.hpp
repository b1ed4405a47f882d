// A shard as engines use it: checked against the network, and turned from bytes into what the network is fed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "vbq/dataset.hpp"
#include "vbq/label.hpp"
#include "vbq/network.hpp"

namespace vbq {

// Error when the images do not fit the network's input, a label is neither below its number of outputs nor kNoLabel,
// sizes contradict each other, the normalisation is not one finite mean and positive std a channel, or the shard's
// block is not the engine's. Error (internal) when the outputs as trained that it brings are not as many as its images
// have.
void check_shard(const Network& network, const Shard& shard, std::int64_t block);

// Error when blocks first..first+count-1 are not all in the shard.
void check_blocks(std::int64_t blocks, std::int64_t first, std::int64_t count);

// Error (internal) when an engine with `copies` copies has none of this number.
void check_copy(std::int64_t copy, std::int64_t copies);

// Error when input does not hold `images` of the network's inputs, or output has not room for as many outputs.
void check_infer(const Network& network, std::span<const float> input, std::int64_t images, std::span<float> output);

}  // namespace vbq
