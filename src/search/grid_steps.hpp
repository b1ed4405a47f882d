// Steps in spaces of positive genes that are worth changing by factors (a grid's step and rate), and what is learned
// there from all candidates that were ever told. Numbers of a step are natural logarithms of factors, in units of the
// space's log_spread: [chromosomes * genes], chromosome by chromosome.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/random.hpp"
#include "search/gene_space.hpp"
#include "search/search.hpp"

namespace vbq {

// Whether response surfaces can be fitted over all genes of the space: what that costs is the cube of their number.
bool surfaces_suit(const GeneSpace& space);

// Repaired to the space. numbers: one for each gene.
Genome moved(const GeneSpace& space, Genome genome, std::span<const double> numbers);

// What would move `from` to `to`.
std::vector<double> numbers_between(const GeneSpace& space, const Genome& from, const Genome& to);

// `middle` moved by normally distributed numbers, and by the same the other way.
std::array<Genome, 2> mirrored_pair(const GeneSpace& space, const Genome& middle, Random& random);

// Chromosomes of two parents mixed; mostly, for some children have a mother only.
Genome mixed(const Genome& mother, const Genome& father, Random& random);
// Some chromosomes moved, one at least, so that it is never an unchanged copy.
Genome some_moved(const GeneSpace& space, Genome genome, Random& random);

// All genes in one row, as checkpoints hold them, and back. genes: [chromosomes * genes].
std::vector<double> genes_of(const Genome& genome);
Genome genome_of(const GeneSpace& space, std::span<const double> genes);

// Error where one of these, which a saved search was told, is none of the space.
void check_candidates(const GeneSpace& space, std::span<const Individual> told);

// Where the response surfaces of what was told, seen from `around`, have the least harm within the budget, not far from
// there; `around` itself where no surface can be fitted. told: fitness, which must be logarithmic, and bits, > 0.
// weights: how much each counts, > 0; empty: 1 each. budget: bits.
Genome least_harmful(const GeneSpace& space, std::span<const Individual> told, std::span<const double> weights,
                     const Genome& around, std::int64_t budget);

// What a bit more changes the harm by, over all that was told (least squares).
double price_of(std::span<const Individual> told);

// SearchMethod::foresight(), of surfaces around each generation's centre. told: all candidates in order, `first` in the
// first generation and `each` in every later one, which begins with its centre. Nothing before the second generation.
std::optional<double> foresight_of(const GeneSpace& space, std::span<const Individual> told, std::size_t first,
                                   std::size_t each);

}  // namespace vbq
