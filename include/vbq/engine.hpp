// Engine: a network and a shard of images on one device.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vbq/calibration.hpp"
#include "vbq/dataset.hpp"
#include "vbq/format.hpp"
#include "vbq/layer_runner.hpp"
#include "vbq/network.hpp"
#include "vbq/tally.hpp"

namespace vbq {

enum class EngineKind { automatic, cuda, cpu, reference };
enum class Precision { fp32, tf32, fp16, bf16, best };

// Which kernels of a library an engine's convolutions and linear layers run in: one entry each, in the library's own
// numbers.
using Kernels = std::vector<std::vector<std::int64_t>>;

struct EngineOptions {
  EngineKind kind = EngineKind::automatic;
  Precision precision = Precision::fp32;
  int threads = 0;           // 0: as many as this process may use
  std::int64_t block = 100;  // images in a block; batches inside it are cut by a fixed rule of network and block
  int copies = 1;            // of the network, at most: see Engine::copies()
  // Among the workers of this host, who share its GPUs round robin.
  int host_worker = 0, host_workers = 1;
  // Where a library offers several kernels, some are measured and the fastest taken; else the first by its own order.
  bool tune = true;
  Kernels kernels = {};  // if there are any: these, as Engine::kernels() gave them to an engine of the same network
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

// work(item) for each item 0..items-1, in any order, on several threads; returns when all are done.
using Parallel = std::function<void(std::int64_t items, const std::function<void(std::int64_t item)>& work)>;

// Compensated assignment (assign/compensated.hpp) under one calibration.
class Compensator {
 public:
  virtual ~Compensator() = default;
  // The level of each weight of each layer, as assign_compensated() gives them, to the bit. A layer may be there
  // several times, in different formats. Error (internal) for a layer without a factor.
  virtual std::vector<std::vector<std::uint8_t>> assign(std::span<const LayerFormat* const> layers) = 0;
};

// Where a pass's weights have their levels from: they come with them, or sequential assignment (assign/sequential.hpp)
// gives them to those that have none.
enum class PassLevels { given, sequential };

// A pass from layer to layer (assign/layer_pass.hpp) over the same images again and again.
class DevicePass {
 public:
  virtual ~DevicePass() = default;
  // As those of LayerPass, each network as if it were alone. No layer is refitted.
  virtual std::vector<NetworkFormat> assign(std::span<const NetworkFormat> networks) = 0;
  virtual std::vector<NetworkFormat> match(std::span<const NetworkFormat> networks) = 0;
};

// Weights start as trained. Not thread safe: one caller at a time.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual const EngineInfo& info() const = 0;
  // For other engines that are to give the same bits. Empty where there is no choice.
  virtual Kernels kernels() const { return {}; }

  // Replaces the images; the FP32 network is run over them when shard.with_divergence (whatever the weights are now),
  // unless shard.trained has what came of it before. Error when images do not fit the network's input or a label is not
  // below the number of outputs.
  virtual void load(Shard shard) = 0;

  // Of the images loaded with with_divergence, for a shard of the same images that is loaded again; null without.
  virtual TrainedOutputs trained_outputs() = 0;
  // The same of images loaded with tallies_trained; null without, where outputs came without tallies, and where the
  // engine's kind does not tell images apart.
  virtual TrainedTallies trained_tallies() { return nullptr; }

  // Copies of the network, each with weights of its own, that it runs at once, so that a device too large for one is
  // kept busy. Results do not depend on the copy.
  virtual int copies() const = 0;

  // Weights of the layers named, which all have their level, become their quantised values; all others, as trained.
  // Batch norm is folded afterwards.
  virtual void quantise(const NetworkFormat& formats, int copy) = 0;
  void quantise(const NetworkFormat& formats) { quantise(formats, 0); }
  // Copy 0 back to the weights as trained.
  void restore() { quantise({}, 0); }

  // Begins inference of the shard's blocks first..first+count-1 by this copy, with its weights as they are; where it
  // can, it returns at once. finish() waits for the result, and comes before anything else is asked of the copy.
  virtual void start(std::int64_t first, std::int64_t count, int copy) = 0;
  virtual Tally finish(int copy) = 0;
  // The same, a tally an image; not asked for where the engine's kind does not tell them apart.
  virtual std::vector<ImageTally> finish_images(int copy) { return {{finish(copy), kNoLabel}}; }
  Tally tally(std::int64_t first, std::int64_t count) {
    start(first, count, 0);
    return finish(0);
  }

  // Raw outputs of copy 0. input: [images, input_shape...], already normalised; output: [images, output_shape...];
  // host, FP32.
  virtual void infer(std::span<const float> input, std::int64_t images, std::span<float> output) = 0;

  // A runner over at most so many images at once; the engine's copies are left alone. The engine outlives it, and does
  // nothing else while it runs.
  virtual std::unique_ptr<LayerRunner> open(std::int64_t images) = 0;

  // What an engine may do better than the one way to do it, which is in the room `assign`.
  // On the engine's threads; in order where it has none.
  virtual void parallel(std::int64_t items, const std::function<void(std::int64_t item)>& work) {
    for (std::int64_t i = 0; i < items; ++i) work(i);
  }
  // On the engine's device, or nullptr. Error when a factor is not one of this network's, or a weight is not finite.
  // The engine outlives what it makes.
  virtual std::unique_ptr<Compensator> compensator(const std::shared_ptr<const Calibration>&) { return nullptr; }
  // The same for passes over these images. Error as LayerPass.
  virtual std::unique_ptr<DevicePass> pass(const Shard&, PassLevels) { return nullptr; }
};

// The only place with a backend #ifdef. automatic: the best engine that this machine has. Error when the kind asked for
// is not in this build or finds no device. The network is copied as far as needed.
std::unique_ptr<Engine> make_engine(const Network& network, const EngineOptions& options);

// Whether such an engine would measure kernels here: then others that are to give the same bits need its kernels().
bool measures_kernels(const EngineOptions& options);

// Whether an engine of this kind (EngineInfo::kind) gives a tally and a class an image.
bool tells_images(std::string_view kind);

// Networks that DevicePass, of an engine of this kind (EngineInfo::kind), takes through so many images at once, at
// most; 1 where it is to be had of none, so that they are made on the host, one after another.
std::int64_t passes_at_once(std::string_view kind, const Network& network, std::int64_t images);

// Bytes on the host that an engine of these options takes, before any image is loaded: the network's weights in all
// copies, and the activations of its threads. opened: images that a runner is opened for, 0 for none. An estimate, of
// the large parts; of engine cuda the host's part alone.
std::int64_t engine_bytes(const Network& network, const EngineOptions& options, std::int64_t opened);

}  // namespace vbq
