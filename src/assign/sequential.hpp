// Sequential assignment: each layer's weights are assigned for the inputs that the quantised layers before it give it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "assign/layer_pass.hpp"
#include "assign/patches.hpp"
#include "vbq/calibration.hpp"
#include "vbq/network.hpp"

namespace vbq {

// Positions of a layer's input that are sampled in each image, where memory allows.
inline constexpr std::int64_t kSequentialPositions = 20;

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
  // images: how many will be seen. Error (internal) when there are none.
  SequentialAssigner(const Network& network, std::int64_t images);

  void see(int node, std::int64_t image, const TapView& x) override;
  void learn(int node, const Parallel& parallel) override;  // Error as check_inputs()
  void assign(LayerFormat& layer, const Parallel& parallel) override;

 private:
  struct Layer {
    int node;
    const Tensor* weight;  // as trained
    Patches patches;
    std::vector<ColumnRun> runs;
    std::vector<float> transposed;  // [groups, columns, O / groups]
    std::vector<float> trained;     // [positions, O]: W x
    std::int64_t outputs() const { return weight->shape.front(); }
  };

  Layer& layer_of(int node);
  std::int64_t positions(const Layer& layer) const { return images_ * layer.patches.per_image(); }
  // W x of the patches seen, [positions, O].
  std::vector<float> outputs(const Layer& layer, const Parallel& parallel) const;

  const Network network_;  // layers look at its nodes
  std::int64_t images_;
  std::vector<Layer> layers_;  // ascending by node
  std::vector<float> seen_;    // [positions, row] of the layer that is being seen
};

}  // namespace vbq
