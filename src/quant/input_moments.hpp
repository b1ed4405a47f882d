// H = E[x x^T] of a layer's inputs, x being what one output is a sum over: a patch of the image, or a vector.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "vbq/calibration.hpp"
#include "vbq/network.hpp"

namespace vbq {

class InputMoments {
 public:
  // node: a Conv or Linear, `input` and `output` its shapes for one image. per_image: positions sampled in each image;
  // all of them where an image has no more. Error for a node without weights.
  InputMoments(const Node& node, int index, const Shape& input, const Shape& output, std::int64_t per_image);

  // One image more. x: the layer's input, host, row-major. image: names the draw of its positions (Random, seed 0), so
  // that the result depends on the images and their order alone.
  void add(std::span<const float> x, std::uint32_t image);

  // U of every block, out of the images so far. Ends the sums.
  LayerFactor factor();

 private:
  // Inputs that compensate each other: columns first .. first + size - 1 of the weights of one group.
  struct Block {
    std::int64_t group, first, size;
    std::vector<double> sum;  // [size, size], upper triangle
  };
  static constexpr std::size_t kRun = 64;  // positions summed in float before they are added in double

  void gather(std::span<const float> x, std::int64_t position, std::int64_t group, std::span<float> to) const;
  void flush();

  const Node& node_;
  int index_;
  Shape input_, output_;
  std::int64_t per_image_, positions_, groups_, columns_;  // columns_: inputs of one output
  std::vector<Block> blocks_;
  std::vector<float> patches_;  // [groups][kRun][columns]
  std::size_t held_ = 0;        // positions in patches_
  std::int64_t count_ = 0;      // positions summed
};

}  // namespace vbq
