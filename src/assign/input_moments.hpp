// H = E[x x^T] of a layer's inputs, x being what one output is a sum over: a patch of the image, or a vector.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "assign/patches.hpp"
#include "vbq/calibration.hpp"
#include "vbq/engine.hpp"
#include "vbq/network.hpp"

namespace vbq {

// sum[i, j] += sum over positions of x[i] x[j], i <= j at least, for the columns j in first..last-1 of a run (first a
// multiple of kProductTile). patches: [positions, row], group after group of `columns`; sum: [size, size]. In float
// over 64 positions at a time, then in double; in order.
void add_input_products(std::span<const float> patches, std::int64_t row, const ColumnRun& run, std::int64_t columns,
                        std::size_t first, std::size_t last, std::span<double> sum);

// What calibration can use of a layer's inputs: finite numbers whose squares, 64 of them, have a finite sum in float.
// Error that names the layer, for the network as trained, otherwise.
void check_inputs(const std::string& layer, std::span<const float> x);

// Images come some at a time; how many at a time does not change the sums.
class InputMoments {
 public:
  // node: a Conv or Linear, which outlives this; `input` and `output` its shapes for one image. per_image: positions
  // sampled in each image; all of them where an image has no more. Error (internal) for a node without weights.
  InputMoments(const Node& node, int index, const Shape& input, const Shape& output, std::int64_t per_image);

  // So many images come next, to be seen and then added. room: is used until they are added, and grows as needed.
  void expect(std::int64_t images, std::vector<float>& room);
  // What the layer sees of the i-th of them; each once, on any thread. Its positions are drawn by its number among all
  // images (Random, seed 0), so that the result depends on the images and their order alone. Error as check_inputs().
  void see(std::int64_t i, const TapView& x);
  void add(const Parallel& parallel);
  // There are no more.
  void end(const Parallel& parallel);

  // Of each run of columns, once the sums have ended; each once, on any thread.
  std::int64_t blocks() const { return static_cast<std::int64_t>(runs_.size()); }
  FactorBlock factor_block(std::int64_t block);

 private:
  void sum(std::span<const float> patches, const Parallel& parallel);

  Patches patches_;
  std::string name_;  // of the layer
  int index_;
  std::int64_t outputs_;  // channels
  std::vector<ColumnRun> runs_;
  std::vector<std::vector<double>> sums_;   // of each run [size, size], upper triangle
  std::vector<float> held_;                 // patches of images before that are still to be summed
  std::span<float> room_;                   // the same, and those of the images that are seen now
  std::int64_t images_ = 0, expected_ = 0;  // images before, and now
  std::int64_t positions_ = 0;              // summed
};

}  // namespace vbq
