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

// A few chromosomes, drawn, are freed, and what the others leave of the budget is shared out among them anew, each
// layer's harm taken for more or less than it was measured to be (it was measured alone): the best allocation of a
// part, by dynamic programming (a large neighbourhood search, Shaw 1998; SPDY, Frantar and Alistarh 2022, varies harms
// of all layers likewise). Chromosomes that keep their number of genes keep their genes. Whether the genome is another
// one now. On a front, what the genome takes itself, about, is the
// budget. Of a space with prices().
bool share_out_anew(Genome& genome, const GeneSpace& space, Random& random);

}  // namespace vbq
