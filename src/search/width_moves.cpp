#include "search/width_moves.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>
#include <vector>

#include "search/allocate.hpp"

namespace vbq {
namespace {

constexpr double kExchange = 2.0 / 3;  // share of moves in which a second chromosome goes the other way
constexpr std::uint64_t kMostMoves = 3;
constexpr std::size_t kLeastFreed = 2, kMostFreed = 8;  // chromosomes that are shared out anew
constexpr double kDoubt = 0.7;                          // of a layer's harm, in natural logarithms
constexpr double kOtherSize = 0.05;                     // of what a front's genomes share out, in logarithms
constexpr double kMostDoubt = 64;                       // a factor: harms leave room for it, see priced()

enum class Direction { fewer, more };

Direction opposite(Direction direction) { return direction == Direction::more ? Direction::fewer : Direction::more; }

// Where among the choices, which ascend in length and end with the empty one, a chromosome stands: at the first that
// is not shorter.
std::size_t place_of(const Chromosome& genes, const std::vector<Chromosome>& choices) {
  const std::size_t last = choices.size() - 1;
  if (genes.empty()) return last;
  std::size_t place = 0;
  while (place < last && choices[place].size() < genes.size()) ++place;
  return place;
}

// The same after a step. A length between two choices counts as below the longer one. At an end the step goes the other
// way.
std::size_t place_after(const Chromosome& genes, const std::vector<Chromosome>& choices, Direction direction) {
  const std::size_t last = choices.size() - 1, place = place_of(genes, choices);
  const bool between = !genes.empty() && (place == last || choices[place].size() != genes.size());
  if (direction == Direction::more && between) return place;
  if (direction == Direction::more) return place < last ? place + 1 : last - 1;
  return place > 0 ? place - 1 : 1;
}

void step(Genome& genome, const GeneSpace& space, std::size_t c, Direction direction) {
  Chromosome& genes = genome.chromosomes[c];
  genes = space.choices(c)[place_after(genes, space.choices(c), direction)];
}

// Some chromosomes, in a drawn order.
std::vector<std::size_t> freed(std::size_t count, Random& random) {
  std::vector<std::size_t> all(count);
  std::iota(all.begin(), all.end(), std::size_t{0});
  const std::size_t most = std::min(kMostFreed, count), least = std::min(kLeastFreed, count);
  const std::size_t chosen = least + random.below(most - least + 1);
  for (std::size_t i = 0; i < chosen; ++i) std::swap(all[i], all[i + random.below(count - i)]);
  all.resize(chosen);
  return all;
}

// A layer's prices with all harms times one factor.
std::vector<Priced> doubted(std::vector<Priced> prices, Random& random) {
  const double factor = std::min(std::exp(kDoubt * random.normal()), kMostDoubt);
  for (Priced& one : prices) one.harm = std::llround(factor * static_cast<double>(one.harm));
  return prices;
}

}  // namespace

bool share_out_anew(Genome& genome, const GeneSpace& space, Random& random) {
  std::vector<std::vector<Priced>> prices;
  std::int64_t taken = 0;
  for (std::size_t c = 0; c < space.chromosomes(); ++c) {
    taken += space.prices()[c][place_of(genome.chromosomes[c], space.choices(c))].bits;
  }
  // On a front every size is as good as another: about the genome's own.
  const auto own = [&] { return std::llround(static_cast<double>(taken) * std::exp(kOtherSize * random.normal())); };
  std::int64_t left = (space.range() ? own() : space.budget()) - taken;
  const std::vector<std::size_t> chosen = freed(space.chromosomes(), random);
  for (const std::size_t c : chosen) {
    left += space.prices()[c][place_of(genome.chromosomes[c], space.choices(c))].bits;
    prices.push_back(doubted(space.prices()[c], random));
  }
  const std::optional<Allocation> found = allocate(prices, left);
  if (!found) return false;
  bool moved = false;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    Chromosome& genes = genome.chromosomes[chosen[i]];
    const Chromosome& choice = space.choices(chosen[i])[found->choices[i]];
    if (genes.size() == choice.size()) continue;
    genes = choice;
    moved = true;
  }
  return moved;
}

void move_widths(Genome& genome, const GeneSpace& space, Random& random) {
  const std::size_t count = space.chromosomes();
  for (std::uint64_t moves = 1 + random.below(kMostMoves); moves > 0; --moves) {
    const std::size_t one = random.below(count);
    const Direction direction = random.below(2) == 0 ? Direction::fewer : Direction::more;
    step(genome, space, one, direction);
    if (count < 2 || random.uniform() >= kExchange) continue;
    const std::size_t other = (one + 1 + random.below(count - 1)) % count;
    step(genome, space, other, opposite(direction));
  }
}

}  // namespace vbq
