// Moves of genomes whose chromosomes each have a number of genes of their own.
#pragma once

#include "core/random.hpp"
#include "search/gene_space.hpp"
#include "vbq/genome.hpp"

namespace vbq {

// One chromosome, drawn, becomes its choice with the next more, or fewer, genes (no genes at all, FP32, is the most);
// mostly another one goes the other way, so that the size stays about the same. Up to three times. Of a space with
// own_widths(); the genome is another one afterwards, or, where moves undo each other, one with fresh genes.
void move_widths(Genome& genome, const GeneSpace& space, Random& random);

}  // namespace vbq
