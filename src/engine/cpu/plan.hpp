// A network compiled for one batch size: steps, and where their data lies. Shared by all lanes, read-only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/cpu/layout.hpp"
#include "engine/cpu/onednn_api.hpp"
#include "engine/cpu/winograd.hpp"
#include "vbq/format.hpp"
#include "vbq/network.hpp"

namespace vbq::cpu {

// Memory aligned for the widest vectors; zeroed.
class Buffer {
 public:
  explicit Buffer(std::size_t bytes = 0);
  std::byte* bytes() const { return data_.get(); }
  float* floats() const { return reinterpret_cast<float*>(data_.get()); }

 private:
  struct Free {
    void operator()(std::byte* p) const;
  };
  std::unique_ptr<std::byte, Free> data_;
};

// Where an array lies: `offset` bytes into a slot of a lane's, or in memory shared by all lanes.
struct Place {
  int slot = -1;
  std::size_t offset = 0;
  void* shared = nullptr;
  bool operator==(const Place&) const = default;
};

struct Argument {
  int key;  // DNNL_ARG_...
  api::Desc md;
  Place place;
};
struct PrimitiveStep {
  dnnl::primitive primitive;
  std::vector<Argument> arguments;
};
// A loop of our own; the pointers are those of `places`, in order.
using Loop = std::function<void(std::span<float* const>)>;
struct LoopStep {
  Loop loop;
  std::vector<Place> places;
};
struct Step {
  std::string name;  // the node's, for messages
  std::variant<PrimitiveStep, LoopStep> action;
};

// Weights of one Conv or Linear as its primitive wants them. Written by set_layer(), shared by all
// lanes.
struct LayerMemory {
  int node = 0;                 // in Network::nodes
  std::vector<float> scale;     // [O]: of the batch norm folded into the weights; empty for none
  std::vector<float> shift;     // [O]: the same one's; empty for none
  std::vector<float> own_bias;  // [O]: as trained, before the batch norm
  float* bias = nullptr;        // [O]: what the primitive adds
  api::Desc plain;              // [O, ...] or [G, O / G, ...], row-major
  dnnl::memory weights;
  Buffer memory;
  dnnl::reorder reorder;             // plain -> weights
  std::optional<Winograd> winograd;  // then plain, weights and reorder are empty: memory is [36, C, O]
};

struct Plan {
  dnnl::engine engine;
  std::int64_t batch = 1;  // images
  std::vector<Step> steps;
  std::vector<LayerMemory> layers;  // ascending by node
  std::vector<Buffer> shared;       // biases and constants
  struct SlotPlace {
    bool scratch;  // nobody looks at it when the steps of a node are over: in a lane's scratch memory, else its arena
    std::size_t offset;
  };
  std::vector<SlotPlace> slots;
  std::size_t arena_bytes = 0, scratch_bytes = 0;  // of a lane
  Place input, output;                             // [batch, ...] row-major
  struct ByteRange {
    std::size_t first, count;
  };
  // Of a plan with bare layers: where each layer's inputs lie after steps[0..before-1] and its outputs after
  // steps[0..after-1]; ascending.
  struct LayerPoint {
    int node;
    std::size_t before, after;
    Place input, output;
    Layout input_layout, output_layout;  // of a Linear's output: the last axis is the channel
    // Of the arena, what steps[before..] look at; ascending, apart from each other.
    std::vector<ByteRange> live = {};
  };
  std::vector<LayerPoint> layer_points;
  std::byte* find(const Place& place, std::byte* arena, std::byte* scratch) const {
    if (place.shared != nullptr) return static_cast<std::byte*>(place.shared);
    const SlotPlace& slot = slots[static_cast<std::size_t>(place.slot)];
    return (slot.scratch ? scratch : arena) + slot.offset + place.offset;
  }
};

// Compiles the network for batches of this many images, weights as trained still to be written. To be called on a
// thread whose oneDNN uses one thread. Error (internal) naming the node that oneDNN refuses.
// bare_layers: for a LayerRunner; nothing but a batch norm is fused into a layer, and layer_points are told.
Plan make_plan(const Network& network, std::int64_t batch, bool bare_layers = false);

// Writes a layer's weights [O, ...] (row-major, host) and its bias where its primitive finds them. With s and t the
// folded batch norm's scale and shift, g and h the format's gain and shift (empty: 1 and 0), b its bias (empty: as
// trained): w[o, ...] * (s[o] g[o]) and (b[o] g[o] + h[o]) s[o] + t[o]. format: nullptr for none; its levels are not
// looked at. room: as many elements as weights, may be the weights themselves.
void set_layer(const LayerMemory& layer, dnnl::stream& stream, std::span<const float> weights,
               const LayerFormat* format, std::span<float> room);

}  // namespace vbq::cpu
