#include "engine/cuda/kernel_chooser.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <utility>

#include "core/check.hpp"
#include "core/clock.hpp"
#include "core/log.hpp"
#include "engine/cuda/direct.hpp"
#include "engine/cuda/kernels.hpp"

namespace vbq::cuda {
namespace {

constexpr std::size_t kMostScratch = std::size_t{512} << 20;  // bytes that a kernel of cuDNN may want

// Of one shape of convolution: so many kernels are measured at most, and after so long no further one.
constexpr int kMostKernels = 16, kMostBare = 4;
constexpr double kMostSeconds = 0.4;
// None but the first that works may want more scratch memory: it would leave no room for further copies of the network.
constexpr std::size_t kMostMeasuredScratch = std::size_t{64} << 20;
// Not worth measuring well, and as good as the fastest: by how much slower.
constexpr double kHopeless = 3, kAsGood = 1.1;
// What one kernel would do is given to two only where they are faster by this: a time is never known well.
constexpr double kTwoKernels = 1.25;

// Of convolutions for which cuDNN offers the same, and which take the same time.
std::vector<std::int64_t> shape_of(const Convolution& op, Out y) {
  std::vector<std::int64_t> shape{op.clamped, op.in[1] ? 1 : 0, static_cast<std::int64_t>(y.type)};
  shape.insert(shape.end(), {op.groups, op.inner, std::isfinite(op.clamp.high), op.clamp.low == 0});
  for (const Layout* layout : {&op.x, &op.y}) {
    shape.insert(shape.end(), {layout->padded, layout->extent[1], layout->extent[2]});
    shape.insert(shape.end(), {layout->image, layout->stride[1], layout->stride[2]});  // a part of a larger array?
  }
  const Window& w = op.window;
  for (const auto* part : {&w.kernel, &w.stride, &w.dilation, &w.pad, &w.far}) {
    shape.insert(shape.end(), std::begin(*part), std::end(*part));
  }
  return shape;
}

// Of a kernel among cuDNN's.
std::int64_t number_of(const KernelChoice& choice) {
  return choice.size() > 1 && choice.front() == ConvolutionPlan::kBare ? choice[1] : choice.front();
}

// That cuDNN has nothing as fast, on an H100 and an H200 (docs/results.md).
bool sure(const Direct& direct) { return direct.octets <= 4 && direct.outputs <= 32; }

}  // namespace

bool tunes_in_environment() {
  const char* value = std::getenv("VBQ_CUDA_TUNE");
  return value == nullptr || value != std::string_view("0");
}

std::vector<std::int64_t> in_a_row(std::span<const KernelChoice> kernels) {
  std::vector<std::int64_t> numbers;
  for (const KernelChoice& choice : kernels) numbers.insert(numbers.end(), choice.begin(), choice.end());
  return numbers;
}

ChosenKernel KernelChooser::choose(const std::string& name, const Convolution& op, Out y) {
  const std::size_t number = next_++;
  const bool given = !rule_.given.empty();
  if (given && number >= rule_.given.size()) return PlainKernel();  // end() says so
  if (!groups_fit(op) || (given && rule_.given[number].empty())) return PlainKernel();
  const std::optional<Direct> direct = direct_of(op, y);
  if (!given && rule_.tune) return fastest(op, y);
  if (!given) return direct && sure(*direct) ? ChosenKernel(*direct) : first(op, y);
  const KernelChoice& choice = rule_.given[number];
  if (direct && choice == kDirectChoice) return *direct;
  if (std::optional<ConvolutionPlan> plan = offered(op, y, choice)) return *std::move(plan);
  fail(
      "cuDNN {} does not offer kernel {} for '{}', which was chosen for it before: with the same GPU, cuDNN and "
      "precision it would",
      handle_.api().version(), number_of(choice), name);
}

// In one kernel where that is offered.
ChosenKernel KernelChooser::first(const Convolution& op, Out y) const {
  for (const bool fused : {true, false}) {
    if (fused && !clamp_fits(op)) continue;
    if (std::optional<Offer> offer = offers(op, y, fused).next()) {
      return ConvolutionPlan(handle_.api(), *std::move(offer), fused);
    }
  }
  return PlainKernel();
}

std::optional<ConvolutionPlan> KernelChooser::offered(const Convolution& op, Out y, const KernelChoice& choice) const {
  const bool bare = choice.front() == ConvolutionPlan::kBare;
  if (!bare && !clamp_fits(op)) return std::nullopt;
  std::optional<Offer> offer =
      offers(op, y, !bare).find(bare ? KernelChoice(choice.begin() + 1, choice.end()) : choice);
  if (!offer) return std::nullopt;
  return ConvolutionPlan(handle_.api(), *std::move(offer), !bare);
}

void KernelChooser::end() const {
  if (!rule_.given.empty() && rule_.given.size() != next_) {
    fail("kernels were chosen for {} convolutions and linear layers, but the network has {}", rule_.given.size(),
         next_);
  }
  if (measured_.empty()) return;
  log::debug(
      "engine cuda: kernels of {} shapes measured in {:.2f} s: all convolutions of a batch in {:.0f} us, instead of "
      "{:.0f} us in the first that cuDNN names",
      measured_.size(), seconds_, least_, first_);
}

Offers KernelChooser::offers(const Convolution& op, Out y, bool fused) const {
  const bool outputs = y.type == Type::fp32 && arithmetic_ == Arithmetic::half;
  const Arithmetic arithmetic = outputs ? Arithmetic::tf32 : arithmetic_;
  return {Target{&handle_.api(), handle_.get()}, op, batch_, y.type, arithmetic, fused, kMostScratch};
}

// Measured once for all convolutions of this shape.
ChosenKernel KernelChooser::fastest(const Convolution& op, Out y) {
  const auto [known, is_new] = measured_.try_emplace(shape_of(op, y));
  Measured& measured = known->second;
  ChosenKernel chosen;
  if (is_new) {
    const auto start = std::chrono::steady_clock::now();
    chosen = measure(op, y, measured);
    seconds_ += seconds_since(start);
  } else if (measured.choice == kDirectChoice) {
    chosen = *direct_of(op, y);
  } else if (!measured.choice.empty()) {
    if (auto plan = offered(op, y, measured.choice)) chosen = *std::move(plan);
  }
  first_ += measured.first;
  least_ += measured.least;
  return chosen;
}

// Ours where it is as good as any of cuDNN's; of those, the first that is as good as the fastest.
ChosenKernel KernelChooser::measure(const Convolution& op, Out y, Measured& measured) {
  const double own = time_own(op, y);
  Timed timed;
  if (clamp_fits(op)) time_offers(op, y, true, timed);
  time_offers(op, y, false, timed);
  if (!timed.plans.empty()) measured.first = timed.plans.front().first;
  log::debug("engine cuda: {} x {} x {} to {} channels: {:.1f} us, by cuDNN {:.1f} us", op.x.channels(), op.x.extent[1],
             op.x.extent[2], op.y.channels(), own, timed.least);
  if (own < std::numeric_limits<double>::infinity() && own <= kAsGood * timed.least) {
    measured = {kDirectChoice, timed.plans.empty() ? own : measured.first, own};
    return *direct_of(op, y);
  }
  if (timed.plans.empty() && timed.failure) std::rethrow_exception(timed.failure);
  for (auto& [us, plan] : timed.plans) {
    if (us > kAsGood * timed.least) continue;
    measured = {plan.choice(), measured.first, us};
    return std::move(plan);
  }
  return PlainKernel();
}

// One that fails, or for which there is no memory, is passed over where there is another: cuDNN is not always right
// about what will work.
void KernelChooser::time_offers(const Convolution& op, Out y, bool fused, Timed& timed) {
  const auto start = std::chrono::steady_clock::now();
  Offers all = offers(op, y, fused);
  const Affine rest = after_bare(op, y);
  const bool second = !timed.plans.empty();  // to one kernel
  const int most = second ? kMostBare : kMostKernels;
  const double handicap = second ? kTwoKernels : 1;
  for (int i = 0; i < most && (timed.plans.empty() || seconds_since(start) < kMostSeconds); ++i) {
    std::optional<Offer> offer = all.next();
    if (!offer) break;
    if (!timed.plans.empty() && offer->workspace > kMostMeasuredScratch) continue;
    ConvolutionPlan plan(handle_.api(), *std::move(offer), fused);
    const auto run = [&] {
      plan.run(handle_);
      if (!fused) launch(rest, batch_, y, stream_.get());
    };
    try {
      scratch_.reserve(std::max<std::size_t>(1, plan.workspace()));
      plan.place(op, static_cast<std::byte*>(y.data) + op.y.first * bytes_of(y.type), scratch_.data());
      const double us = microseconds(stream_, run, kHopeless * timed.least) * handicap;
      timed.least = std::min(timed.least, us);
      timed.plans.emplace_back(us, std::move(plan));
    } catch (const Error& error) {
      timed.failure = std::current_exception();
      log::debug("engine cuda: kernel {} of cuDNN is passed over: {}", number_of(plan.choice()), error.what());
    }
  }
}

// Without end where the convolution is none of its kind.
double KernelChooser::time_own(const Convolution& op, Out y) const {
  const std::optional<Direct> direct = direct_of(op, y);
  if (!direct) return std::numeric_limits<double>::infinity();
  const int count = processors();
  return microseconds(stream_, [&] { launch_direct(*direct, batch_, y.type, count, stream_.get()); });
}

}  // namespace vbq::cuda
