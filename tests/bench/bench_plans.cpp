// Every kernel that cuDNN offers for each convolution and linear layer of a network (of those with the same shape,
// once), how long it takes, and which one engine cuda takes unless it tunes: bench_plans NETWORK.onnx [--precision P]
// [--block B] [--plans N] [--seconds S] [--described A100|H100] A CSV line a kernel on stdout; # lines sum up. N
// kernels of each convolution at most, S seconds in all. --described: no GPU is needed, and nothing is measured.
// `differs`: from the first kernel's output, by its largest element.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "core/random.hpp"
#include "engine/cuda/convolution.hpp"
#include "engine/cuda/plan/plan.hpp"
#include "gpu/described.hpp"
#include "vbq/error.hpp"
#include "vbq/onnx.hpp"

namespace {

using namespace vbq;
using namespace vbq::cuda;

struct Arguments {
  std::string network, described;
  Type type = Type::fp32;
  Arithmetic arithmetic = Arithmetic::fp32;
  std::int64_t block = 100;
  int plans = 40;
  double seconds = 35;
};

Arguments parse(const std::vector<std::string>& words) {
  const std::map<std::string, std::pair<Type, Arithmetic>> precisions{{"fp32", {Type::fp32, Arithmetic::fp32}},
                                                                      {"tf32", {Type::fp32, Arithmetic::tf32}},
                                                                      {"fp16", {Type::fp16, Arithmetic::half}},
                                                                      {"bf16", {Type::bf16, Arithmetic::half}}};
  Arguments a;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto value = [&] { return i + 1 < words.size() ? words[++i] : throw Error(words[i] + " needs a value"); };
    if (words[i] == "--precision") {
      const auto found = precisions.find(value());
      if (found == precisions.end()) throw Error("precision is '" + words[i] + "', expected fp32, tf32, fp16 or bf16");
      std::tie(a.type, a.arithmetic) = found->second;
    } else if (words[i] == "--block") {
      a.block = std::stoll(value());
    } else if (words[i] == "--plans") {
      a.plans = std::stoi(value());
    } else if (words[i] == "--seconds") {
      a.seconds = std::stod(value());
    } else if (words[i] == "--described") {
      a.described = value();
    } else {
      a.network = words[i];
    }
  }
  if (a.network.empty() || (!a.described.empty() && a.described != "A100" && a.described != "H100")) {
    throw Error(
        "usage: bench_plans NETWORK.onnx [--precision P] [--block B] [--plans N] [--seconds S] "
        "[--described A100|H100]");
  }
  return a;
}

// One of the network's, and those of the same shape.
struct Case {
  Convolution op;
  Type type;
  Arithmetic arithmetic;
  int steps = 0;
};

std::string shape_of(const Convolution& op, Type type, bool fused) {
  const Window& w = op.window;
  return fmt::format("{}x{}x{}({})->{}x{}x{}({}) k{}x{} s{}x{} g{} {}{}{}{}", op.x.channels(), op.x.extent[1],
                     op.x.extent[2], op.x.padded, op.y.channels(), op.y.extent[1], op.y.extent[2], op.y.padded,
                     w.kernel[0], w.kernel[1], w.stride[0], w.stride[1], op.groups,
                     type == Type::fp32   ? "fp32"
                     : type == Type::fp16 ? "fp16"
                                          : "bf16",
                     op.in[1] ? " residual" : "", op.clamped ? " clamp" : "", fused ? "" : " bare");
}

// Arrays of a convolution, some numbers in them.
class Memory {
 public:
  Memory(const Stream& stream, const Convolution& op, Type type, std::int64_t batch) : stream_(stream), op_(op) {
    const auto weights = std::int64_t{op.y.padded} * op.window.kernel[0] * op.window.kernel[1] * op.inner;
    const std::int64_t y = op.y.image * batch;
    const std::int64_t counts[] = {op.x.image * batch, op.in[1] ? y : 0, weights, op.y.padded};
    for (int i = 0; i < kInputs; ++i) {
      inputs_[i] = fill(counts[i], type, i == 2 ? 1 / std::sqrt(static_cast<float>(weights / op.y.padded)) : 1);
      op_.in[i] = {counts[i] == 0 ? nullptr : inputs_[i].data(), type};
    }
    y_ = DeviceBuffer(static_cast<std::size_t>(y * bytes_of(type)));
    shown_.resize(static_cast<std::size_t>(std::min<std::int64_t>(y, 1 << 20) * bytes_of(type)));
    type_ = type;
  }

