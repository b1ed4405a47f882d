// A network compiled for one batch size: operations in order, and where their data lies. Nothing here touches a GPU, so
// that tests can run a plan on the host, place by place, against the reference.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/common/arena.hpp"
#include "engine/cuda/plan/images.hpp"
#include "engine/cuda/plan/operators.hpp"
#include "engine/cuda/plan/weights.hpp"
#include "vbq/network.hpp"

namespace vbq::cuda {

// An array, before there is memory: in the arena, a constant of the network, a layer's weights or its biases.
struct Place {
  enum class Kind { none, arena, constant, weights, bias } kind = Kind::none;
  int number = 0;  // of the slot, constant or layer
  bool operator==(const Place&) const = default;
};

using Operation = std::variant<Affine, Map, Binary, Gather, Border, Reorder, Pool, Reduction, Convolution, Softmax>;

struct Step {
  std::string name;  // the node's, for messages
  Operation op;      // its arrays are still to be filled in
  std::array<Place, kInputs> in;
  Place out;
};

// One Conv or Linear.
struct Layer {
  int node = 0;                                        // in Network::nodes
  Type type = Type::fp32;                              // of inputs, weights, biases and outputs
  int outputs = 1, inputs = 1, height = 1, width = 1;  // of the trained weights
  int padded_outputs = 1, padded_inputs = 1;           // of those that inference reads
  std::vector<float> own_bias;                         // [outputs]
  std::vector<float> scale, shift;                     // [outputs], of the batch norm folded into it; or empty

  std::size_t weights() const {
    return static_cast<std::size_t>(outputs) * static_cast<std::size_t>(inputs) * static_cast<std::size_t>(height) *
           static_cast<std::size_t>(width);
  }
  std::size_t places() const {
    return static_cast<std::size_t>(padded_outputs) * static_cast<std::size_t>(padded_inputs) *
           static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  }
};

// A value in the arena or elsewhere.
struct Value {
  Layout layout;
  Place place;
};

struct Plan {
  std::int64_t batch = 1;  // images
  Type type = Type::fp32;  // of activations and weights, but for the outputs and what leads straight to them
  std::vector<Step> steps;
  std::vector<Slot> slots;  // offsets filled in
  std::vector<Type> slot_types;
  std::size_t arena_bytes = 0;
  std::vector<std::vector<float>> constants;
  std::vector<Layer> layers;  // as weight_layers(network)
  Value input, output;
  // Of a plan with bare layers: the layers in the order in which they run. Their inputs lie as `input` says once
  // steps[0..before-1] are done, their outputs as `output` says once steps[0..after-1] are; until steps[after] runs
  // those may be changed in place: nothing has read them.
  struct LayerPoint {
    int layer = 0;  // in `layers`
    std::size_t before = 0, after = 0;
    Value input, output;
  };
  std::vector<LayerPoint> layer_points;

  Type type_of(const Place& place) const {
    if (place.kind == Place::Kind::arena) return slot_types[static_cast<std::size_t>(place.number)];
    const bool layer = place.kind == Place::Kind::weights || place.kind == Place::Kind::bias;
    return layer ? layers[static_cast<std::size_t>(place.number)].type : Type::fp32;
  }
};

// Images that run through the network together: a function of network and block alone, so that an image's outputs
// depend on nothing else. The whole block, unless its largest value would exceed 512 MiB in fp32; then the block is cut
// evenly.
std::int64_t batch_of(const Network& network, std::int64_t block);

// Whether this many images may run as one batch of a plan with bare layers: a rule of network and images alone. Not
// when there are none, or the batch's largest value would exceed 4 GiB in fp32.
bool fits_one_batch(const Network& network, std::int64_t images);

// Networks that are on their way from layer to layer at once, at most. Fewer than ten: a call that takes ten times as
// long as one with a single network might be taken for one that hangs (core/device_call.hpp).
inline constexpr int kPassesAtOnce = 8;

// Layout of values of this shape, channels padded to a multiple; `channel` -1: as Layout says. Error when the shape has
// more than kAxes axes or an image more than 2^31 - 1 places.
Layout layout_of(const Shape& shape, int multiple, int channel = -1);

// A view of the elements begin..begin+extent-1 of an axis; the last channels go with the padding after them.
Layout part_of(const Layout& whole, int axis, int begin, int extent);

// Compiles the network. Error naming the node that this engine cannot run. bare_layers: for a layer at a time; nothing
// but a batch norm is fused into a layer, and layer_points are told.
Plan make_plan(const Network& network, std::int64_t batch, Type type, bool bare_layers = false);

// The layer as the quantise kernel sees it; first_block is still to be set. trained: [outputs, inputs, height, width];
// out: [places()] of the layer's type; device (host in tests).
LayerTask task_for(const Layer& layer, const float* trained, void* out);

// The step that fills plan.input with the images of an item. shard, item: device (host in tests).
Normalise feed_for(const Plan& plan, const Network& network, const ShardView* shard, const std::int64_t* item);

// Gives every array of the step its memory: address(place) for each place that is not none.
template <typename Address>
Operation bind(const Plan& plan, const Step& step, Address address) {
  Operation op = step.op;
  std::visit(
      [&](auto& o) {
        for (std::size_t k = 0; k < step.in.size(); ++k) {
          if (step.in[k].kind == Place::Kind::none) continue;
          o.in[k] = In{address(step.in[k]), plan.type_of(step.in[k])};
        }
      },
      op);
  return op;
}

}  // namespace vbq::cuda
