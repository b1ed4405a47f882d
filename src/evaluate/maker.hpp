// Maker: makes quantised networks of genomes: decodes, assigns, matches.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "assign/compensate.hpp"
#include "assign/compensated.hpp"
#include "assign/layer_pass.hpp"
#include "evaluate/problem.hpp"
#include "vbq/quantised_network.hpp"

namespace vbq {

class Maker {
 public:
  // Both arguments must outlive it.
  Maker(const Problem& problem, Engine& engine);

  // The problem's format is about to be another one: nothing is made until prepare().
  void forget_format();
  // For the problem's format as it is now. A pass that was prepared for another format serves again where this one
  // needs it alike.
  void prepare();

  // In the order of the genomes.
  std::vector<QuantisedNetwork> make(std::span<const Genome> genomes, Stage stage);

 private:
  // What a pass over the network depends on.
  struct OpenedFor {
    bool sequential = false, refit = false;
    std::int64_t images = 0;
    bool operator==(const OpenedFor&) const = default;
  };
  // Of one image, or of all that networks of this stage are made with. One at a time is kept.
  LayerPass& pass_of(Stage stage);

  const Problem& problem_;
  Engine& engine_;
  std::unique_ptr<Compensator> compensator_;  // null where there is no calibration
  LevelPrice price_ = LevelPrice::none;       // that it was made for
  std::optional<Decoder> decoder_;            // of the format, as the assigner
  std::optional<Assigner> assigner_;
  std::optional<LayerPass> pass_;  // where a format has needed one
  OpenedFor opened_for_;
};

}  // namespace vbq
