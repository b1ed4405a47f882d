#include "search/width_moves.hpp"

#include <algorithm>
#include <cstddef>

namespace vbq {
namespace {

constexpr double kExchange = 2.0 / 3;  // share of moves in which a second chromosome goes the other way
constexpr std::uint64_t kMostMoves = 3;

enum class Direction { fewer, more };

Direction opposite(Direction direction) { return direction == Direction::more ? Direction::fewer : Direction::more; }

// Where among the choices, which ascend in length and end with the empty one, the chromosome after a step stands. A
// length between two choices counts as below the longer one. At an end the step goes the other way.
std::size_t place_after(const Chromosome& genes, const std::vector<Chromosome>& choices, Direction direction) {
  const std::size_t last = choices.size() - 1;
  std::size_t place = last;
  if (!genes.empty()) {
    place = 0;
    while (place < last && choices[place].size() < genes.size()) ++place;
  }
  const bool between = !genes.empty() && (place == last || choices[place].size() != genes.size());
  if (direction == Direction::more && between) return place;
  if (direction == Direction::more) return place < last ? place + 1 : last - 1;
  return place > 0 ? place - 1 : 1;
}

void step(Genome& genome, const GeneSpace& space, std::size_t c, Direction direction) {
  Chromosome& genes = genome.chromosomes[c];
  genes = space.choices(c)[place_after(genes, space.choices(c), direction)];
}

}  // namespace

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
