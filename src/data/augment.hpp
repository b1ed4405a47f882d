// Images that a network has not learned by heart, made of those that it has: a trained network is sure of its training
// images, so their outputs tell little of what quantising does to others.
#pragma once

#include <cstdint>
#include <span>

#include "vbq/dataset.hpp"

namespace vbq {

// shift: moved by up to an eighth of height and width, the edge repeated, and mirrored left to right or not.
// mix: three fifths of the image and two fifths of another one of the same set.
enum class Augment { none, shift, mix };

// Of the images at `indices` (ascending) those at places first..first+count-1, changed; labels are kept. Each draw is
// named by the image's index, so an image is changed alike whoever reads it (Random, seed 0).
Images read_augmented(const ImageSource& source, std::span<const std::int64_t> indices, std::size_t first,
                      std::size_t count, Augment augment);

// The same in an order of the set that is drawn, so that any run of places is a random sample of it: always the same
// order of as many images (Random, seed 0).
Images read_drawn(const ImageSource& source, std::span<const std::int64_t> indices, std::size_t first,
                  std::size_t count, Augment augment);

}  // namespace vbq