  const Convolution& op() const { return op_; }
  std::byte* y() { return y_.data(); }
  std::byte* scratch(std::size_t bytes) {
    scratch_.reserve(std::max<std::size_t>(1, bytes));
    return scratch_.data();
  }
  // Of what y holds from the first that was compared.
  double difference() {
    stream_.download(shown_.data(), y_.data(), shown_.size());
    stream_.synchronise();
    const In y{shown_.data(), type_};
    std::vector<float> values(shown_.size() / static_cast<std::size_t>(bytes_of(type_)));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = y[static_cast<std::int64_t>(i)];
    if (first_.empty()) first_ = values;
    double largest = 0, most = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      largest = std::max(largest, std::abs(double{first_[i]}));
      const double d = std::abs(double{values[i]} - first_[i]);
      most = std::isnan(d) ? INFINITY : std::max(most, d);
    }
    return most / std::max(largest, 1e-30);
  }

 private:
  DeviceBuffer fill(std::int64_t count, Type type, float scale) const {
    Random random(1, 0, 0, Purpose::test);
    std::vector<std::byte> host(static_cast<std::size_t>(count * bytes_of(type)));
    const Out out{host.data(), type};
    constexpr std::int64_t kPeriod = 65521;
    std::vector<float> values(kPeriod);
    for (float& v : values) v = scale * (static_cast<float>(random.below(2001)) / 1000 - 1);
    for (std::int64_t i = 0; i < count; ++i) out.store(i, values[static_cast<std::size_t>(i % kPeriod)]);
    DeviceBuffer buffer(host.size());
    stream_.upload(buffer.data(), host.data(), host.size());
    return buffer;
  }

  const Stream& stream_;
  Convolution op_;
  Type type_;
  DeviceBuffer inputs_[kInputs], y_, scratch_;
  std::vector<std::byte> shown_;
  std::vector<float> first_;
};

class Bench {
 public:
  explicit Bench(const Arguments& a) : a_(a), api_(Cudnn::load()) {
    if (a.described.empty()) {
      stream_.emplace();
      handle_.emplace(api_, *stream_);
      target_ = {api_.get(), handle_->get()};
    } else {
      const std::string text = a.described == "A100" ? test::a100() : test::h100();
      properties_.emplace(*api_, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
      properties_->set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, std::ssize(text), text.data());
      properties_->finalise();
      target_ = {api_.get(), nullptr, &*properties_};
    }
  }

  void run() {
    const Network network = read_onnx(a_.network);
    const cuda::Plan plan = make_plan(network, batch_of(network, a_.block), a_.type);
    batch_ = plan.batch;
    const auto cases = cases_of(plan);
    fmt::print("# cuDNN {}, {} images a batch\n", api_->version(), batch_);
    fmt::print("layer,steps,mode,place,engine,knobs,workspace,behaviour,numerical,seconds to plan,us,differs,taken\n");
    std::size_t left = cases.size();
    for (const auto& [shape, one] : cases) {
      const double now = seconds();
      one_case(shape, one, now + (a_.seconds - now) / static_cast<double>(left--));
    }
    fmt::print("# all convolutions of a batch: {:.1f} us as taken, {:.1f} us at best; {:.1f} s\n", taken_us_, best_us_,
               seconds());
  }

 private:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

  std::map<std::string, Case> cases_of(const cuda::Plan& plan) const {
    std::map<std::string, Case> cases;
    static std::byte something;
    for (const Step& step : plan.steps) {
      const Operation bound = bind(plan, step, [](const Place&) { return &something; });
      const auto* op = std::get_if<Convolution>(&bound);
      if (op == nullptr || !groups_fit(*op)) continue;
      const Type type = plan.type_of(step.out);
      const bool outputs = type == Type::fp32 && a_.arithmetic == Arithmetic::half;  // as the engine does
      Case& one = cases[shape_of(*op, type, clamp_fits(*op))];
      one = {*op, type, outputs ? Arithmetic::tf32 : a_.arithmetic, one.steps + 1};
    }
    return cases;
  }

