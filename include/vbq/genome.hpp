// Genome: the genes of one individual, one chromosome per codebook.
#pragma once

#include <vector>

namespace vbq {

// Sorted real genes; what they mean is the encoding's matter.
using Chromosome = std::vector<double>;

struct Genome {
  std::vector<Chromosome> chromosomes;
  bool operator==(const Genome&) const = default;
};

}  // namespace vbq
