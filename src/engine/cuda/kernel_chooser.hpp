// Which kernel each convolution of a network gets: one of those that cuDNN offers, or one of ours.
#pragma once

#include <cstdint>
#include <exception>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/cuda/convolution.hpp"
#include "engine/cuda/plan/direct.hpp"

namespace vbq::cuda {

struct KernelRule {
  bool tune = false;                    // some are measured; else ours for tensor cores, or the first of Offers()
  std::span<const KernelChoice> given;  // if there are any: these, one for each convolution
};

// The choice of our kernel for tensor cores (no number of cuDNN's is negative). The plain one's is empty.
inline const KernelChoice kDirectChoice{-1};

struct PlainKernel {};
using ChosenKernel = std::variant<PlainKernel, Direct, ConvolutionPlan>;

// False where VBQ_CUDA_TUNE=0: engines then measure none, and take the first where none were given.
bool tunes_in_environment();

// Their numbers, one kernel after another.
std::vector<std::int64_t> in_a_row(std::span<const KernelChoice> kernels);

class KernelChooser {
 public:
  // The handle, whose work goes into the stream, and what was given outlive it.
  KernelChooser(KernelRule rule, Arithmetic arithmetic, std::int64_t batch, const Handle& handle, const Stream& stream)
      : rule_(rule), arithmetic_(arithmetic), batch_(batch), handle_(handle), stream_(stream) {}

  // For the next convolution of the network, with its arrays: all that follows it in one kernel, or the bare
  // convolution, or the plain one, where there is no other. What is measured writes y. Error (input) when the one that
  // was given is not offered.
  ChosenKernel choose(const std::string& name, const Convolution& op, Out y);
  // There is no further one. Error (input) when more were given.
  void end() const;

 private:
  // Of a shape of convolution.
  struct Measured {
    KernelChoice choice;
    double first = 0, least = 0;  // microseconds
  };
  struct Timed {
    std::vector<std::pair<double, ConvolutionPlan>> plans;  // microseconds, with what follows a bare convolution
    double least = std::numeric_limits<double>::infinity();
    std::exception_ptr failure;
  };
  Offers offers(const Convolution& op, Out y, bool fused) const;
  std::optional<ConvolutionPlan> offered(const Convolution& op, Out y, const KernelChoice& choice) const;
  ChosenKernel first(const Convolution& op, Out y) const;
  ChosenKernel fastest(const Convolution& op, Out y);
  ChosenKernel measure(const Convolution& op, Out y, Measured& measured);
  void time_offers(const Convolution& op, Out y, bool fused, Timed& timed);
  double time_own(const Convolution& op, Out y) const;

  KernelRule rule_;
  Arithmetic arithmetic_;
  std::int64_t batch_;
  const Handle& handle_;
  const Stream& stream_;
  std::size_t next_ = 0;  // number of convolutions so far
  std::map<std::vector<std::int64_t>, Measured> measured_;
  DeviceBuffer scratch_;
  double seconds_ = 0, first_ = 0, least_ = 0;  // to measure; microseconds of all convolutions
};

}  // namespace vbq::cuda
