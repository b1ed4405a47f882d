// Maker: makes quantised networks of genomes: decodes, assigns, matches.
#pragma once

#include <span>
#include <vector>

#include "assign/compensated.hpp"
#include "evaluate/problem.hpp"
#include "vbq/quantised_network.hpp"

namespace vbq {

// A network as the search evaluates it, or as it is delivered: another one where matching is left to the end.
enum class Stage { evaluated, delivered };

class Maker {
 public:
  // Gives the engine what it needs: the calibration's factors, the images of a pass. Both arguments must outlive it.
  Maker(const Problem& problem, Engine& engine);

  // In the order of the genomes.
  std::vector<QuantisedNetwork> make(std::span<const Genome> genomes, Stage stage);

 private:
  void calibrate();

  const Problem& problem_;
  Engine& engine_;
  Decoder decoder_;
  Assigner assigner_;
};

}  // namespace vbq
