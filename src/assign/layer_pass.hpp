// A pass through a network, layer after layer, each with the layers before it finished: sequential assignment and
// moment matching.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "assign/moments.hpp"
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
  // All have been added: fills in layer.indices; a refit moves its levels and scales, too.
  virtual void assign(LayerFormat& layer, const Parallel& parallel) = 0;
};

class LayerPass {
 public:
  // Keeps the images (labels do not count), and runs the network as trained over them: the assigner (nullptr: none)
  // learns every layer with weights; moments of their outputs are kept. Without an assigner the engine may do all that
  // itself (Engine::pass()). network and engine outlive the pass. Error as LayerRunner::load(), or where moments as
  // trained are not finite.
  LayerPass(const Network& network, Engine& engine, Shard images, std::shared_ptr<LayerAssigner> assigner);
  // One that the engine does itself.
  LayerPass(const Network& network, Engine& engine, std::unique_ptr<DevicePass> own);

  // The network under `formats`, without gains and shifts. With an assigner, a layer without levels is given them, for
  // the inputs that it sees now.
  NetworkFormat assign(const NetworkFormat& formats);
  // The same with gain and shift, so that every output channel of a layer that is quantised has over the images the
  // mean and variance that it has as trained.
  NetworkFormat match(const NetworkFormat& formats);

 private:
  void learn();
  enum class Find { levels, levels_and_moments };
  NetworkFormat run(const NetworkFormat& formats, Find find);
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
};

}  // namespace vbq
