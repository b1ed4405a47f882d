#include "engine/common/shard.hpp"

#include <cmath>

#include "core/check.hpp"
#include "vbq/label.hpp"

namespace vbq {
namespace {

// [3, 32, 32]
std::string text(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

}  // namespace

void check_shard(const Network& network, const Shard& shard, std::int64_t block) {
  const Images& images = shard.images;
  const Shape shape{images.channels, images.height, images.width};
  if (images.count < 0 || shape != network.input_shape()) {
    fail("images are {}, but network '{}' takes {}", text(shape), network.name, text(network.input_shape()));
  }
  const auto count = static_cast<std::size_t>(images.count);
  if (images.labels.size() != count || images.pixels.size() != count * static_cast<std::size_t>(elements(shape))) {
    fail("{} images of {} come with {} bytes of pixels and {} labels", count, text(shape), images.pixels.size(),
         images.labels.size());
  }
  const auto classes = elements(network.output_shape());
  for (std::size_t i = 0; i < count; ++i) {
    if (images.labels[i] != kNoLabel && (images.labels[i] < 0 || images.labels[i] >= classes)) {
      fail("image {} has label {}, but network '{}' has {} outputs", i, images.labels[i], network.name, classes);
    }
  }
  const auto channels = static_cast<std::size_t>(images.channels);
  const Normalisation& n = shard.normalisation;
  if (n.mean.size() != channels || n.std.size() != channels) {
    fail("normalisation has {} means and {} standard deviations for {} channels", n.mean.size(), n.std.size(),
         channels);
  }
  for (std::size_t c = 0; c < channels; ++c) {
    if (!std::isfinite(n.mean[c]) || !std::isfinite(n.std[c]) || n.std[c] <= 0) {
      fail("normalisation of channel {} has mean {} and standard deviation {}", c, n.mean[c], n.std[c]);
    }
  }
  if (shard.trained != nullptr && shard.trained->size() != count * static_cast<std::size_t>(classes)) {
    fail_internal("{} images come with {} outputs of the network as trained: {} each were expected", count,
                  shard.trained->size(), classes);
  }
  if (shard.trained_tallies != nullptr && (shard.trained == nullptr || shard.trained_tallies->size() != count)) {
    fail_internal("{} images come with {} tallies of the network as trained", count, shard.trained_tallies->size());
  }
  if (shard.block != block)
    fail("shard is cut into blocks of {} images, the engine into blocks of {}", shard.block, block);
}

void check_blocks(std::int64_t blocks, std::int64_t first, std::int64_t count) {
  if (first < 0 || count < 0 || first > blocks || count > blocks - first) {
    fail_internal("blocks {}..{} were asked for of a shard of {} blocks", first, first + count - 1, blocks);
  }
}

void check_copy(std::int64_t copy, std::int64_t copies) {
  if (copy < 0 || copy >= copies) fail_internal("copy {} was asked for of an engine that has {}", copy, copies);
}

void check_infer(const Network& network, std::span<const float> input, std::int64_t images, std::span<float> output) {
  const auto in = static_cast<std::size_t>(elements(network.input_shape()));
  const auto out = static_cast<std::size_t>(elements(network.output_shape()));
  if (images < 0 || input.size() % in != 0 || input.size() / in != static_cast<std::size_t>(images)) {
    fail("{} inputs of {} values each were announced, but {} values came", images, in, input.size());
  }
  if (output.size() != static_cast<std::size_t>(images) * out) {
    fail_internal("room for {} outputs was given, {} images have {} each", output.size(), images, out);
  }
}

}  // namespace vbq
