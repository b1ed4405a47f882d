// Maker: makes quantised networks of genomes: decodes, assigns, matches.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "assign/compensated.hpp"
#include "assign/layer_pass.hpp"
#include "evaluate/problem.hpp"
#include "vbq/quantised_network.hpp"

namespace vbq {

// A network as the search evaluates it, or as it is delivered: another one where matching is left to the end.
enum class Stage { evaluated, delivered };

class Maker {
 public:
  // Both arguments must outlive it.
  Maker(const Problem& problem, Engine& engine);

  // In the order of the genomes.
  std::vector<QuantisedNetwork> make(std::span<const Genome> genomes, Stage stage);

 private:
  void open_pass();

  const Problem& problem_;
  Engine& engine_;
  Decoder decoder_;
  std::unique_ptr<Compensator> compensator_;  // null where there is no calibration
  Assigner assigner_;
  std::optional<LayerPass> pass_;  // where the format needs one
};

}  // namespace vbq
