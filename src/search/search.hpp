// Search methods: ask() gives genomes, tell() takes what came of them. No I/O, no MPI, no devices, no clocks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "search/allocate.hpp"
#include "vbq/genome.hpp"

namespace vbq {

enum class Method { genetic, random, annealing };
// nogami2018: the published recipe of Nogami et al. 2018. standard: ours. Both are in docs/method.md.
enum class Operators { standard, nogami2018 };

struct SearchOptions {
  Method method = Method::genetic;
  Operators operators = Operators::standard;
  int population = 50;  // individuals, >= 2
  std::uint64_t seed = 1;
  double mutation = 0.2;  // nogami2018: shares of newborns; mutation : crossover = 2 : 5
  double crossover = 0.5;
  double reproduction = 0.3;  // share of the population that survives
  bool surrogate = true;      // standard: whether newborns are led by response surfaces where these suit the space
};

// What a search makes better. fitness: larger is better; finite. See fitness.hpp for how a Tally gives it. bits: that
// the weights take, fewer are better. unpriced: the fitness, logarithmic, before anything was taken off it for bits.
// Bits and unpriced fitness are looked at by searches under a budget and for a front only.
struct Objectives {
  double fitness = 0;
  std::int64_t bits = 0;
  double unpriced = 0;
  bool operator==(const Objectives&) const = default;
};

struct Individual {
  Genome genome;
  double fitness = 0;
  std::int64_t bits = 0;  // 0 where nobody looks at them
  bool operator==(const Individual&) const = default;
};

// All that a resume needs. Random numbers are counter-based, so there is no generator state.
struct SearchState {
  int generation = 0;                  // generations told so far
  std::vector<Individual> population;  // best first
  Individual best;                     // best ever told
  std::vector<double> parameters;      // the method's own (step sizes, temperature); may be empty
  // Of NSGA-II: its front(). Of a search that learns from all: all that were told, in order, with their unpriced
  // fitness.
  std::vector<Individual> archive = {};
  bool operator==(const SearchState&) const = default;
};

inline constexpr int kForesightGenerations = 20;  // more would cost more than they tell

class SearchMethod {
 public:
  virtual ~SearchMethod() = default;
  // The genomes to evaluate next; the same ones until tell(). Individuals that survive unchanged are not asked again.
  virtual std::vector<Genome> ask() = 0;
  // Of each genome of the last ask(), same order. Ends a generation.
  virtual void tell(std::span<const Objectives> told) = 0;
  virtual const SearchState& state() const = 0;
  // True when the method has nothing left to try: asking further would change nothing.
  virtual bool finished() const = 0;
  // Goes on as if nothing had happened. Error when the state does not fit the options.
  virtual void restore(SearchState state) = 0;
  // Of a method that keeps the best of its population and the newborns together, and for which the others' ranks among
  // each other matter little: how many it keeps, the first ones of its population. 0: every candidate counts.
  virtual std::size_t survivors() const { return 0; }
  // Where a method steps around a point, that point, which may never have been evaluated: an average of many, so that
  // it is never merely lucky.
  virtual std::optional<Genome> centre() const { return std::nullopt; }
  // The same of a search for a front, which steps around several: of the one meant for networks of so many bits.
  virtual std::optional<Genome> centre_within(std::int64_t) const { return std::nullopt; }
  // Of a search for one best network that is led by response surfaces, how well these foretell: Spearman's rank
  // correlation, within a generation, of the harm at equal size that a surface of all that was told before gives its
  // genomes with what came of them; the mean of the last generations, up to kForesightGenerations.
  virtual std::optional<double> foresight() const { return std::nullopt; }
  // Of a search for a front: all that nothing undercuts, see front.hpp; ascending in bits. Until tell().
  virtual std::span<const Individual> front() const { return {}; }
};

// Sizes that are wanted, in bits: of a search for a front.
struct BitRange {
  std::int64_t least = 0, most = 0;  // least < most
};

// What a search method must know of the problem.
struct SearchSpace {
  int chromosomes = 1;
  int genes = 8;
  bool positive = false;       // genes must be > 0 (symmetric values, companded)
  bool sorted = true;          // genes ascend (all encodings but companded)
  double relative_gap = 0.25;  // where genes have no neighbours: what counts as the gap to one, in units of the gene
  // [genes]: natural logarithms by which genes are worth changing, of spaces of positive genes; empty: not known.
  std::vector<double> log_spread;
  std::vector<Genome> seeds;      // individuals to start from, best guesses first; generation 0 holds all of them
  Genome start;                   // annealing's first candidate; empty for other methods
  std::vector<double> magnitude;  // [chromosomes]: largest magnitude of the (scaled) weights that it codes
  // Where each chromosome has its own number of genes, 2 to `genes`, or none: [chromosomes][choices], what it may start
  // from at each number worth considering, ascending; the empty one last. Empty: `genes` in each.
  std::vector<std::vector<Chromosome>> choices;
  // What each of them costs with all other chromosomes empty: moves share out the budget. Empty: not known.
  std::vector<std::vector<Priced>> prices;
  std::int64_t budget = 0;  // bits that there are for all; 0: no budget
  // Instead of one best network, the best at every size in here; of Method::genetic with Operators::standard.
  std::optional<BitRange> range = {};
  std::vector<std::int64_t> sizes = {};  // inside the range: bits of the networks that are wanted most; may be empty
};

std::unique_ptr<SearchMethod> make_search(const SearchOptions& options, SearchSpace space);

}  // namespace vbq
