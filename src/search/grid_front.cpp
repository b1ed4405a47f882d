// A front of sizes in one search where a chromosome is a few positive numbers (a grid's step and rate): what
// standard_grids.cpp does for one budget, for several at once. Each wanted size has its own centre, around which pairs
// of newborns lie, and which moves to where response surfaces have the least harm at that size. The surfaces of all
// sizes are fitted to all that was told, what is nearer in size counting more: so each size learns from its neighbours
// what it would have had to try itself. Other newborns are children of the front's networks.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "core/check.hpp"
#include "search/front.hpp"
#include "search/grid_steps.hpp"
#include "search/recipe.hpp"

namespace vbq {
namespace {

constexpr double kShareOfCentres = 0.05, kShareOfPairs = 0.85;  // of newborns; the others are children
constexpr double kNearSizes = 0.2;        // natural logarithm of a ratio of sizes at which one tells half of the other
constexpr double kLeastWeight = 0.01;     // what tells less than that is left out
constexpr std::uint64_t kNeighbours = 5;  // on the front, that a network has children with

class GridFront final : public SearchMethod {
 public:
  GridFront(const SearchOptions& options, SearchSpace space) : options_(options), space_(std::move(space)) {}

  std::vector<Genome> ask() override {
    if (asked_.empty()) asked_ = newborns();
    return asked_;
  }

  void tell(std::span<const Objectives> told) override {
    ask();
    check_told(told, asked_.size());
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      state_.archive.push_back({std::move(asked_[i]), told[i].fitness, told[i].bits});
      add_to_archive(front_, state_.archive.back(), *space_.range());
    }
    asked_.clear();
    state_.best = front_.empty() ? state_.archive.back() : front_.back();
    std::vector<double> centres;
    for (std::size_t k = 0; k < sizes().size(); ++k) {
      const std::vector<double> genes = genes_of(least_harmful_at(sizes()[k], centre_of(k)));
      centres.insert(centres.end(), genes.begin(), genes.end());
    }
    state_.parameters = std::move(centres);
    ++state_.generation;
  }

  const SearchState& state() const override { return state_; }
  std::span<const Individual> front() const override { return front_; }
  bool finished() const override { return false; }

  std::optional<Genome> centre_within(std::int64_t bits) const override {
    if (state_.generation == 0) return std::nullopt;
    const auto nearest =
        std::ranges::min_element(sizes(), {}, [&](std::int64_t size) { return std::abs(size - bits); });
    return centre_of(static_cast<std::size_t>(nearest - sizes().begin()));
  }

  void restore(SearchState state) override {
    std::vector<Individual> front;
    if (state.generation > 0) {
      check(state);
      for (const Individual& one : state.archive) add_to_archive(front, one, *space_.range());
    }
    state_ = state.generation > 0 ? std::move(state) : SearchState();
    front_ = std::move(front);
    asked_.clear();
  }

 private:
  const std::vector<std::int64_t>& sizes() const { return space_.sizes(); }

  std::vector<Genome> newborns() const {
    const auto count = static_cast<std::size_t>(options_.population);
    const auto generation = static_cast<std::size_t>(state_.generation);
    std::vector<Genome> genomes;
    std::size_t pairs = 0;
    if (generation == 0) {
      genomes = first_genomes(options_, space_);
      pairs = (count - genomes.size()) / 2;
    } else {
      const auto centres = std::max<std::size_t>(1, static_cast<std::size_t>(kShareOfCentres * options_.population));
      for (std::size_t i = 0; i < centres; ++i) genomes.push_back(centre_of(generation * centres + i));
      pairs = static_cast<std::size_t>(kShareOfPairs * options_.population / 2);
    }
    for (std::size_t k = 0; k < pairs; ++k) {
      Random random(options_.seed, static_cast<std::uint32_t>(generation), static_cast<std::uint32_t>(k),
                    Purpose::mutation);
      const Genome middle = centre_of(generation * pairs + k);
      for (Genome& one : mirrored_pair(space_, middle, random)) genomes.push_back(std::move(one));
    }
    genomes.resize(std::min(genomes.size(), count));
    while (genomes.size() < count) {
      Random random(options_.seed, static_cast<std::uint32_t>(generation), static_cast<std::uint32_t>(genomes.size()),
                    Purpose::crossover);
      genomes.push_back(child(random));
    }
    return genomes;
  }

  // Of size k, counted round and round; in generation 0 a seed.
  Genome centre_of(std::size_t k) const {
    if (state_.parameters.empty()) return space_.seeds()[k % space_.seeds().size()];
    const std::size_t genes = space_.chromosomes() * space_.genes();
    return genome_of(space_, std::span(state_.parameters).subspan(k % sizes().size() * genes, genes));
  }

  Genome least_harmful_at(std::int64_t size, Genome around) const {
    if (state_.generation == 0) around = nearest_and_best(size);
    std::vector<Individual> near;
    std::vector<double> weights;
    for (const Individual& one : state_.archive) {
      const double apart = std::log(static_cast<double>(one.bits) / static_cast<double>(size)) / kNearSizes;
      const double weight = std::exp2(-apart * apart);
      if (weight < kLeastWeight) continue;
      near.push_back(one);
      weights.push_back(weight);
    }
    return near.empty() ? around : least_harmful(space_, near, weights, around, size);
  }

  // Of the candidates that are near in size the best, should all of them be of this size; where none is, the nearest.
  Genome nearest_and_best(std::int64_t size) const {
    const double price = price_of(state_.archive);
    const auto rank = [&](const Individual& one) {
      const double apart = std::fabs(std::log(static_cast<double>(one.bits) / static_cast<double>(size)));
      const double harm = -one.fitness - price * static_cast<double>(one.bits - size);
      return apart > kNearSizes ? std::pair(true, apart) : std::pair(false, harm);
    };
    return std::ranges::min_element(state_.archive, {}, rank)->genome;
  }

  // A network of the front and one that is near it in size.
  Genome child(Random& random) const {
    if (front_.empty()) return some_moved(space_, space_.seeds().front(), random);
    const std::uint64_t mother = random.below(front_.size());
    const std::uint64_t first = mother - std::min(mother, kNeighbours / 2);
    const std::uint64_t father = std::min<std::uint64_t>(first + random.below(kNeighbours), front_.size() - 1);
    return some_moved(space_, mixed(front_[mother].genome, front_[father].genome, random), random);
  }

  void check(const SearchState& state) const {
    const std::size_t genes = space_.chromosomes() * space_.genes();
    if (state.parameters.size() != sizes().size() * genes) {
      fail(
          "a saved search for a front has {} parameters, expected {}: it was begun by an earlier vbq, which searched "
          "otherwise, so begin anew in another folder",
          state.parameters.size(), sizes().size() * genes);
    }
    if (state.archive.empty()) fail("a saved search for a front remembers no candidates");
    check_candidates(space_, state.archive);
    for (std::size_t k = 0; k < sizes().size(); ++k) {
      space_.check(genome_of(space_, std::span(state.parameters).subspan(k * genes, genes)),
                   "a centre of a saved search");
    }
  }

  SearchOptions options_;
  GeneSpace space_;
  SearchState state_;
  std::vector<Individual> front_;  // of the archive
  std::vector<Genome> asked_;
};

}  // namespace

std::unique_ptr<SearchMethod> grid_front(const SearchOptions& options, SearchSpace space) {
  return std::make_unique<GridFront>(options, std::move(space));
}

}  // namespace vbq
