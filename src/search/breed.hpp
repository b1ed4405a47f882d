// Children, as our own searches make them: chromosomes of two good parents mixed, then a few of them moved.
#pragma once

#include "search/moves.hpp"
#include "search/standard.hpp"

namespace vbq {

struct Child {
  enum class Moved { genes, widths };
  Genome genome;
  Moved moved = Moved::genes;
};

class Breeder {
 public:
  Breeder(const GeneSpace& space, const StandardTuning& tuning) : space_(space), tuning_(tuning), moves_(space) {}

  // Each chromosome from either parent, or all from the mother; then some chromosomes moved, by about `size`, or, where
  // they may change in length, that instead. Never a copy of the mother.
  Child child(const Genome& mother, const Genome& father, double size, Random& random) const;

  // Of the first generation: one genome with every chromosome moved, or changed in length.
  Child near(const Genome& seed, double size, Random& random) const;

 private:
  bool moves_widths(Random& random) const { return space_.own_widths() && random.uniform() < tuning_.widths; }
  Child with_other_widths(Child child, Random& random) const;

  const GeneSpace& space_;
  StandardTuning tuning_;
  Moves moves_;
};

}  // namespace vbq
