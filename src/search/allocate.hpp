// Which of its choices each layer takes, so that the harm of all together is least within a number of bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace vbq {

// What a choice costs: bits (>= 0), and harm in the units of tallies.
struct Priced {
  std::int64_t bits = 0, harm = 0;
};

struct Allocation {
  std::vector<std::size_t> choices;  // of each layer
  std::int64_t bits = 0, harm = 0;   // sums
  bool exact = true;                 // false: too many partial sums were in play (see kMostPartialSums)
};

// Partial sums that are kept at a layer: 2^20, 32 MiB a layer. Measured harms leave a few hundred.
inline constexpr std::size_t kMostPartialSums = std::size_t{1} << 20;

// The choices of least total harm among those whose bits are at most `budget` together, and of these the ones of least
// bits: a multiple-choice knapsack, solved exactly in integers. Layer after layer, of the partial sums those are kept
// that no other undercuts in both bits and harm (dynamic programming by lists, Nemhauser and Ullmann 1969), and that
// may still come to less than the best known whole: a bound that lets layers mix two choices (its linear relaxation,
// Sinha and Zoltners 1979) drops the others. None where not even the smallest choices fit. layers: at least one choice
// each; sums of bits and harm stay within 63 bits.
std::optional<Allocation> allocate(std::span<const std::vector<Priced>> layers, std::int64_t budget,
                                   std::size_t most_partial_sums = kMostPartialSums);

}  // namespace vbq
