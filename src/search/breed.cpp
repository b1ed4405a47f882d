#include "search/breed.hpp"

#include <cmath>
#include <utility>

#include "search/width_moves.hpp"

namespace vbq {

Child Breeder::child(const Genome& mother, const Genome& father, double size, Random& random) const {
  Child made{mother};
  if (random.uniform() < tuning_.crossover) {
    for (std::size_t c = 0; c < space_.chromosomes(); ++c) {
      if (random.below(2) == 0) made.genome.chromosomes[c] = father.chromosomes[c];
    }
  }
  if (moves_widths(random)) return with_other_widths(std::move(made), random);
  const double own = size * std::exp(tuning_.step_spread * random.normal());
  const std::size_t certain = random.below(space_.chromosomes());  // never an unchanged copy
  for (std::size_t c = 0; c < space_.chromosomes(); ++c) {
    if (random.uniform() < tuning_.moved || c == certain) moves_.move_one(made.genome.chromosomes[c], c, own, random);
  }
  if (random.uniform() < 0.1) moves_.stretch_all(made.genome, own, random);
  return made;
}

Child Breeder::near(const Genome& seed, double size, Random& random) const {
  Child copy{seed};
  if (moves_widths(random)) return with_other_widths(std::move(copy), random);
  for (std::size_t c = 0; c < space_.chromosomes(); ++c) {
    moves_.move_one(copy.genome.chromosomes[c], c, size, random);
  }
  return copy;
}

Child Breeder::with_other_widths(Child child, Random& random) const {
  const bool shares = !space_.prices().empty() && random.below(2) == 0;
  if (!shares || !share_out_anew(child.genome, space_, random)) move_widths(child.genome, space_, random);
  child.moved = Child::Moved::widths;
  return child;
}

}  // namespace vbq
