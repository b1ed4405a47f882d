// What every operator must know of genes: how far they may reach, how close they stand, what makes a chromosome valid.
#pragma once

#include <cstddef>
#include <vector>

#include "core/random.hpp"
#include "search/search.hpp"
#include "vbq/genome.hpp"

namespace vbq {

class GeneSpace {
 public:
  // Error when the space is not one: no chromosomes or genes, seeds that do not fit, magnitudes that are not finite.
  explicit GeneSpace(SearchSpace space);

  std::size_t chromosomes() const { return static_cast<std::size_t>(space_.chromosomes); }
  std::size_t genes() const { return static_cast<std::size_t>(space_.genes); }
  // Whether each chromosome has its own number of genes, genes() at most; and what it may start from then.
  bool own_widths() const { return !space_.choices.empty(); }
  const std::vector<Chromosome>& choices(std::size_t c) const { return space_.choices[c]; }
  // What those cost; empty: not known.
  const std::vector<std::vector<Priced>>& prices() const { return space_.prices; }
  std::int64_t budget() const { return space_.budget; }  // bits; 0: none
  const std::vector<double>& log_spread() const { return space_.log_spread; }
  const std::optional<BitRange>& range() const { return space_.range; }
  const std::vector<std::int64_t>& sizes() const { return space_.sizes; }
  bool positive() const { return space_.positive; }
  const std::vector<Genome>& seeds() const { return space_.seeds; }
  const Genome* start() const { return space_.start.chromosomes.empty() ? nullptr : &space_.start; }

  // Largest magnitude of what chromosome c codes, or of its seeds where that is more; > 0.
  double magnitude(std::size_t c) const { return magnitude_[c]; }
  double lowest(std::size_t c) const;   // least gene that repair() leaves
  double highest(std::size_t c) const;  // greatest

  // Typical distance of each gene to its neighbours: the unit of a local step. > 0 even where genes coincide.
  std::vector<double> gaps(const Chromosome& genes, std::size_t c) const;

  // Cuts genes off at lowest and highest, and sorts them where the space asks for it.
  void repair(Chromosome& genes, std::size_t c) const;

  // Error naming what is wrong when the genome is not one of this space. `what` begins the sentence.
  void check(const Genome& genome, const char* what) const;

  // The first population of Nogami et al. (2018): each chromosome sorted uniforms times one U(0.1, 0.7), in units of
  // magnitude(c) (the paper's weights are of magnitude 1). With own_widths(), as many of them as one of the choices
  // has.
  Genome uniform_genome(Random& random) const;

 private:
  void check(const Chromosome& chromosome, const char* what) const;

  SearchSpace space_;
  std::vector<double> magnitude_;
};

}  // namespace vbq
