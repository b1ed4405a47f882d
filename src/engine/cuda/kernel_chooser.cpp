#include "engine/cuda/kernel_chooser.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <utility>

#include "core/check.hpp"
#include "core/log.hpp"
#include "engine/cuda/direct.hpp"

namespace vbq::cuda {
namespace {

constexpr std::size_t kMostScratch = std::size_t{512} << 20;  // bytes that a kernel of cuDNN may want

// Of one shape of convolution: so many kernels are measured at most, and after so long no further one.
constexpr int kMostKernels = 16;
constexpr double kMostSeconds = 0.4;
// None but the first that works may want more scratch memory: it would leave no room for further copies of the network.
constexpr std::size_t kMostMeasuredScratch = std::size_t{64} << 20;
// Not worth measuring well, and as good as the fastest: by how much slower.
constexpr double kHopeless = 3, kAsGood = 1.1;

// Of convolutions for which cuDNN offers the same, and which take the same time.
std::vector<std::int64_t> shape_of(const Convolution& op, Out y, bool fused) {
  std::vector<std::int64_t> shape{fused, op.clamped, op.in[1] ? 1 : 0, static_cast<std::int64_t>(y.type)};
  shape.insert(shape.end(), {op.groups, op.inner, std::isfinite(op.clamp.high)});
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

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

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
  if (direct && given && rule_.given[number] == kDirectChoice) return *direct;
  if (direct && !given && !rule_.tune) return *direct;
  for (const bool fused : {true, false}) {
    if (fused && !clamp_fits(op)) continue;
    ChosenKernel chosen = choose(op, y, fused);
    if (!std::holds_alternative<PlainKernel>(chosen)) return chosen;
  }
  if (!given) return PlainKernel();
  fail(
      "cuDNN {} does not offer kernel {} for '{}', which was chosen for it before: with the same GPU, cuDNN and "
      "precision it would",
      handle_.api().version(), rule_.given[number].front(), name);
}

ChosenKernel KernelChooser::choose(const Convolution& op, Out y, bool fused) {
  std::optional<Offer> offer;
  if (!rule_.given.empty()) {
    offer = offers(op, y, fused).find(rule_.given[next_ - 1]);
  } else if (rule_.tune) {
    return fastest(op, y, fused);
  } else {
    offer = offers(op, y, fused).next();
  }
  if (!offer) return PlainKernel();
  return ConvolutionPlan(handle_.api(), *std::move(offer), fused);
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
ChosenKernel KernelChooser::fastest(const Convolution& op, Out y, bool fused) {
  const auto [known, is_new] = measured_.try_emplace(shape_of(op, y, fused));
  Measured& measured = known->second;
  ChosenKernel chosen;
  if (is_new) {
    chosen = measure(op, y, fused, measured);
  } else if (measured.choice == kDirectChoice) {
    chosen = *direct_of(op, y);
  } else if (std::optional<Offer> offer = offers(op, y, fused).find(measured.choice)) {
    chosen.emplace<ConvolutionPlan>(handle_.api(), *std::move(offer), fused);
  }
  first_ += measured.first;
  least_ += measured.least;
  return chosen;
}

// One that fails, or for which there is no memory, is passed over where there is another: cuDNN is not always right
// about what will work.
ChosenKernel KernelChooser::measure(const Convolution& op, Out y, bool fused, Measured& measured) {
  const auto start = std::chrono::steady_clock::now();
  Offers all = offers(op, y, fused);
  std::vector<std::pair<double, ConvolutionPlan>> plans;
  double least = std::numeric_limits<double>::infinity();
  std::exception_ptr failure;
  for (int i = 0; i < kMostKernels && (plans.empty() || seconds_since(start) < kMostSeconds); ++i) {
    std::optional<Offer> offer = all.next();
    if (!offer) break;
    if (!plans.empty() && offer->workspace > kMostMeasuredScratch) continue;
    ConvolutionPlan plan(handle_.api(), *std::move(offer), fused);
    try {
      scratch_.reserve(std::max<std::size_t>(1, plan.workspace()));
      plan.place(op, y.data, scratch_.data());
      const double us = microseconds(
          stream_, [&] { plan.run(handle_); }, kHopeless * least);
      least = std::min(least, us);
      plans.emplace_back(us, std::move(plan));
    } catch (const Error& error) {
      failure = std::current_exception();
      log::debug("engine cuda: kernel {} of cuDNN is passed over: {}", plan.choice().front(), error.what());
    }
  }
  if (!plans.empty()) measured = {{}, plans.front().first, least};
  ChosenKernel own = measure_own(op, y, measured);
  seconds_ += seconds_since(start);
  if (std::holds_alternative<Direct>(own)) return own;
  if (plans.empty() && failure) std::rethrow_exception(failure);
  for (auto& [us, plan] : plans) {
    if (us > kAsGood * least) continue;
    measured = {plan.choice(), plans.front().first, us};
    return std::move(plan);
  }
  return PlainKernel();
}

// Ours, where it is as good as cuDNN's fastest; choice as measured.
ChosenKernel KernelChooser::measure_own(const Convolution& op, Out y, Measured& measured) {
  const std::optional<Direct> direct = direct_of(op, y);
  if (!direct) return PlainKernel();
  const int processors_there = processors();
  const double us =
      microseconds(stream_, [&] { launch_direct(*direct, batch_, y.type, processors_there, stream_.get()); });
  log::debug("engine cuda: {} x {} x {} to {} channels: {:.1f} us, by cuDNN {:.1f} us", op.x.channels(), op.x.extent[1],
             op.x.extent[2], op.y.channels(), us, measured.least);
  if (measured.least > 0 && us > kAsGood * measured.least) return PlainKernel();
  measured = {kDirectChoice, measured.first > 0 ? measured.first : us, us};
  return *direct;
}

}  // namespace vbq::cuda
