// Sequential assignment: each layer's weights are assigned for the inputs that the quantised layers before it give it.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "assign/layer_pass.hpp"
#include "assign/patches.hpp"
#include "vbq/calibration.hpp"
#include "vbq/network.hpp"

namespace vbq {

// Positions of a layer's input that are sampled in each image: as many as make 15,000 over all images and 32 for each
// of the layer's columns, but no more than half the side of the images, since neighbours show the same, and at least 20
// (which is what images up to 40 x 40 get). A layer may have fewer. image: the network's input, [C, H, W] or any shape.
// columns: of one group of the layer. What it is worth: docs/results.md, "Positions".
std::int64_t sequential_positions(const Shape& image, std::int64_t columns, std::int64_t images);

// Patches of what the layer `node` of the network sees of so many images.
Patches sequential_patches(const Network& network, int node, std::int64_t images);

// Patches of one layer that are held together: at most so many numbers (128 MiB), or those of 64 images.
inline constexpr std::int64_t kHeldNumbers = std::int64_t{1} << 25;

// Bytes that a SequentialAssigner of these arguments takes.
std::int64_t sequential_bytes(const Network& network, std::int64_t images);

// With x a layer's input in the network as trained and x' the same in the network quantised so far, both at the same
// sampled positions, W its weights and H = E[x' x'^T] (damped, see make_factor()): the targets
//   W' = W + a E[(W x - W x') x'^T] H^-1,   a = P / (P + 4 n) for P positions and n columns,
// come closest to the trained layer's outputs on the inputs that there are now (a shrinks what few positions teach of
// many columns), and are assigned with compensation by H. (Li et al., GPTAQ, arXiv 2504.02692, correct for x as well,
// column by column; the closed form here is the least-squares one.) A group of more than kFactorColumns columns is not
// corrected, only compensated.
class SequentialAssigner final : public LayerAssigner {
 public:
  // images: how many will be seen. held: numbers of a layer's patches that are held together, or 64 images'; of no
  // influence on what is found. Error (internal) when there are no images.
  SequentialAssigner(const Network& network, std::int64_t images, std::int64_t held = kHeldNumbers);

  std::int64_t at_once(int node) const override;
  void see(int node, std::int64_t image, const TapView& x) override;
  void learn(int node, ImageRange seen, const Parallel& parallel) override;  // Error as check_inputs()
  void add(int node, ImageRange seen, const Parallel& parallel) override;
  LayerTarget target(int node, const Parallel& parallel) override;
  using LayerAssigner::assign;
  void assign(const LayerTarget& target, LayerFormat& format) const override;

 private:
  struct Layer {
    int node;
    const Tensor* weight;  // as trained
    Patches patches;
    std::vector<ColumnRun> runs;
    std::vector<float> transposed;  // [groups, columns, O / groups]
    std::int64_t at_once;           // images
    std::int64_t outputs() const { return weight->shape.front(); }
  };

  // Sums of one run of columns.
  struct Sums {
    std::vector<double> inputs, outputs;  // of x' x'^T [n, n], upper triangle; of (W x - W x') x'^T [rows, n]
  };

  const Layer& layer_of(int node) const;
  std::int64_t positions(const Layer& layer) const { return images_ * layer.patches.per_image(); }
  // W x of the first `count` patches seen, to [count, O].
  void outputs(const Layer& layer, std::int64_t count, std::span<float> to, const Parallel& parallel) const;
  // [positions, O] of the images of a part, of the same of all.
  static std::span<float> part_of(const Layer& layer, std::span<float> all, ImageRange seen);
  void begin(const Layer& layer);
  void end(const Layer& layer, std::vector<float>& target, LayerFactor& factor, const Parallel& parallel);

  const Network network_;  // layers look at its nodes
  std::int64_t images_;
  std::vector<Layer> layers_;                  // ascending by node
  std::map<int, std::vector<float>> trained_;  // by node, once learnt: [positions, O], W x
  std::vector<float> seen_;                    // [positions, row] of the part that is being seen
  std::vector<Sums> sums_;                     // of each of the runs of the layer that is being added up
  std::int64_t summed_ = 0;                    // positions
};

// Whether levels and scales are refitted (LayerFormat::refit), which devices do not know yet.
enum class Refit { none, some };

// A pass that assigns sequentially: by the engine itself, where it offers that and nothing is refitted; else by a
// SequentialAssigner. memory, Error: as LayerPass.
LayerPass sequential_pass(const Network& network, Engine& engine, Shard images, Refit refit, std::int64_t memory = 0);

}  // namespace vbq
