// The importers behind the front door of importers.hpp. Each checks its labels against the file they come from.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compress/gzip_file.hpp"
#include "vbq/dataset.hpp"
#include "vbq/layout.hpp"

namespace vbq {

// A record: labels (`label` of them is the one that counts), then 3x32x32 pixels. Source:
// https://www.cs.toronto.edu/~kriz/cifar.html
struct CifarFormat {
  const char* name;
  std::size_t label_bytes;              // before the pixels
  std::size_t label;                    // the byte that counts
  std::array<std::int32_t, 2> classes;  // of each label byte
  static constexpr std::size_t kPixels = 3 * 32 * 32;
  std::size_t record() const { return label_bytes + kPixels; }
};
inline constexpr CifarFormat kCifar10{"CIFAR-10", 1, 0, {10, 0}};
inline constexpr CifarFormat kCifar100{"CIFAR-100", 2, 1, {20, 100}};

// idx: big-endian 0x00000800 + axes, extents of 32 bits, then uint8 values. Source: http://yann.lecun.com/exdb/mnist/
inline constexpr std::uint32_t kIdxImages = 0x00000803, kIdxLabels = 0x00000801;
std::uint32_t big_endian(std::span<const std::uint8_t> four);

// Labels that an import may hold are below this.
inline constexpr std::int64_t kMostClasses = 1 << 24;

// Appends the file's images; `images` starts empty or holds images of the same size.
void append_cifar(Images& images, const std::filesystem::path& path, const CifarFormat& format);
void append_mnist(Images& images, const std::filesystem::path& image_file, const std::filesystem::path& label_file);

// Images of one kind of number: pixels, or values of a normalised image [count, C, H, W], which pixels are made of when
// all are known.
struct NpyImages {
  Images images;              // of values: no pixels yet
  std::vector<float> values;  // empty: there are pixels
};
// label_file: empty: there are no labels.
void append_npy(NpyImages& all, const std::filesystem::path& image_file, const std::filesystem::path& label_file,
                std::optional<Layout> layout);
// Makes pixels of values, if there are any; gives their normalisation, else the given one. See pixels_of().
// Tells in a warning where values are not exactly those of pixels.
Normalisation finish(NpyImages& all, Normalisation given, const std::string& where, std::vector<std::string>& warnings);

// Adds `more` behind `images`; Error, naming `where`, when their sizes differ.
void append_images(Images& images, Images more, const std::string& where);

}  // namespace vbq
