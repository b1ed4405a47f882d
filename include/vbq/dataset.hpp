// Images with labels, where they come from, and how they are split and cut into blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vbq/tally.hpp"

namespace vbq {

// What the network is fed: (x / 255 - mean[c]) / std[c], per channel; one entry a channel.
struct Normalisation {
  std::vector<float> mean, std;
  bool operator==(const Normalisation&) const = default;
};

// In host memory. pixels: uint8, [count, channels, height, width] (NCHW), row-major; labels: [count], 0-based.
struct Images {
  std::int64_t count = 0, channels = 0, height = 0, width = 0;
  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> labels;
};

struct DatasetInfo {
  std::int64_t count = 0, channels = 0, height = 0, width = 0;
  std::vector<std::string> class_names;  // may be empty
  std::int64_t classes = 0;              // labels are 0..classes-1
  Normalisation normalisation;
  std::string hash;                // 32 hexadecimal digits over pixels, labels and normalisation
  std::string origin;              // path, for messages
  std::string preprocessing = {};  // what was done to photos before, for people; may be empty, not part of the hash
};

// Where images are read from. Two implementations: HDF5 file (store), memory (data).
class ImageSource {
 public:
  virtual ~ImageSource() = default;
  virtual const DatasetInfo& info() const = 0;
  // All labels, [count].
  virtual std::vector<std::int32_t> labels() const = 0;
  // The images at these indices, in this order; only they are read. Indices ascend. Error when one is out of range.
  virtual Images read(std::span<const std::int64_t> indices) const = 0;
};

// A source over images already in memory; checks sizes and labels.
std::unique_ptr<ImageSource> memory_source(Images images, DatasetInfo info);

// Which images the search sees and which it never sees; ascending indices.
struct Split {
  std::vector<std::int64_t> search, held_out;
  std::vector<std::int64_t> validation = {};  // of the search's dataset, but not among its images
};

// `count` of the labels' images for the search, stratified by label (largest remainder), the rest held out. Fixed: it
// depends on labels and count alone, not on the search's seed. Error when count is < 1 or > labels.size().
Split stratified_split(std::span<const std::int32_t> labels, std::int64_t count);

// Takes `count` of the split's search images for validation, stratified by label in the same way. labels: of the whole
// dataset. Error when fewer than 1 would be left to search on.
void set_validation_apart(Split& split, std::span<const std::int32_t> labels, std::int64_t count);

// Log-probabilities that the FP32 network gives images, [images, outputs] row-major, host, as the shard that they are
// of compares them (log_probabilities(), engine/common/tally.hpp); null: none are known.
using TrainedOutputs = std::shared_ptr<const std::vector<float>>;

// Of the same images, what the FP32 network's outputs come to; null: not counted.
using TrainedTallies = std::shared_ptr<const std::vector<ImageTally>>;

// A worker's images: whole blocks, ready for an engine. The last block may be short; engines pad it.
struct Shard {
  Images images;
  Normalisation normalisation;
  std::int64_t block = 100;      // images in a block
  bool with_divergence = false;  // engine keeps the FP32 network's outputs to compare with
  TrainedOutputs trained = {};   // with_divergence: the same, as the engine gave them of these images before
  Comparison comparison = {};    // what the divergence is
  // with_divergence: tallies of the FP32 network, too, are taken from the run that finds its outputs, by engines that
  // tell images apart; or these, as the engine gave them of these images before. It is not run for them again.
  bool tallies_trained = false;
  TrainedTallies trained_tallies = {};
  std::int64_t blocks() const { return (images.count + block - 1) / block; }
};

}  // namespace vbq
