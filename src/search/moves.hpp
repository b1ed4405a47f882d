// Moves: the directions in which codebooks are worth changing, and how far.
#pragma once

#include <span>
#include <vector>

#include "search/gene_space.hpp"

namespace vbq {

// A step is a list of standard normal numbers, one a move. Moves overlap on purpose: what trained networks want of a
// codebook is often a common stretch, a common shift, or a stretch of all codebooks alike, which single genes find
// late.
//   each gene by its own gap (of a shorter chromosome, its first) chromosomes * genes
//   each chromosome shifted by kShift of its mean gap         chromosomes
//   each chromosome stretched by kStretch   chromosomes
//   the whole genome stretched by kStretchAll                 1
class Moves {
 public:
  explicit Moves(const GeneSpace& space) : space_(space) {}

  std::size_t size() const { return space_.chromosomes() * (space_.genes() + 2) + 1; }

  // The genome after a step of `size` (a common factor) times `numbers`; repaired.
  Genome apply(const Genome& from, std::span<const double> numbers, double size) const;

  // One chromosome after one kind of move, drawn: mostly its genes each by its own, else shifted or stretched.
  void move_one(Chromosome& genes, std::size_t c, double size, Random& random) const;
  void stretch_all(Genome& genome, double size, Random& random) const;

 private:
  const GeneSpace& space_;
};

}  // namespace vbq
