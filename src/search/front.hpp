// Fronts: of networks that are judged by two things, fitness (larger is better) and bits (fewer are better), those that
// no other undercuts in both.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "search/search.hpp"

namespace vbq {

// Which comes before which in NSGA-II (Deb et al., IEEE Trans. Evol. Comput. 6, 2002): by fronts, each of those that
// nothing of a later front dominates, and inside a front by crowding distance, the loneliest first (both objectives in
// units of the front's own extent; its ends are the loneliest). Of equals the first counts and dominates the others.
// What lies outside the range comes after all that lies in it, the less far the earlier (constraint domination).
std::vector<std::size_t> best_of_front_first(std::span<const Objectives> all, const BitRange& range);

// Number of each one's front, from 0: 0 is dominated by none.
std::vector<std::size_t> front_numbers(std::span<const Objectives> all, const BitRange& range);

// For each, how far apart its two neighbours are in its front: the sum over both objectives, in units of the front's
// extent; infinite at the front's ends.
std::vector<double> crowding_distances(std::span<const Objectives> all, std::span<const std::size_t> fronts);

// Takes one into an archive, which is ascending in bits and in fitness, and drops what it dominates. False: something
// there is no larger and no worse, or it lies outside the range.
bool add_to_archive(std::vector<Individual>& archive, const Individual& one, const BitRange& range);

// Of an archive: the mean over all sizes in the range of the fitness of the best that is no larger (0 where there is
// none, or less than 0). That is the hypervolume against fitness 0 at the range's end (Zitzler and Thiele 1999),
// divided by the range's width.
double hypervolume(std::span<const Individual> archive, const BitRange& range);

}  // namespace vbq
