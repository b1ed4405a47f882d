// Engine: a network and a shard of images on one device.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vbq/calibration.hpp"
#include "vbq/dataset.hpp"
#include "vbq/format.hpp"
#include "vbq/network.hpp"
#include "vbq/tally.hpp"

namespace vbq {

enum class EngineKind { automatic, cuda, cpu, reference };
enum class Precision { fp32, tf32, fp16, bf16, best };

struct EngineOptions {
  EngineKind kind = EngineKind::automatic;
  Precision precision = Precision::fp32;
  int threads = 0;           // 0: as many as this process may use
  std::int64_t block = 100;  // images in a block; batches inside it are cut by a fixed rule of network and block
  int copies = 1;            // of the network, at most: see Engine::copies()
  // Among the workers of this host, who share its GPUs round robin.
  int host_worker = 0, host_workers = 1;
};

// What results may depend on; recorded in checkpoints and summary.json.
struct EngineInfo {
  std::string kind;       // "cpu", "reference", "cuda"
  std::string device;     // processor or GPU model
  std::string isa;        // instruction set or compute capability that the library chose, e.g. "avx512_core_vnni"
  std::string library;    // "oneDNN 2.6.3"
  std::string precision;  // "fp32"
  int threads = 1;        // never changes results
};

// Who gives the layers' weights their levels, one layer after another, while an engine passes through the network.
class LayerAssigner {
 public:
  // work(item) for each item 0..items-1, in any order, on several threads; returns when all are done.
  using Parallel = std::function<void(std::int64_t items, const std::function<void(std::int64_t item)>& work)>;

  virtual ~LayerAssigner() = default;
  // What the layer `node` sees of one image, [its input's shape] row-major. Called on several threads, each with images
  // of its own; of one layer at a time.
  virtual void see(int node, std::int64_t image, std::span<const float> x) = 0;
  // All images have been seen, through the network as trained.
  virtual void learn(int node, const Parallel& parallel) = 0;
  // All images have been seen, through the network with the layers before this one quantised: fills in layer.indices.
  virtual void assign(LayerFormat& layer, const Parallel& parallel) = 0;
};

// Weights start as trained. Not thread safe: one caller at a time.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual const EngineInfo& info() const = 0;

  // Replaces the images; the FP32 network is run over them when shard.with_divergence (whatever the weights are now).
  // Error when images do not fit the network's input or a label is not below the number of outputs.
  virtual void load(Shard shard) = 0;

  // Images of those loaded with with_divergence for which the network as trained gives an output that is not finite:
  // from those nothing can diverge. 0 without.
  virtual std::int64_t not_finite() = 0;

  // Copies of the network, each with weights of its own, that it runs at once, so that a device too large for one is
  // kept busy. Results do not depend on the copy.
  virtual int copies() const = 0;

  // Weights of the layers named become their quantised values; all others, as trained. Batch norm is folded afterwards.
  virtual void quantise(const NetworkFormat& formats, int copy) = 0;
  void quantise(const NetworkFormat& formats) { quantise(formats, 0); }
  // Copy 0 back to the weights as trained.
  void restore() { quantise({}, 0); }

  // Keeps what assign() needs. Error when a factor is not one of this network's, or a weight is not finite.
  virtual void prepare(std::shared_ptr<const Calibration> calibration) = 0;
  // Compensated assignment: the level of each weight of each layer, as assign_compensated() (assign/compensated.hpp)
  // gives them, to the bit. A layer may be there several times, in different formats. Error (internal) for a layer
  // without a factor.
  virtual std::vector<std::vector<std::uint8_t>> assign(std::span<const LayerFormat* const> layers) = 0;

  // Keeps these images for match(), and the moments that each layer's outputs have over them as trained (in the
  // precision of the engine, or FP32 where an assigner or their size leaves the pass to the host). Labels do not count.
  // assigner: kept and shown every layer with weights; nullptr for none.
  virtual void calibrate(Shard images, std::shared_ptr<LayerAssigner> assigner) = 0;
  // One pass over the calibration images under `formats`, layer after layer, each with the layers before it finished:
  // - With an assigner, a layer without indices is given them for the inputs that it sees now.
  // - With moments, gain and shift are filled in, so that every output channel of a quantised layer has over the images
  //   the mean and variance that it has as trained (moment matching); else they are emptied.
  // The weights that inference uses are left as they are. Error (internal) before calibrate().
  virtual NetworkFormat match(const NetworkFormat& formats, bool moments) = 0;

  // Begins inference of the shard's blocks first..first+count-1 by this copy, with its weights as they are; where it
  // can, it returns at once. finish() waits for the result, and comes before anything else is asked of the copy.
  virtual void start(std::int64_t first, std::int64_t count, int copy) = 0;
  virtual Tally finish(int copy) = 0;
  Tally tally(std::int64_t first, std::int64_t count) {
    start(first, count, 0);
    return finish(0);
  }

  // Raw outputs of copy 0. input: [images, input_shape...], already normalised; output: [images, output_shape...];
  // host, FP32.
  virtual void infer(std::span<const float> input, std::int64_t images, std::span<float> output) = 0;
};

// The only place with a backend #ifdef. automatic: the best engine that this machine has. Error when the kind asked for
// is not in this build or finds no device. The network is copied as far as needed.
std::unique_ptr<Engine> make_engine(const Network& network, const EngineOptions& options);

// Bytes on the host that an engine of these options takes, before any image is loaded: the network's weights in all
// copies, and the activations of its threads. pass_images: images given to calibrate(), 0 for none; with_assigner: and
// an assigner. An estimate, of the large parts; of engine cuda the host's part alone.
std::int64_t engine_bytes(const Network& network, const EngineOptions& options, std::int64_t pass_images,
                          bool with_assigner);

}  // namespace vbq
