// What a network takes images for.
#pragma once

#include <cstdint>
#include <vector>

#include "vbq/dataset.hpp"
#include "vbq/engine.hpp"

namespace vbq {

// Images that are classified at once: as many as have inputs and outputs of so many bytes, one at least, `images` at
// most.
inline constexpr std::int64_t kClassifyBytes = std::int64_t{32} << 20;
std::int64_t classified_at_once(const Network& network, std::int64_t images, std::int64_t bytes = kClassifyBytes);

// Bytes that classifying blocks of so many images takes.
std::int64_t classify_bytes(const Network& network, std::int64_t block);

// The class of each image by the network in the engine's copy 0: see class_of() in engine/common/tally.hpp.
std::vector<std::int32_t> classes_of(Engine& engine, const Network& network, const Images& images,
                                     const Normalisation& normalisation, std::int64_t bytes = kClassifyBytes);

}  // namespace vbq
