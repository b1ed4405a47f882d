// Which rows of a comparison are better than which, beyond chance.
#pragma once

#include <vector>

#include "report/comparison.hpp"
#include "report/conclusion.hpp"

namespace vbq {

// Of each group of rows, where there are several, and, last, of all rows. The best has the most right held-out images
// (of equal ones, the fewest bytes); the others are compared with it block by block, on the same images
// (paired_gain()). Rows that are no quantised network (number 0) stand aside; nothing where there are no others. rows:
// each with the tallies of its held-out blocks, which are the same images in every row.
std::vector<Conclusion> conclude(const std::vector<ComparedFormat>& rows);

}  // namespace vbq
