// Compensated assignment: each weight's rounding error is made up for by the weights of its row that are still to come.
// (Frantar, Singh, Alistarh: Optimal Brain Compression, arXiv 2208.11580; Frantar et al.: GPTQ, arXiv 2210.17323.)
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "vbq/calibration.hpp"
#include "vbq/format.hpp"
#include "vbq/network.hpp"

namespace vbq {

// Columns that compensate each other at most: above, a layer's columns are cut into runs of this many, which keeps H
// and its factor at 4096^2 numbers.
inline constexpr std::int64_t kFactorColumns = 4096;

// What the n inputs of one block feed back. h: [n, n] row-major, H = E[x x^T] (symmetric; the upper triangle is read),
// sums in double. Damped by 0.01 of the diagonal's mean; an H of zeros (dead inputs) counts as the identity, so that
// assignment is the nearest. columns: the n columns of [O, K] that h is of, in its order. solved: [m, n] row-major,
// becomes solved (H + damping)^-1. Error (internal) where h is not finite.
FactorBlock make_factor(std::vector<double> h, std::vector<std::int32_t> columns, std::int64_t first_row,
                        std::int64_t rows, std::span<double> solved = {});

// The level of each weight, [O * K]. weight: [O, ...] row-major, host, FP32. Columns outside every block, and rows too,
// take the nearest level. With W the weights, A the block's feedback and s a row's scale, block by block, column i by
// column (in order):
//   q[r, i] = s * codebook((W[r, i] + sum over earlier j of (W[r, j] - q[r, j]) A[j, i]) / s)
// which is the least d^T H d, d = W[r] - q[r], that the columns still to come could bring it to if they were not
// rounded. (The same as GPTQ's loop with U, H^-1 = U^T U, but no inverse is needed; Chee et al., QuIP,
// arXiv 2307.13304.) The arithmetic is the same to the bit on every instruction set: element-wise, in float, each
// product and sum one fused operation.
std::vector<std::uint8_t> assign_compensated(std::span<const float> weight, std::int64_t channels,
                                             const LayerFormat& format, const LayerFactor& factor);

// Rounds of rate-distortion assignment: each with the code lengths of the one before, the first with those of the
// nearest levels.
inline constexpr int kRateRounds = 2;

// Error when the factor is not one of a layer of these weights, or a weight is not finite.
void check_factor(std::span<const float> weight, std::int64_t channels, const LayerFactor& factor);

// Fills in LayerFormat::indices; remembers recent answers layer by layer, because a search moves a few layers at a
// time. Not thread safe.
class Assigner {
 public:
  // The level of each weight of each layer: Compensator::assign().
  using Work = std::function<std::vector<std::vector<std::uint8_t>>(std::span<const LayerFormat* const>)>;

  // Layers without a factor in the calibration are left alone; all are where it is nullptr. memory: bytes of levels
  // that are remembered; the oldest go first.
  Assigner(const Calibration* calibration, Work work, std::int64_t memory = std::int64_t{256} << 20);
  ~Assigner();
  Assigner(Assigner&&) noexcept;
  Assigner& operator=(Assigner&&) noexcept;

  // Layers that have a factor and no indices yet are assigned, those of all formats in one call of the work.
  void operator()(std::span<NetworkFormat> formats);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vbq
