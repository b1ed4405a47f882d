// From a photo of any size to what a network takes: torchvision's Resize and CenterCrop.
#pragma once

#include <cstdint>
#include <string>

#include "data/resample.hpp"

namespace vbq {

// height 0: none asked for. width 0: `height` is of the shorter side, the aspect ratio stays.
struct ImageSize {
  std::int64_t height = 0, width = 0;
  bool operator==(const ImageSize&) const = default;
};

struct Preprocessing {
  ImageSize resize;
  ImageSize crop;  // around the centre
  Interpolation interpolation = Interpolation::bilinear;
  bool grey = false;  // one channel, else three

  // "resize shorter side to 256 (bilinear, antialiased), centre crop 224x224, RGB": stored with the images.
  std::string text() const;
};

// "256" or "224x224" (height x width), 1..16384 each; `option` is named in the Error.
ImageSize parse_image_size(const std::string& text, const std::string& option);
// As above, "224" meaning 224x224.
ImageSize parse_crop_size(const std::string& text, const std::string& option);

// Planes of 8 bits, [channels, height, width]. Error, naming `where`, when the image is smaller than the crop.
Picture preprocess(Picture picture, const Preprocessing& how, const std::string& where);

}  // namespace vbq
