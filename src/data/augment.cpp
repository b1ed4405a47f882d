#include "data/augment.hpp"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "core/random.hpp"

namespace vbq {
namespace {

Random draws_of(std::int64_t image) {
  return {0, static_cast<std::uint32_t>(static_cast<std::uint64_t>(image) >> 32), static_cast<std::uint32_t>(image),
          Purpose::augmentation};
}

// From -most to most.
std::int64_t shift_within(std::int64_t most, Random& random) {
  return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(2 * most + 1))) - most;
}

// pixels: of one image, [C, H, W].
void shift(std::span<std::uint8_t> pixels, const Images& of, Random random) {
  const std::int64_t height = of.height, width = of.width;
  const std::int64_t down = shift_within(height / 8, random), right = shift_within(width / 8, random);
  const bool mirrored = random.below(2) == 1;
  const std::vector<std::uint8_t> before(pixels.begin(), pixels.end());
  std::size_t at = 0;
  for (std::int64_t c = 0; c < of.channels; ++c) {
    for (std::int64_t y = 0; y < height; ++y) {
      const std::int64_t row = (c * height + std::clamp<std::int64_t>(y - down, 0, height - 1)) * width;
      for (std::int64_t x = 0; x < width; ++x) {
        const std::int64_t from = std::clamp<std::int64_t>(x - right, 0, width - 1);
        pixels[at++] = before[static_cast<std::size_t>(row + (mirrored ? width - 1 - from : from))];
      }
    }
  }
}

// (3 a + 2 b) / 5, rounded.
void mix(std::span<std::uint8_t> pixels, std::span<const std::uint8_t> other) {
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = static_cast<std::uint8_t>((3 * pixels[i] + 2 * other[i] + 2) / 5);
  }
}

// own: ascending, of the indices.
Images read_changed(const ImageSource& source, std::span<const std::int64_t> indices, std::span<const std::int64_t> own,
                    Augment augment) {
  const std::size_t count = own.size();
  Images images = source.read(own);
  if (augment == Augment::none) return images;
  const std::size_t size = count == 0 ? 0 : images.pixels.size() / count;
  const auto pixels = [&](std::size_t i) { return std::span(images.pixels).subspan(i * size, size); };
  if (augment == Augment::shift) {
    for (std::size_t i = 0; i < count; ++i) shift(pixels(i), images, draws_of(own[i]));
    return images;
  }
  std::vector<std::int64_t> partner;  // of each image
  for (const std::int64_t image : own) partner.push_back(indices[draws_of(image).below(indices.size())]);
  std::vector<std::int64_t> read = partner;
  std::ranges::sort(read);
  read.erase(std::unique(read.begin(), read.end()), read.end());
  const Images partners = source.read(read);
  for (std::size_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(std::ranges::lower_bound(read, partner[i]) - read.begin());
    mix(pixels(i), std::span(partners.pixels).subspan(at * size, size));
  }
  return images;
}

}  // namespace

Images read_augmented(const ImageSource& source, std::span<const std::int64_t> indices, std::size_t first,
                      std::size_t count, Augment augment) {
  return read_changed(source, indices, indices.subspan(first, count), augment);
}

Images read_drawn(const ImageSource& source, std::span<const std::int64_t> indices, std::size_t first,
                  std::size_t count, Augment augment) {
  std::vector<std::size_t> order(indices.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  Random random(0, 0, 0, Purpose::racing);
  for (std::size_t left = order.size(); left > 1; --left) std::swap(order[left - 1], order[random.below(left)]);
  const auto places = std::span(order).subspan(first, count);
  std::vector<std::int64_t> own;  // sources read in ascending order
  own.reserve(count);
  for (const std::size_t place : places) own.push_back(indices[place]);
  std::ranges::sort(own);
  const Images read = read_changed(source, indices, own, augment);
  Images images = read;
  const std::size_t size = count == 0 ? 0 : read.pixels.size() / count;
  for (std::size_t i = 0; i < count; ++i) {
    const auto from = static_cast<std::size_t>(std::ranges::lower_bound(own, indices[places[i]]) - own.begin());
    std::copy_n(read.pixels.begin() + static_cast<std::ptrdiff_t>(from * size), size,
                images.pixels.begin() + static_cast<std::ptrdiff_t>(i * size));
    images.labels[i] = read.labels[from];
  }
  return images;
}

}  // namespace vbq
