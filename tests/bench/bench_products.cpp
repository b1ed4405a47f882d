// Sums of products by vbq and by oneDNN's dnnl_sgemm, in turn, on one thread, as ratios: what making (X'X of a layer's
// inputs) and Winograd's convolutions stand on.
//
//   bench_products [REPEATS]
//
// X'X: 4,096 positions of 144, 288 and 576 inputs, into doubles by vbq (its upper half) and into floats, whole, by
// oneDNN. Winograd: a chunk of tiles of 16, 64 and 256 channels, as engine cpu has them on AVX2. One line of CSV each:
// what, thousand million multiplications and additions a second by vbq (as if it did the whole square) and by oneDNN,
// ratio. Each is the best of REPEATS (15).
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <omp.h>
#include <dnnl.hpp>

#include "assign/input_moments.hpp"
#include "assign/patches.hpp"
#include "engine/cpu/winograd.hpp"

namespace vbq {
namespace {

// Numbers from the start of a cache line on, as engine cpu's memory is: elsewhere every other vector lies in two lines.
class Numbers {
 public:
  explicit Numbers(std::size_t count) : lines_((count + 15) / 16) {
    std::uint32_t state = 1;
    for (Line& line : lines_) {
      for (float& v : line.numbers) {
        state = state * 1664525 + 1013904223;
        v = static_cast<float>(state >> 8) / 8388608.0F - 1;
      }
    }
  }
  float* data() { return lines_.front().numbers; }

 private:
  struct alignas(64) Line {
    float numbers[16];
  };
  std::vector<Line> lines_;
};

double best_seconds(int repeats, const std::function<void()>& work) {
  double best = 1e30;
  for (int k = 0; k < repeats; ++k) {
    const auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

void compare(const std::string& what, double operations, int repeats, const std::function<void()>& ours,
             const std::function<void()>& theirs) {
  ours(), theirs();  // code is made and memory is there
  const double a = best_seconds(repeats, ours), b = best_seconds(repeats, theirs);
  fmt::print("{},{:.1f},{:.1f},{:.2f}\n", what, operations / a / 1e9, operations / b / 1e9, b / a);
}

void squares(std::int64_t n, int repeats) {
  constexpr std::int64_t kPositions = 4096;
  const auto count = static_cast<std::size_t>(kPositions * n);
  Numbers x(count);
  std::vector<double> sum(static_cast<std::size_t>(n * n));
  std::vector<float> single(sum.size());
  const ColumnRun run{0, 0, n};
  compare(
      fmt::format("X'X of {} inputs", n), 2.0 * kPositions * static_cast<double>(n * n), repeats,
      [&] {
        add_input_products({x.data(), count}, n, run, n, 0, static_cast<std::size_t>(n), sum);
      },
      [&] { dnnl_sgemm('T', 'N', n, n, kPositions, 1, x.data(), n, x.data(), n, 1, single.data(), n); });
}

void tiles(std::int64_t n, int repeats) {
  constexpr std::int64_t kRows = 84;
  cpu::Winograd w;
  w.width = 8, w.in_channels = w.out_channels = n;
  const auto matrices = static_cast<std::size_t>(cpu::kWinogradElements);
  const std::size_t left = static_cast<std::size_t>(kRows * n), right = static_cast<std::size_t>(n * n);
  const std::size_t room = matrices * static_cast<std::size_t>(w.matrix(kRows, n));
  Numbers v(room), u(matrices * right), m(room);
  compare(
      fmt::format("{} tiles of {} channels", kRows, n),
      2.0 * static_cast<double>(matrices * left) * static_cast<double>(n), repeats,
      [&] { cpu::winograd_products(w, kRows, kRows, v.data(), u.data(), m.data()); },
      [&] {
        for (std::size_t k = 0; k < matrices; ++k) {
          dnnl_sgemm('N', 'N', kRows, n, n, 1, v.data() + k * left, n, u.data() + k * right, n, 0, m.data() + k * left,
                     n);
        }
      });
}

}  // namespace
}  // namespace vbq

int main(int argc, char** argv) {
  const int repeats = argc > 1 ? std::max(1, std::atoi(argv[1])) : 15;
  omp_set_num_threads(1);
  fmt::print("what,vbq,oneDNN,ratio\n");
  for (const int n : {144, 288, 576}) vbq::squares(n, repeats);
  for (const int n : {16, 64, 256}) vbq::tiles(n, repeats);
  return 0;
}
