// A pass through a network, layer after layer, each with the layers before it finished: sequential assignment and
// moment matching.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "assign/layer_target.hpp"
#include "assign/moments.hpp"
#include "assign/pass_memory.hpp"
#include "vbq/engine.hpp"
#include "vbq/network.hpp"

namespace vbq {

// Images first .. first + count - 1 of a pass's.
struct ImageRange {
  std::int64_t first, count;
};

// Who gives the layers' weights their levels on the way.
class LayerAssigner {
 public:
  virtual ~LayerAssigner() = default;
  // Images that it takes in together: of one layer, the pass shows it parts of so many, in order.
  virtual std::int64_t at_once(int node) const = 0;
  // What the layer `node` sees of one image. Called on several threads, each with images of its own; of one part at a
  // time.
  virtual void see(int node, std::int64_t image, const TapView& x) = 0;
  // These have been seen, through the network as trained.
  virtual void learn(int node, ImageRange seen, const Parallel& parallel) = 0;
  // These have been seen, through the network with the layers before this one quantised. Image 0 begins anew.
  virtual void add(int node, ImageRange seen, const Parallel& parallel) = 0;
  // All have been added: what levels are found by, of whatever format the layer is.
  virtual LayerTarget target(int node, const Parallel& parallel) = 0;
  // Fills in layer.indices; a refit moves its levels and scales, too.
  virtual void assign(const LayerTarget& target, LayerFormat& layer) const = 0;
  // Of a layer all of whose images have been added.
  void assign(LayerFormat& layer, const Parallel& parallel) { assign(target(layer.node, parallel), layer); }
};

class LayerPass {
 public:
  // Keeps the images (labels do not count), and runs the network as trained over them: the assigner (nullptr: none)
  // learns every layer with weights; moments of their outputs are kept. Without an assigner the engine may do all that
  // itself (Engine::pass()). network and engine outlive the pass. memory: bytes of what was found, and of activations,
  // that are kept for networks whose first layers are asked for again; of no influence on what is found, and nothing to
  // a pass of the engine's own. Error as LayerRunner::load(), or where moments as trained are not finite.
  LayerPass(const Network& network, Engine& engine, Shard images, std::shared_ptr<LayerAssigner> assigner,
            std::int64_t memory = 0);
  // One that the engine does itself.
  LayerPass(const Network& network, Engine& engine, std::unique_ptr<DevicePass> own);

  // The network under `formats`, without gains and shifts. With an assigner, a layer without levels is given them, for
  // the inputs that it sees now.
  NetworkFormat assign(const NetworkFormat& formats);
  std::vector<NetworkFormat> assign(std::span<const NetworkFormat> networks);
  // The same with gain and shift, so that every output channel of a layer that is quantised has over the images the
  // mean and variance that it has as trained.
  NetworkFormat match(const NetworkFormat& formats);
  std::vector<NetworkFormat> match(std::span<const NetworkFormat> networks);

  // Of all networks so far: their layers that were quantised, those of them that were known from others, layers
  // whose target alone was, and networks that did not begin with the images.
  struct Reuse {
    std::int64_t layers = 0, known = 0, targets = 0, networks = 0, resumed = 0;
  };
  const Reuse& reuse() const { return reuse_; }

 private:
  void learn();
  enum class Find { levels, levels_and_moments };
  struct Run;
  NetworkFormat run(const NetworkFormat& formats, Find find);
  // Gives the run's layer `at` all that is to be found, those before it having it.
  void make(Run& run, std::size_t at);
  LayerTarget find_target(int node);
  // Brings the runner to where the run's first `layers` layers are as they are to be: from the images, or from the last
  // state that is kept.
  void go_to(Run& run, std::size_t layers);
  void begin(Run& run, std::size_t layers);
  void keep_state(const Run& run, double seconds);
  // Its weights alone: gain and shift are apply()'s matter; unless it stays so, without these.
  void set(LayerFormat layer, bool as_it_stays = false);
  std::vector<NetworkFormat> run(std::span<const NetworkFormat> networks, Find find);
  // Shows the assigner what the layer sees, part by part; seen(part) after each.
  void show(int node, const std::function<void(ImageRange)>& seen);
  Moments measure(int node);
  void apply(const LayerFormat& layer);

  const Network& network_;
  Engine& engine_;
  std::int64_t images_ = 0;
  std::vector<int> layers_;
  std::shared_ptr<LayerAssigner> assigner_;
  std::unique_ptr<DevicePass> own_;
  std::unique_ptr<LayerRunner> runner_;  // null with a pass of the engine's own
  std::vector<Moments> trained_;         // of each of layers_
  std::set<int> set_;                    // layers whose weights are not as trained
  PassMemory memory_;
  Reuse reuse_;
};

}  // namespace vbq
