// From images with channels last to vbq's own order.
#pragma once

#include <cstddef>
#include <vector>

namespace vbq {

// [count, plane, channels] -> [count, channels, plane], both row-major; plane is height * width.
template <typename T>
std::vector<T> channels_first(const std::vector<T>& images, std::size_t channels, std::size_t plane) {
  std::vector<T> out(images.size());
  const std::size_t one = channels * plane;
  for (std::size_t first = 0; first < images.size(); first += one) {
    for (std::size_t i = 0; i < one; ++i) out[first + i % channels * plane + i / channels] = images[first + i];
  }
  return out;
}

}  // namespace vbq
