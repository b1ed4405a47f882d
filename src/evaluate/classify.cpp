#include "evaluate/classify.hpp"

#include <algorithm>
#include <span>

#include "data/pixel_table.hpp"
#include "engine/common/tally.hpp"
#include "evaluate/watch.hpp"

namespace vbq {
namespace {

std::int64_t float_bytes(const Network& network) {
  return (elements(network.input_shape()) + elements(network.output_shape())) * std::int64_t{sizeof(float)};
}

}  // namespace

std::int64_t classified_at_once(const Network& network, std::int64_t images, std::int64_t bytes) {
  return std::clamp<std::int64_t>(bytes / float_bytes(network), 1, std::max<std::int64_t>(1, images));
}

std::int64_t classify_bytes(const Network& network, std::int64_t block) {
  return classified_at_once(network, block) * float_bytes(network) + block * elements(network.input_shape());
}

std::vector<std::int32_t> classes_of(Engine& engine, const Network& network, const Images& images,
                                     const Normalisation& normalisation, std::int64_t bytes) {
  const PixelTable table = pixel_table(normalisation);
  const auto in = static_cast<std::size_t>(elements(network.input_shape()));
  const auto out = static_cast<std::size_t>(elements(network.output_shape()));
  const auto plane = static_cast<std::size_t>(images.height * images.width);
  const std::int64_t most = classified_at_once(network, images.count, bytes);
  std::vector<float> input(static_cast<std::size_t>(most) * in), outputs(static_cast<std::size_t>(most) * out);
  std::vector<std::int32_t> classes;
  classes.reserve(static_cast<std::size_t>(images.count));
  for (std::int64_t first = 0; first < images.count; first += most) {
    const auto some = static_cast<std::size_t>(std::min(most, images.count - first));
    for (std::size_t i = 0; i < some; ++i) {
      const std::uint8_t* pixels = images.pixels.data() + (static_cast<std::size_t>(first) + i) * in;
      normalise(table, pixels, plane, input.data() + i * in);
    }
    const std::span<float> given = std::span(outputs).first(some * out);
    {
      const DeviceCall call(watched_kind(engine, DeviceCall::Kind::other));
      engine.infer(std::span(input).first(some * in), static_cast<std::int64_t>(some), given);
    }
    for (std::size_t i = 0; i < some; ++i) classes.push_back(class_of(given.subspan(i * out, out)));
  }
  return classes;
}

}  // namespace vbq
