// Small networks and images that tests of several rooms share; weights from the counter-based generator.
#pragma once

#include <cmath>
#include <string>
#include <utility>

#include "core/random.hpp"
#include "vbq/dataset.hpp"
#include "vbq/network.hpp"

namespace vbq::support {

inline std::vector<float> normals(std::size_t count, std::uint64_t seed, double deviation = 1.0) {
  Random random(seed, 0, 0, Purpose::test);
  std::vector<float> values(count);
  for (float& v : values) v = static_cast<float>(deviation * random.normal());
  return values;
}

inline Tensor normal_tensor(Shape shape, std::uint64_t seed, double deviation = 1.0) {
  const auto count = static_cast<std::size_t>(elements(shape));
  return {std::move(shape), normals(count, seed, deviation)};
}

// conv 3x3 (pad 1, no bias) -> batch norm -> ReLU -> [conv 3x3 -> batch norm, + itself] -> ReLU -> global average ->
// linear. Input [channels, size, size], `width` channels inside, `classes` outputs.
inline Network residual_network(std::int64_t channels = 3, std::int64_t size = 9, std::int64_t width = 7,
                                std::int64_t classes = 5, std::uint64_t seed = 1) {
  const auto conv = [&](std::int64_t in, std::uint64_t key) {
    Conv op;
    op.weight = normal_tensor({width, in, 3, 3}, key, std::sqrt(2.0 / (9.0 * static_cast<double>(in))));
    op.pad = {1, 1, 1, 1};
    return op;
  };
  const auto norm = [&](std::uint64_t key) {
    BatchNorm op{normals(static_cast<std::size_t>(width), key, 0.2),
                 normals(static_cast<std::size_t>(width), key + 1, 0.3)};
    for (float& s : op.scale) s += 1.0F;
    return op;
  };
  Linear head{normal_tensor({classes, width}, seed * 100 + 9, 1.0),
              normals(static_cast<std::size_t>(classes), seed * 100 + 10, 0.1)};
  const Shape inner{width, size, size};
  Network net;
  net.name = "residual";
  net.input_name = "input";
  net.output_name = "logits";
  net.shapes = {{channels, size, size}, inner,   inner,    inner, inner, inner, inner, inner,
                {width, 1, 1},          {width}, {classes}};
  net.nodes = {{"conv1", conv(channels, seed * 100 + 1), {0}, "conv1.weight"},
               {"bn1", norm(seed * 100 + 2), {1}, ""},
               {"relu1", Relu{}, {2}, ""},
               {"conv2", conv(width, seed * 100 + 4), {3}, "conv2.weight"},
               {"bn2", norm(seed * 100 + 5), {4}, ""},
               {"add", kAdd, {5, 3}, ""},
               {"relu2", Relu{}, {6}, ""},
               {"pool", GlobalAveragePool{}, {7}, ""},
               {"flatten", Reshape{}, {8}, ""},
               {"head", std::move(head), {9}, "head.weight"}};
  return net;
}

// Random pixels and labels that fit `residual_network(channels, size, ...)`.
inline Images random_images(std::int64_t count, std::int64_t channels = 3, std::int64_t size = 9,
                            std::int64_t classes = 5, std::uint64_t seed = 1) {
  Random random(seed, 1, 0, Purpose::test);
  Images images{count, channels, size, size, {}, {}};
  images.pixels.resize(static_cast<std::size_t>(count * channels * size * size));
  images.labels.resize(static_cast<std::size_t>(count));
  for (auto& p : images.pixels) p = static_cast<std::uint8_t>(random.below(256));
  for (auto& l : images.labels) l = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(classes)));
  return images;
}

}  // namespace vbq::support
