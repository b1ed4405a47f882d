// Counter-based random numbers (Random123's Philox 4x32, 10 rounds): a draw depends on its name alone, not on what was
// drawn before, so there is no hidden state to save and any rank can make any number.
#pragma once

#include <array>
#include <cstdint>

namespace vbq {

// What a stream is for; part of its name. Never renumber: results depend on it.
enum class Purpose : std::uint32_t {
  seeding = 1,
  selection = 2,
  mutation = 3,
  crossover = 4,
  split = 5,
  calibration = 6,
  annealing = 7,
  augmentation = 8,
  chance = 9,
  racing = 10,
  test = 99
};

// One stream of draws, named by (seed, generation, individual, purpose). Cheap to make and copy; 2^32 blocks of draws.
class Random {
 public:
  Random(std::uint64_t seed, std::uint32_t generation, std::uint32_t individual, Purpose purpose);

  std::uint32_t bits32();
  std::uint64_t bits64();
  double uniform();                          // [0, 1), 53 bits
  double uniform(double low, double high);   // [low, high)
  std::uint64_t below(std::uint64_t count);  // 0..count-1, unbiased; count >= 1
  double normal();                           // mean 0, variance 1 (Box-Muller)

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  unsigned used_ = 4;
};

}  // namespace vbq
