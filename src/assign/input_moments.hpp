// H = E[x x^T] of a layer's inputs, x being what one output is a sum over: a patch of the image, or a vector.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "assign/patches.hpp"
#include "vbq/calibration.hpp"
#include "vbq/network.hpp"

namespace vbq {

// add_products() of at most kProductTile rows and columns, added to a sum in double.
void add_tile(const Strided& left, std::size_t rows, std::size_t count, const float* right, std::size_t right_stride,
              std::size_t columns, double* sum, std::size_t sum_stride);

// sum[i, j] += sum over positions of x[i] x[j], i <= j at least, for the columns j in first..last-1 of a run (first a
// multiple of kProductTile). patches: [positions, row], group after group of `columns`; sum: [size, size]. In float
// over 64 positions at a time, then in double; in order.
void add_input_products(std::span<const float> patches, std::int64_t row, const ColumnRun& run, std::int64_t columns,
                        std::size_t first, std::size_t last, std::span<double> sum);

// What calibration can use of a layer's inputs: finite numbers whose squares, 64 of them, have a finite sum in float.
// Error that names the layer, for the network as trained, otherwise.
void check_inputs(const std::string& layer, std::span<const float> x);

class InputMoments {
 public:
  // node: a Conv or Linear, `input` and `output` its shapes for one image. per_image: positions sampled in each image;
  // all of them where an image has no more. Error for a node without weights.
  InputMoments(const Node& node, int index, const Shape& input, const Shape& output, std::int64_t per_image);

  // One image more. x: the layer's input, host, row-major. image: names the draw of its positions (Random, seed 0), so
  // that the result depends on the images and their order alone. Error as check_inputs().
  void add(std::span<const float> x, std::uint32_t image);

  // U of every block, out of the images so far. Ends the sums.
  LayerFactor factor();

 private:
  void flush();

  Patches patches_;
  std::string name_;  // of the layer
  int index_;
  std::int64_t outputs_;  // channels
  std::vector<ColumnRun> runs_;
  std::vector<std::vector<double>> sums_;  // of each run [size, size], upper triangle
  std::vector<float> held_;                // patches that are still to be summed
  std::int64_t count_ = 0;                 // positions summed
};

}  // namespace vbq
