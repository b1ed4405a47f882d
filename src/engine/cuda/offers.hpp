// The kernels that cuDNN offers for a convolution.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/cuda/convolution_graph.hpp"

namespace vbq::cuda {

// What arithmetic is allowed. Sums are in fp32 in all.
enum class Arithmetic { fp32, tf32, half };  // half: products of fp16 or bf16

// Names a kernel among all of cuDNN's: its number, and how its knobs are set (a type and a value each).
using KernelChoice = std::vector<std::int64_t>;

struct Offer {
  Descriptor plan;  // finished
  std::size_t workspace;
  KernelChoice choice;
  cudnnBackendHeurMode_t mode;  // of cuDNN's heuristics, and where in their order it stood
  std::int64_t place;
  std::vector<std::int64_t> numerical, behaviour;  // cuDNN's notes
};

// In the order of cuDNN's heuristics, without those that are not deterministic, do not keep to the arithmetic, need too
// much memory, or turn out not to work: by rule, so that every rank and every resume is offered the same.
class Offers {
 public:
  // Where cuDNN offers kernels; each kernel counts once.
  static constexpr cudnnBackendHeurMode_t kModes[] = {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK};

  // target outlives them. type, fused: as convolution_graph(). workspace: bytes, at most.
  Offers(const Target& target, const Convolution& op, std::int64_t batch, Type type, Arithmetic arithmetic, bool fused,
         std::size_t workspace, std::span<const cudnnBackendHeurMode_t> modes = kModes);

  // Nothing where there is no further one.
  std::optional<Offer> next() { return next(nullptr); }
  // The one of this choice, if it is still to come.
  std::optional<Offer> find(const KernelChoice& choice) { return next(&choice); }

 private:
  std::optional<Offer> next(const KernelChoice* wanted);

  Target target_;
  std::optional<Descriptor> graph_;
  Arithmetic arithmetic_;
  std::size_t workspace_;
  std::span<const cudnnBackendHeurMode_t> modes_;  // still to be asked; the first has given configurations_
  std::vector<Descriptor> configurations_;
  std::size_t place_ = 0;  // of the next
  std::vector<KernelChoice> seen_;
};

}  // namespace vbq::cuda