  void one_case(const std::string& shape, const Case& one, double until) {
    std::optional<Memory> memory;
    if (stream_) memory.emplace(*stream_, one.op, one.type, batch_);
    const bool fused = clamp_fits(one.op);
    constexpr cudnnBackendHeurMode_t kAll[] = {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_B, CUDNN_HEUR_MODE_FALLBACK};
    constexpr std::size_t kMostScratch = std::size_t{512} << 20;
    Offers offers(target_, one.op, batch_, one.type, one.arithmetic, fused, kMostScratch, kAll);
    double taken = 0, best = INFINITY;
    for (int i = 0; i < a_.plans; ++i) {
      const double start = seconds();
      std::optional<Offer> offer = offers.next();
      if (!offer) break;
      const double planned = seconds() - start;
      ConvolutionPlan plan(*api_, *std::move(offer), fused);
      double us = NAN, differs = NAN;
      if (memory) {
        try {
          plan.place(memory->op(), memory->y(), memory->scratch(plan.workspace()));
          us = microseconds(*stream_, [&] { plan.run(*handle_); });
          differs = memory->difference();
        } catch (const Error& error) {
          fmt::print("# {}\n", error.what());
        }
      }
      if (i == 0) taken = us;
      best = std::fmin(best, us);
      print(shape, one, plan, planned, us, differs, i == 0);
      if (seconds() > until && i > 0) {
        fmt::print("# {}: no time for further ones\n", shape);
        break;
      }
    }
    fmt::print("# {}: {:.1f} us as taken, {:.1f} us at best, x{}\n", shape, taken, best, one.steps);
    taken_us_ += taken * one.steps;
    best_us_ += best * one.steps;
    std::fflush(stdout);
  }

  static void print(const std::string& shape, const Case& one, const ConvolutionPlan& plan, double planned, double us,
                    double differs, bool taken) {
    const Offer& offer = plan.offer();
    std::string knobs;
    for (std::size_t k = 1; k + 1 < offer.choice.size(); k += 2) {
      knobs += fmt::format("{}{}={}", k > 1 ? " " : "", offer.choice[k], offer.choice[k + 1]);
    }
    const auto names = [](const std::vector<std::int64_t>& notes, const std::vector<std::string>& known) {
      std::string text;
      for (const std::int64_t note : notes) {
        const bool is = note >= 0 && note < std::ssize(known);
        text += (text.empty() ? "" : " ") + (is ? known[static_cast<std::size_t>(note)] : std::to_string(note));
      }
      return text;
    };
    fmt::print("{},{},{},{},{},{},{},{},{},{:.3f},{:.2f},{:.1e},{}\n", shape, one.steps,
               offer.mode == CUDNN_HEUR_MODE_A   ? "A"
               : offer.mode == CUDNN_HEUR_MODE_B ? "B"
                                                 : "fallback",
               offer.place, offer.choice.front(), knobs, offer.workspace,
               names(offer.behaviour, {"compiled", "int8 filters", "int8 bias", "graph", "cublasLt"}),
               names(offer.numerical,
                     {"tensor", "down", "reduced", "fft", "varies", "winograd", "4x4", "6x6", "13x13", "nan"}),
               planned, us, differs, taken ? "taken" : "");
  }

  Arguments a_;
  std::shared_ptr<const Cudnn> api_;
  std::optional<Stream> stream_;
  std::optional<Handle> handle_;
  std::optional<Descriptor> properties_;
  Target target_{};
  std::int64_t batch_ = 1;
  double taken_us_ = 0, best_us_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

int main(int argc, char** argv) {
  try {
    Bench(parse({argv + 1, argv + argc})).run();
    return 0;
  } catch (const std::exception& e) {
    fmt::print(stderr, "bench_plans: {}\n", e.what());
    return 1;
  }
}
